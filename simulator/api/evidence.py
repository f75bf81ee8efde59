"""What the numbers behind a commodity rest on: every fact with its year, source and grade, assumptions apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any, Final, get_args

from simulator.analysis.frames import dataframe
from simulator.domain.chain import Chain
from simulator.domain.facts import Fact, Quality, UncertainInput
from simulator.errors import UsageError
from simulator.instruments.fields import nearest

SUMMIT: Final = date(2025, 11, 6)
"""Day of the question: projects are shown as known then."""


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """Facts and uncertain inputs of a commodity."""

    commodity: str
    chain: Chain
    facts: tuple[Fact, ...]
    inputs: tuple[UncertainInput, ...]

    @property
    def grade(self) -> str:
        """Grade of the data, A to C."""
        return self.chain.grade

    @property
    def grade_reason(self) -> str:
        """The four tests behind the grade, and which passed."""
        return self.chain.grade_reason

    @property
    def grades(self) -> dict[str, int]:
        """Quality (reported, estimated, derived, assumed) -> how many of the numbers have it."""
        return dict(Counter([*(item.quality for item in self.facts), *(item.quality for item in self.inputs)]))

    def __repr__(self) -> str:
        counts = ", ".join(f"{number} {quality}" for quality, number in sorted(self.grades.items()))
        return f"<Evidence on {self.commodity}: grade {self.grade}; {counts}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{escape(quality)}</th><td>{number}</td></tr>"
            for quality, number in sorted(self.grades.items())
        )
        return (
            f"<p><strong>{escape(self.chain.name)}: data grade {escape(self.grade)}.</strong> "
            f"{escape(self.grade_reason)}.</p><table><thead><tr><th>quality</th><th>numbers</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )

    def to_dataframe(self) -> Any:
        """Return one row per number: its value and range, unit, year, quality, source and note."""
        return dataframe(self._rows())

    def _rows(self) -> Iterator[dict[str, Any]]:
        for fact in self.facts:
            yield _row("fact", fact.name, fact.value, fact.low, fact.high, fact.year, fact)
        for item in self.inputs:
            yield _row("uncertain input", item.name, item.median, item.low, item.high, None, item)


def _row(
    kind: str,
    name: str,
    value: float,
    low: float | None,
    high: float | None,
    year: int | None,
    of: Fact | UncertainInput,
) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "value": value,
        "low": low,
        "high": high,
        "unit": of.unit,
        "year": year,
        "quality": of.quality,
        "source": of.source,
        "note": of.note,
    }


def evidence(commodity: str, *, as_of: date = SUMMIT) -> Evidence:
    """Return what the numbers behind a commodity rest on.

    Parameters
    ----------
    commodity
        Catalogue name.
    as_of
        Projects are those known on this day.

    Raises
    ------
    UsageError
        If it is not in the catalogue.

    Examples
    --------
    >>> antimony = evidence("antimony")
    >>> antimony.grade, {"reported", "assumed"} <= set(antimony.grades)
    ('B', True)
    """
    from simulator.catalogue.chains import chains
    from simulator.catalogue.inputs import inputs, roles
    from simulator.catalogue.projects import projects

    known = {chain.commodity: chain for chain in chains()}
    if commodity not in known:
        near = nearest(commodity, known)
        hint = f"did you mean {near!r}?" if near else f"known are {', '.join(known)}"
        raise UsageError(f"{commodity!r} is not in the catalogue; {hint}")
    chain = known[commodity]
    made = [project for project in projects(as_of) if project.commodity == commodity]
    wanted = set(roles(commodity).values())
    return Evidence(
        commodity=commodity,
        chain=chain,
        facts=(*chain.facts, *chain.government.facts, *(fact for project in made for fact in project.facts)),
        inputs=tuple(item for item in inputs() if item.name in wanted),
    )


def grades() -> Any:
    """Return one row per commodity of the catalogue: its grade, and how many of its numbers have which quality.

    Examples
    --------
    >>> grades().loc["gallium", ["grade", "headline"]].to_dict()
    {'grade': 'B', 'headline': True}
    """
    from simulator.catalogue.chains import chains

    found = [evidence(chain.commodity) for chain in chains()]
    rows = [
        {
            "commodity": item.commodity,
            "grade": item.grade,
            "headline": item.chain.headline,
            **{quality: item.grades.get(quality, 0) for quality in get_args(Quality)},
        }
        for item in found
    ]
    return dataframe(rows).set_index("commodity")
