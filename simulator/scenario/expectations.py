"""What a scenario expects of itself, in a form that can be checked: the direction of measures against another one."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, Strict, WithJsonSchema

from simulator.instruments.fields import STRICT, nearest, reject
from simulator.instruments.names import commodity_names

OVERALL: Final = "expected_met"
"""Measure of the whole scenario; every other one is of one commodity, such as ``unmet_share/antimony``."""
OF_COMMODITY: Final = (
    "met",
    "china_exposed_share",
    "china_dependent_share",
    "direct_china_share",
    "unmet_share",
    "days_of_cover",
    "price_index",
    "hhi",
)
"""``met`` is whether reliance is met; the rest are the reported figures over the 90 days before the deadline."""


def _measure(value: str) -> str:
    if value == OVERALL:
        return value
    metric, _, product = value.partition("/")
    if metric not in OF_COMMODITY:
        known = (OVERALL, *OF_COMMODITY)
        reject(value, f"is not a measure; known are {', '.join(known)}", nearest(metric, known))
    commodity = product.partition(":")[0]
    if commodity not in commodity_names():
        form = f"names no commodity; write {metric}/antimony, or {metric}/ree_light:permanent_magnet for an end product"
        reject(value, form, nearest(commodity, commodity_names()))
    return value


Measures = Annotated[
    tuple[Annotated[str, AfterValidator(_measure)], ...],
    Strict(False),
    WithJsonSchema({"type": "array", "items": {"type": "string"}}),
]
"""Measures by name: ``expected_met``, or a figure and a commodity."""


class Surprise(BaseModel):
    """A direction that the economics of the events say and the model does not show."""

    model_config = STRICT

    measure: Annotated[str, AfterValidator(_measure)]
    """Measure, as in the lists of directions."""
    expected: Literal["rises", "falls", "holds", "never_rises", "never_falls"]
    """What was expected of it before anything was run."""
    because: str
    """Why the model says otherwise, as far as it is known."""


class Expectations(BaseModel):
    """Directions that common sense expects, on the same random futures as another scenario's."""

    model_config = STRICT

    against: str
    """Scenario file compared with, relative to this file."""
    rises: Measures = ()
    """Measures whose mean rises: ``expected_met``, ``unmet_share/antimony``, ``met/gallium`` ..."""
    falls: Measures = ()
    """Measures whose mean falls."""
    holds: Measures = ()
    """Measures whose mean neither rises nor falls by more than chance alone would have it."""
    never_rises: Measures = ()
    """Measures whose mean does not rise by more than chance alone would have it."""
    never_falls: Measures = ()
    """Measures whose mean does not fall by more than chance alone would have it."""
    surprises: Annotated[tuple[Surprise, ...], Strict(False)] = ()
    """Directions written down with the others that do not hold: kept in sight, each with its reason."""
