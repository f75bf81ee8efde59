"""What two scenarios say differently, value by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

ABSENT = "-"
"""Shown where one of the two says nothing."""


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """One value that differs; None where a scenario does not say it."""

    path: str
    """Dotted, events and rules by id, as ``with_set`` takes it."""
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, repr=False)
class ScenarioDifference:
    """The values in which one scenario differs from another, in the order of the file."""

    before: str
    """Name of the first."""
    after: str
    """Name of the second."""
    changed: tuple[ChangedValue, ...]

    def __iter__(self) -> Iterator[ChangedValue]:
        return iter(self.changed)

    def __len__(self) -> int:
        return len(self.changed)

    def __str__(self) -> str:
        lines = [f"{item.path}: {shown(item.before)} -> {shown(item.after)}" for item in self.changed]
        return "\n".join(lines) if lines else "no value differs"

    def __repr__(self) -> str:
        return f"<{self._counted} of {self.after!r} from {self.before!r}>"

    @property
    def _counted(self) -> str:
        return "1 value differs" if len(self.changed) == 1 else f"{len(self.changed)} values differ"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'><code>{escape(item.path)}</code></th>"
            f"<td>{escape(shown(item.before))}</td><td>{escape(shown(item.after))}</td></tr>"
            for item in self.changed
        )
        head = f"<tr><th></th><th scope='col'>{escape(self.before)}</th><th scope='col'>{escape(self.after)}</th></tr>"
        body = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>" if rows else ""
        return f"<p>{self._counted}</p>{body}"


def difference(names: tuple[str, str], before: Mapping[str, Any], after: Mapping[str, Any]) -> ScenarioDifference:
    """Return what differs between the values of two scenarios by dotted path; what neither says is left out."""
    changed = tuple(
        ChangedValue(path, before.get(path), after.get(path))
        for path in {**before, **after}
        if before.get(path) != after.get(path)
    )
    return ScenarioDifference(*names, changed)


def shown(value: Any) -> str:
    """Return a value as the file would write it.

    >>> shown(None), shown(True), shown(0.5), shown("+12mo")
    ('-', 'true', '0.5', '+12mo')
    """
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
