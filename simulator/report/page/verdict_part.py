"""The first two sections: the verdict in a sentence, and how each commodity stands."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulator.analysis.intervals import quantile
from simulator.analysis.study import HEADLINE, Study
from simulator.analysis.verdict import CommodityVerdict
from simulator.report.figures.subjects import short_name
from simulator.report.figures.survival import SurvivalData, survival_data
from simulator.report.page.blocks import Badge, Block, Cell, Paragraph, Section, Table
from simulator.report.page.status import RULE, status, undecided
from simulator.report.terminal import definitions, groups, remarks, sentence
from simulator.report.wording import chance, spread


def verdict_section(studies: Sequence[Study]) -> Section:
    """Say how the target holds up, in frequencies of futures, for each run."""
    blocks: list[Block] = []
    for study in studies:
        if study.case.question:
            blocks.append(Paragraph(study.case.question, "question"))
        blocks.append(Paragraph(" ".join(sentence(study).split()), "lead"))
        blocks += [Paragraph(text) for text in remarks(study)]
    return Section("verdict", "Verdict", tuple(blocks))


def status_section(studies: Sequence[Study]) -> Section:
    """Say how each commodity stands at the deadline, with shape, word and colour."""
    blocks: list[Block] = [_status_table(study, i, several=len(studies) > 1) for i, study in enumerate(studies)]
    study = studies[0]
    blocks += [
        Paragraph(RULE, "small"),
        Paragraph(
            "P(met): probability under stated priors that the yardstick is met at the deadline, in percent of futures, with "
            "its 95 % confidence interval. China-exposed: median (5-95 % of futures) share of use over 90 days with China "
            "at any modelled stage, in percent; what Chinese controls withhold counts in the last of the three. First "
            "shortage: months until half of the futures have been short, with its 95 % interval; a dash where fewer are.",
            "small",
        ),
        *(Paragraph(f"Yardstick {text}.", "small") for text in definitions(study)),
    ]
    return Section("status", "Status by commodity", tuple(blocks))


def _status_table(study: Study, number: int, *, several: bool) -> Table:
    rows: list[tuple[Cell, ...]] = []
    headings: list[tuple[int, str]] = []
    for title, items in groups(study):
        if items:
            headings.append((len(rows), title))
            rows += [_row(study, item) for item in items]
    name = f"{study.case.name}: " if several else ""
    return Table(
        key=f"status-{number}",
        caption=f"{name}{study.replications:,} futures, deadline {study.case.deadline}",
        head=(
            "status",
            "commodity",
            "data grade",
            "P(met) reliance, %",
            "exposed now, %",
            "at the deadline, %",
            "with withheld, %",
            "first shortage, months",
            "never short, %",
            "binding stage",
        ),
        rows=tuple(rows),
        words=3,
        groups=tuple(headings),
    )


def _row(study: Study, item: CommodityVerdict) -> tuple[Cell, ...]:
    met = item.yardsticks[HEADLINE].probability
    exposed, data = item.kpis["china_exposed_share"], survival_data(study, item.commodity)
    badge = status(met)
    return (
        Badge(badge.shape, f"{badge.word}*", badge.css) if undecided(met) else badge,
        short_name(item),
        item.grade,
        chance(met),
        spread(exposed["start"]),
        spread(exposed["deadline"]),
        spread(item.kpis["china_dependent_share"]["deadline"]),
        median_shortage(data),
        chance(data.surviving[-1]),
        (item.binding_stage or "–").replace("_", " "),
    )


def median_shortage(data: SurvivalData) -> str:
    """Return the median months to the first shortage with its interval; a dash where most futures are never short."""
    if math.isinf(data.median):
        return "–"
    found = quantile(data.first, 0.5)
    high = "never" if math.isinf(found.high) else f"{found.high:.0f}"
    return f"{data.median:.0f} ({found.low:.0f}-{high})"
