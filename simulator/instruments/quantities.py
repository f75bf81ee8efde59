"""Types of the fields that hold a day or a number, constant or drawn per replication."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from simulator.instruments.dates import WHEN_HELP, Offset, Period, iso_date
from simulator.instruments.distributions import (
    SHAPES,
    Choice,
    InputReference,
    Lognormal,
    Normal,
    Triangular,
    Uniform,
)
from simulator.instruments.fields import nearest, reject

_Random = (
    Annotated[Lognormal, Tag("lognormal")]
    | Annotated[Triangular, Tag("triangular")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[Normal, Tag("normal")]
    | Annotated[Choice, Tag("choice")]
)


def _check_mapping(value: Any, known: tuple[str, ...]) -> Any:
    """Refuse a mapping that is not exactly one known distribution, before the union looks at it."""
    if isinstance(value, dict):
        if len(value) != 1:
            reject(sorted(map(str, value)), f"is not one distribution; write one of {', '.join(known)}")
        key = next(iter(value))
        if key not in known:
            reject(key, f"is not a distribution; known are {', '.join(known)}", nearest(key, known))
    return value


def _tag(value: Any, plain: str) -> str:
    if isinstance(value, BaseModel):
        return next(iter(type(value).model_fields))
    return str(next(iter(value))) if isinstance(value, dict) else plain


def _number_tag(value: Any) -> str:
    return _tag(value, "number")


def _date_tag(value: Any) -> str:
    offset = isinstance(value, Offset) or (isinstance(value, str) and value.startswith("+"))
    return "offset" if offset else _tag(value, "date")


_IsoDay = Annotated[
    date,
    BeforeValidator(lambda value: iso_date(value, WHEN_HELP)),
    WithJsonSchema({"type": "string", "format": "date"}),
    Tag("date"),
]
DateSpec = Annotated[
    _IsoDay | Annotated[Period, Tag("offset")] | _Random,
    Discriminator(_date_tag),
    BeforeValidator(lambda value: _check_mapping(value, SHAPES)),
]
"""A day: ISO date, ``+18mo`` or ``+90d`` from the start, or a distribution of days from the start."""


class Within:
    """Check a number, or the ends of its distribution, against closed bounds."""

    def __init__(self, low: float, high: float, what: str) -> None:
        self.low, self.high, self.what = low, high, what

    def __call__(self, value: Any) -> Any:
        """Return the value, or reject it."""
        for end in (value, value) if isinstance(value, int | float) else value.range():
            if self.low <= end <= self.high or np.isinf(end):
                continue
            if np.isinf(self.high):
                reject(end, f"is not accepted; {self.what} is {self.low:g} or more")
            reject(end, f"is not accepted; {self.what} lies between {self.low:g} and {self.high:g}")
        return value


_KNOWN = (*SHAPES, "input")
_Reference = Annotated[InputReference, Tag("input")]
_Positive = Annotated[float, Field(json_schema_extra={"minimum": 0}), Tag("number")]
_Fraction = Annotated[float, Field(json_schema_extra={"minimum": 0, "maximum": 1}), Tag("number")]
_check = BeforeValidator(lambda value: _check_mapping(value, _KNOWN))

Share = Annotated[
    _Fraction | _Random | _Reference, Discriminator(_number_tag), _check, AfterValidator(Within(0.0, 1.0, "a share"))
]
"""A share or probability, 0 to 1, or its distribution."""

Amount = Annotated[
    _Positive | _Random | _Reference,
    Discriminator(_number_tag),
    _check,
    AfterValidator(Within(0.0, float("inf"), "an amount")),
]
"""A number of 0 or more in the unit of the field's name, or its distribution."""

Number = float | Lognormal | Triangular | Uniform | Normal | Choice | InputReference
"""What a checked ``Share`` or ``Amount`` holds."""
Day = date | Offset | Lognormal | Triangular | Uniform | Normal | Choice
"""What a checked ``DateSpec`` holds."""
FixedShare = Annotated[float, Field(ge=0, le=1)]
"""A share that is the same in every replication, 0 to 1."""
