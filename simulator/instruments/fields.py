"""What every model of the file format shares: its settings, and how a wrong value is named."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final, NoReturn

from pydantic import AfterValidator, ConfigDict
from pydantic_core import PydanticCustomError

STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)
"""Unknown keys, text for numbers, infinities and changes are refused; docstrings become the schema's descriptions."""


def reject(found: object, problem: str, near: str | None = None) -> NoReturn:
    """Raise the validation error for a wrong value: what was found, what is accepted, the nearest valid one."""
    shown = f"{found:g}" if isinstance(found, float) else repr(found)
    text = f"{shown} {problem}" + (f"; did you mean {near!r}?" if near else "")
    raise PydanticCustomError("rejected", "{text}", {"text": text})


_LONGEST_NAME: Final = 200


def nearest(word: object, known: Iterable[object], cutoff: float = 0.6) -> str | None:
    """Return the known name closest to ``word``, or None.

    >>> nearest("export_bann", ["export_ban", "outage"])
    'export_ban'
    """
    text = str(word)
    # What is longer than any name is no slip of the pen, and comparing it would take for ever.
    return None if len(text) > _LONGEST_NAME else _nearest(text, tuple(str(name) for name in known), cutoff)


@lru_cache(maxsize=4096)
def _nearest(word: str, known: tuple[str, ...], cutoff: float) -> str | None:
    names = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold(), names, n=1, cutoff=cutoff)
    return names[found[0]] if found else None


def as_list(value: Any) -> Any:
    """Take one word for a list of one."""
    return (value,) if isinstance(value, str) else value


def at_least_one(of: str = "") -> AfterValidator:
    """Refuse an empty list or mapping; ``of`` says what to name at least one of."""

    def some(value: Any) -> Any:
        if not value:
            reject([] if isinstance(value, tuple) else value, f"is empty; name at least one{of and ' '}{of}")
        return value

    return AfterValidator(some)
