"""What a panel asks and shows: the scenario with the controls as they stand, its run, and both as HTML."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Final

from simulator.analysis import study as analysis
from simulator.analysis.compare import Difference, compare
from simulator.analysis.study import HEADLINE, Study
from simulator.analysis.verdict import CommodityVerdict
from simulator.api.controls import ON, Value
from simulator.experiment.blocks import Progress
from simulator.report.compare_text import points
from simulator.report.figures.fan import BY_MONTH, fan
from simulator.report.figures.style import figure_of, svg
from simulator.report.figures.subjects import heading, verdict_of
from simulator.report.page.status import status, undecided
from simulator.report.wording import frequency, spread
from simulator.scenario.loader import Scenario

KEPT: Final = 64
"""Runs of one commodity that a panel remembers."""
_SHOWN: Final = (
    ("china_exposed_share", "China-exposed, % of use"),
    ("china_dependent_share", "with withheld, % of use"),
    ("direct_china_share", "declared China, % of imports"),
    ("unmet_share", "unmet, % of demand"),
)
"""KPIs under the verdict."""
_LEFT: Final = "text-align:left"
_COMPACT: Final = "margin-left:-0.6em;border-spacing:0.6em 0.1em;line-height:1.3;white-space:nowrap;font-size:95%"


@dataclass(frozen=True, slots=True)
class Asked:
    """One what-if."""

    scenario: Scenario
    commodity: str
    replications: int
    seed: int

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What its numbers follow from."""
        return self.scenario.sha256, self.commodity, self.replications, self.seed


@dataclass(frozen=True, slots=True)
class Answer:
    """A what-if with the scenario it started from, on the same futures."""

    asked: Asked
    before: Study
    after: Study
    seconds: float
    """Time it took, of which nothing where both were remembered."""


class Runs:
    """Runs what is asked, once each: equal scenarios have equal digests, however they were clicked together."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, int, int], Study] = OrderedDict()

    def answer(self, before: Scenario, asked: Asked, progress: Progress) -> Answer:
        """Return the run asked for beside that of the scenario as it was loaded."""
        began = time.monotonic()
        reference = self._run(Asked(before, asked.commodity, asked.replications, asked.seed), progress)
        after = self._run(asked, progress)
        return Answer(asked, reference, after, time.monotonic() - began)

    def _run(self, asked: Asked, progress: Progress) -> Study:
        found = self._kept.get(asked.key)
        if found is None:
            found = analysis.run(
                asked.scenario,
                replications=asked.replications,
                seed=asked.seed,
                commodities=[asked.commodity],
                progress=progress,
            )
            self._kept[asked.key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(asked.key)
        return found


def changed(base: Scenario, settings: Mapping[tuple[str, str], Value]) -> Scenario:
    """Return the scenario with the settings of (event, field) laid over it; an event switched off cannot happen."""
    scenario = base
    off = {event for (event, field), value in settings.items() if field == ON and not value}
    for (event, field), value in settings.items():
        if field == ON:
            scenario = scenario.with_set(f"events.{event}.probability", 1.0 if value else 0.0)
        elif field != "probability" or event not in off:
            scenario = scenario.with_set(f"events.{event}.{field}", value)
    return scenario


def figure(answer: Answer, yardstick: str) -> str:
    """Return the fan chart as an SVG element that says in words what it shows."""
    shown = yardstick if yardstick in BY_MONTH else HEADLINE
    reference = answer.before if answer.before is not answer.after else None
    drawn = svg(figure_of(fan(answer.after, answer.asked.commodity, yardstick=shown, reference=reference)))
    item = verdict_of(answer.after, answer.asked.commodity)
    median = spread(item.kpis["china_dependent_share"]["deadline"])
    words = (
        f"{heading(item)}: share of use that reliance judges at the deadline, median and 90 % of futures, {median} %"
    )
    return drawn[drawn.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{escape(words)}" ', 1)


def verdict(answer: Answer, yardstick: str, full: int) -> str:
    """Return the verdict of a commodity in words and numbers, beside the scenario as it was loaded."""
    item = verdict_of(answer.after, answer.asked.commodity)
    before = verdict_of(answer.before, answer.asked.commodity)
    met = item.yardsticks[yardstick].probability
    badge = status(met)
    doubt = " (more futures could decide otherwise)" if undecided(met) else ""
    n = answer.after.replications
    what = f"Full run of {n:,} futures" if n >= full else f"Preview of {n:,} futures"
    deadline: date = answer.after.case.deadline
    stands = f"<strong>{badge.shape} {escape(heading(item))}: {badge.word}{doubt}.</strong>"
    lines = [f"<p>{stands} {escape(yardstick)} is met by {deadline} {escape(frequency(met))}.</p>"]
    changes: Mapping[str, Difference] = {}
    if answer.before is answer.after:
        lines.append("<p>Nothing is changed yet: this is the scenario as it was loaded.</p>")
    else:
        pair = compare(answer.before, answer.after)
        one = next(one for one in pair.commodities if one.commodity == item.commodity)
        changes = one.kpis
        lines.append(
            f"<p>As loaded: {escape(frequency(before.yardsticks[yardstick].probability))}. Change on the same futures: "
            f"<strong>{_change(one.yardsticks[yardstick])}</strong>.</p>"
        )
    lines.append(_numbers(before, item, changes))
    if yardstick not in BY_MONTH:
        lines.append(f"<p>{escape(yardstick)} is measured at the deadline only; the chart shows {HEADLINE}.</p>")
    lines.append(f"<p style='font-size:85%;opacity:0.8'>{what}, seed {answer.after.seed}, {_took(answer)}.</p>")
    return "".join(lines)


def _took(answer: Answer) -> str:
    return "remembered" if answer.seconds < 0.005 else f"{answer.seconds:.1f} s"


def _change(item: Difference) -> str:
    """Return a paired difference in points with its half-width; words where no future differs."""
    return f"{escape(points(item))} points" if item.differs else "none in any future"


def _numbers(before: CommodityVerdict, after: CommodityVerdict, changes: Mapping[str, Difference]) -> str:
    rows = "".join(
        f"<tr><th scope='row' style='{_LEFT}'>{label}</th>"
        f"<td>{escape(spread(before.kpis[name]['deadline']))}</td>"
        f"<td>{escape(spread(after.kpis[name]['deadline']))}</td>"
        f"<td>{_change(changes[name]) if name in changes else '–'}</td></tr>"
        for name, label in _SHOWN
    )
    titles = ("median (5-95 %) at the deadline", "as loaded", "what if", "mean change")
    head = "".join(f"<th scope='col' style='{_LEFT}'>{title}</th>" for title in titles)
    body = f"<table style={_COMPACT!r}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<div style='overflow-x:auto'>{body}</div>"
