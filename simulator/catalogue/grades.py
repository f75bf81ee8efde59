"""The data-adequacy grade of a commodity, by a written rule.

Four tests, each about one thing the verdict rests on:

1. *supply*: at the stage where consumption is judged, at least 80 % of output is attributed by rows
   that are not graded ``assumed``;
2. *consumption*: US consumption is published (reported or estimated by the source), neither withheld
   nor set equal to imports;
3. *origins*: the split of US imports by country is reported, not estimated from shipping records;
4. *reliance*: US net import reliance is published as a number, not as a bound.

Grade A passes all four, B two or three. Grade C passes at most one, or has a consumption figure graded
``assumed``: every yardstick divides by it. C stays outside the headline; uranium does too, whatever its
grade, because its adversaries and its market (services on owned material) differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.domain.chain import Grade

SUPPLY_SHARE: Final = 0.80
"""Share of output that must rest on evidence, the same bound as for modelling a stage at all."""
OUTSIDE_HEADLINE: Final = frozenset({"uranium"})


@dataclass(frozen=True, slots=True)
class Grading:
    """Grade of a commodity and how it came about."""

    grade: Grade
    headline: bool
    reason: str


def grade(
    commodity: str,
    *,
    evidence: float,
    consumption_quality: str,
    origins_quality: str,
    reliance_published: bool,
    buyer: str = "US",
) -> Grading:
    """Apply the rule of this module.

    Parameters
    ----------
    commodity
        Catalogue name.
    evidence
        Share of the verdict stage's output on rows not graded ``assumed``, 0 to 1.
    consumption_quality, origins_quality
        Quality of US consumption and of the import split at the verdict stage; ``none`` where there is none.
    reliance_published
        True where net import reliance is a number in the source.
    buyer
        The focal buyer, for the words of the reason.
    """
    tests = {
        f"{evidence:.0%} of output attributed by evidence": evidence >= SUPPLY_SHARE,
        f"{buyer} consumption {consumption_quality}": consumption_quality in {"reported", "estimated"},
        f"{buyer} import origins {origins_quality}": origins_quality == "reported",
        f"{buyer} import reliance " + ("published" if reliance_published else "not published as a number"): (
            reliance_published
        ),
    }
    passed = sum(tests.values())
    result: Grade = "A" if passed == len(tests) else "B"
    if passed <= 1 or consumption_quality == "assumed":
        result = "C"
    reason = "; ".join(f"{text} ({'pass' if ok else 'fail'})" for text, ok in tests.items())
    return Grading(result, result != "C" and commodity not in OUTSIDE_HEADLINE, reason)
