"""Results as a cell of a notebook shows them: a sentence and a table. Everything taken from outside is escaped.

Styles stand in the elements, since a notebook strips style sheets; colour follows the notebook's own theme.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from simulator.analysis.compare import CommodityDifference, Comparison
from simulator.analysis.study import HEADLINE, Study
from simulator.analysis.verdict import CommodityVerdict
from simulator.report.compare_text import points, sentences
from simulator.report.figures.style import BLUE, ORANGE, RED, source_line
from simulator.report.figures.subjects import short_name
from simulator.report.page.status import RULE, status, undecided
from simulator.report.terminal import groups, sentence
from simulator.report.wording import chance, percent, spread

_COLOURS: Final[Mapping[str, str]] = {"on-track": BLUE, "at-risk": ORANGE, "failing": RED}
_LEFT: Final = "text-align:left;white-space:nowrap"
_SMALL: Final = "font-size:85%;opacity:0.8;max-width:60em"


def study_html(study: Study) -> str:
    """Return the verdict in a sentence and how each commodity stands."""
    head = ("status", "commodity", "P(met), %", "exposed now, %", "at deadline, %", "with withheld, %", "unmet, %")
    rows: list[str] = []
    for title, items in groups(study):
        if items:
            rows.append(f"<tr><th colspan='9' scope='colgroup' style='{_LEFT}'>{escape(title)}</th></tr>")
            rows += [_row(item) for item in items]
    question = f"<p><em>{escape(study.case.question)}</em></p>" if study.case.question else ""
    return (
        f"{question}<p><strong>{escape(' '.join(sentence(study).split()))}</strong></p>"
        f"{_table((*head, 'binding stage', 'data'), rows)}"
        f"<p style='{_SMALL}'>P(met): probability under stated priors that {HEADLINE} is met at the deadline, in "
        f"percent of futures, with its 95 % interval. Shares: median (5-95 % of futures). {escape(RULE)} "
        f"{escape(source_line(study))}.</p>"
    )


def _row(item: CommodityVerdict) -> str:
    met, exposed = item.yardsticks[HEADLINE].probability, item.kpis["china_exposed_share"]
    badge = status(met)
    colour = _COLOURS.get(badge.css, "inherit")
    doubt = "*" if undecided(met) else ""
    numbers = (
        chance(met),
        spread(exposed["start"]),
        spread(exposed["deadline"]),
        spread(item.kpis["china_dependent_share"]["deadline"]),
        spread(item.kpis["unmet_share"]["deadline"]),
    )
    stage = (item.binding_stage or "–").replace("_", " ")
    return (
        f"<tr><td style='{_LEFT}'><span style='color:{colour}'>{badge.shape}</span> {badge.word}{doubt}</td>"
        f"<th scope='row' style='{_LEFT}'>{escape(short_name(item))}</th>{_cells(numbers)}"
        f"<td style='{_LEFT}'>{escape(stage)}</td><td>{escape(item.grade)}</td></tr>"
    )


def comparison_html(comparisons: Iterable[Comparison]) -> str:
    """Return what each of the other scenarios changes, in sentences and by commodity."""
    return "".join(_comparison(item) for item in comparisons)


def _comparison(item: Comparison) -> str:
    said = " ".join(" ".join(sentences(item)).split())
    differing = [one for one in (*item.commodities, *item.end_products) if one.differs]
    head = (
        "commodity", f"P(met {HEADLINE}), %", "change, points", "China-exposed, points", "with withheld, points",
        "unmet, points", "better in, % (tied)",
    )  # fmt: skip
    equal = [one.commodity for one in (*item.commodities, *item.end_products) if not one.differs]
    rest = f" Without any difference at the deadline: {', '.join(equal)}." if equal and differing else ""
    return (
        f"<p><strong>{escape(said)}</strong></p>"
        f"{_table(head, map(_difference, differing)) if differing else ''}"
        f"<p style='{_SMALL}'>Differences at the deadline in the same futures: mean and half-width of its 95 % "
        f"interval, = where no future differs. Better: futures in which the share that {HEADLINE} judges is lower, "
        f"ties counted half.{escape(rest)}</p>"
    )


def _difference(item: CommodityDifference) -> str:
    met, withheld = item.yardsticks[HEADLINE], item.kpis["china_dependent_share"]
    cells = (
        f"{percent(met.reference)} → {percent(met.other)}",
        points(met),
        points(item.kpis["china_exposed_share"]),
        points(withheld),
        points(item.kpis["unmet_share"]),
        f"{percent(withheld.improvement.value)} ({percent(withheld.tied)})",
    )
    name = (item.commodity.partition(":")[2] or item.commodity).replace("_", " ")
    return f"<tr><th scope='row' style='{_LEFT}'>{escape(name)}</th>{_cells(cells)}</tr>"


def text_html(text: str) -> str:
    """Return a text report as a notebook shows it."""
    return f"<pre style='white-space:pre;overflow-x:auto'>{escape(text)}</pre>"


def _cells(values: Iterable[str]) -> str:
    return "".join(f"<td style='text-align:right;white-space:nowrap'>{escape(value)}</td>" for value in values)


def _table(head: Iterable[str], rows: Iterable[str]) -> str:
    titles = "".join(f"<th scope='col' style='text-align:left'>{escape(title)}</th>" for title in head)
    return (
        "<div style='overflow-x:auto'><table>"
        f"<thead><tr>{titles}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
