"""The sections with figures, and the tables of their numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import numpy as np

from simulator.analysis.intervals import Estimate
from simulator.analysis.study import HEADLINE, Study
from simulator.analysis.verdict import CommodityVerdict
from simulator.report.explain_store import Explained
from simulator.report.figures.drivers import driver_data, drivers
from simulator.report.figures.flows import Band, flow_data, flows
from simulator.report.figures.months import month_data, months
from simulator.report.figures.subjects import short_name
from simulator.report.figures.survival import MOST, most_often_short, survival, survival_data
from simulator.report.page.attribution_part import attribution_blocks, attribution_table
from simulator.report.page.blocks import Block, Drawing, Paragraph, Section, Table
from simulator.report.page.exposure_part import exposure_blocks, exposure_tables
from simulator.report.page.status import ON_TRACK, status
from simulator.report.terminal import groups
from simulator.report.wording import chance

MOST_SHOWN: Final = 8
"""Commodities whose drivers and flows are drawn; the others' are a call away."""


def figure_sections(studies: Sequence[Study], explained: Explained | None = None) -> tuple[Section, ...]:
    """Return the sections on how things develop, run short, what drives them, and where tonnes come from.

    How they develop is told of every run, the rest of the first. What drives it is the attribution ``explained`` of
    the first run where there is one, otherwise what goes together with the result.
    """
    study = studies[0]
    chosen = _in_trouble(study)
    drivers = _drivers(study, chosen) if explained is None else _attribution(study, explained, chosen)
    return (
        Section("exposure", "How far use hangs on China", tuple(exposure_blocks(studies))),
        Section("shortages", "How long until use falls short", tuple(_shortages(study))),
        Section("drivers", "What drives the result", tuple(drivers)),
        Section("flows", "Where the tonnes come from", tuple(_flows(study, chosen))),
        Section("months", "When use falls short", tuple(_months(study))),
    )


def data_tables(studies: Sequence[Study], explained: Explained | None = None) -> tuple[Table, ...]:
    """Return the numbers behind the figures of ``figure_sections``, in their order."""
    study = studies[0]
    chosen = _in_trouble(study)
    return (
        *exposure_tables(studies),
        *(_driver_table(study, item) if explained is None else attribution_table(explained, item) for item in chosen),
        *(_flow_table(study, item) for item in chosen),
        _month_table(study),
    )


def _everything(study: Study) -> list[CommodityVerdict]:
    return [item for _, items in groups(study) for item in items]


def _in_trouble(study: Study) -> list[CommodityVerdict]:
    """Return the commodities to look into: those that are not on track, or where all are, the first ones."""
    everything = _everything(study)
    found = [item for item in everything if status(item.yardsticks[HEADLINE].probability) is not ON_TRACK]
    return (found or everything)[:MOST_SHOWN]


def _key(kind: str, item: CommodityVerdict) -> str:
    return f"{kind}-{item.commodity.replace(':', '-').replace('_', '-')}"


def _shortages(study: Study) -> Iterator[Block]:
    chosen = most_often_short(study)
    yield Paragraph(
        "A future is short from the first month at which more than the target's share of the last 90 days' demand went "
        "unmet; futures without a shortage are censored at the deadline. "
        + (f"Drawn are the {MOST} that most often fall short. " if len(_everything(study)) > MOST else "")
        + "Bands are pointwise 95 % intervals.",
        "small",
    )
    ends = [f"{short_name(item)} {chance(survival_data(study, item.commodity).surviving[-1])} %"
            for item in _everything(study) if item.commodity in chosen]  # fmt: skip
    yield Drawing(
        key="survival",
        title="Time to the first shortage",
        description=f"Survival curves. Futures without a shortage by the deadline: {'; '.join(ends)}.",
        draw=partial(survival, study, chosen),
        table="survival-data",
    )
    yield _survival_table(study)


def _survival_table(study: Study) -> Table:
    rows = []
    items = _everything(study)
    marks: list[int] = []
    for item in items:
        data = survival_data(study, item.commodity)
        last = len(data.months) - 1
        marks = sorted({*(int(np.abs(data.months - at).argmin()) for at in (0, 6, 12)), last})
        cells = [f"{chance(data.surviving[i])}; {data.at_risk[i]:,} of {study.counted.with_series:,}" for i in marks]
        rows.append((short_name(item), *cells))
    data = survival_data(study, items[0].commodity)
    return Table(
        key="survival-data",
        caption="No shortage so far, % of futures (95 % interval); number at risk",
        head=("commodity", *(f"month {data.months[i]:.0f}" for i in marks)),
        rows=tuple(rows),
    )


def _attribution(study: Study, explained: Explained, chosen: list[CommodityVerdict]) -> Iterator[Block]:
    yield from attribution_blocks(study, explained, chosen)
    if len(chosen) < len(_everything(study)):
        yield Paragraph("Shown are the commodities not on track; explain.json in the run directory has all.", "small")


def _drivers(study: Study, chosen: list[CommodityVerdict]) -> Iterator[Block]:
    yield Paragraph(
        "Spearman's rank correlation of each uncertain input and branch of the future with the China-exposed share at "
        "the deadline, over the run's own futures, with 95 % intervals. Bars inside the grey band are no further from "
        "zero than the largest of so many unrelated inputs would be. What goes together need not be a cause.",
        "small",
    )
    yield from _left_out(study, chosen, "drivers")
    for item in chosen:
        data = driver_data(study, item.commodity)
        told = "; ".join(f"{one.name} {_correlation(one.correlation, one.low, one.high)}" for one in data.drivers[:3])
        yield Drawing(
            key=_key("drivers", item),
            title=f"{item.name}: what moves the China-exposed share",
            description=f"Bar chart of rank correlations over {data.n:,} futures. {told or 'No future differs'}.",
            draw=partial(drivers, study, item.commodity),
            table=_key("drivers-data", item),
            css="half",
        )


def _driver_table(study: Study, item: CommodityVerdict) -> Table:
    data = driver_data(study, item.commodity)
    return Table(
        key=_key("drivers-data", item),
        caption=(
            f"{item.name}: rank correlation with the China-exposed share at the deadline, largest of {data.candidates} "
            f"candidates, {data.n:,} futures; noise up to {data.noise:.2f}"
        ),
        head=("input or branch", "correlation (95 % interval)", "above noise"),
        rows=tuple(
            (one.name, _correlation(one.correlation, one.low, one.high), "yes" if one.above_noise else "no")
            for one in data.drivers
        ),
    )


def _correlation(value: float, low: float, high: float) -> str:
    return f"{value:+.2f} ({low:+.2f} to {high:+.2f})".replace("-", "−")


def _flows(study: Study, chosen: list[CommodityVerdict]) -> Iterator[Block]:
    yield Paragraph(
        "What landed in the three months before, by declared origin, runs into the buyer's stock, where it mixes; out "
        "of it comes what was used over 90 days, by whether China worked it at any modelled stage, whatever origin was "
        "declared. Now and at the deadline on one scale of tonnes landed a year; shares are means over futures.",
        "small",
    )
    yield from _left_out(study, chosen, "flows")
    for item in chosen:
        exposed = flow_data(study, item.commodity).provenance[0]
        yield Drawing(
            key=_key("flows", item),
            title=f"{item.name}: origins and provenance, now and at the deadline",
            description=(
                f"Alluvial chart. China-exposed use, mean (95 % interval), percent: now {chance(exposed.now)}, at the "
                f"deadline {chance(exposed.deadline)}, {exposed.deadline.n:,} futures."
            ),
            draw=partial(flows, study, item.commodity),
            table=_key("flows-data", item),
            css="scrolled",
        )


def _flow_table(study: Study, item: CommodityVerdict) -> Table:
    data = flow_data(study, item.commodity)

    def row(band: Band) -> tuple[str, ...]:
        return (band.label, chance(band.now), f"{band.now.n:,}", chance(band.deadline), f"{band.deadline.n:,}")

    landed = tuple(_tonnes(item) for item in data.tonnes)
    return Table(
        key=_key("flows-data", item),
        caption=f"{item.name}: mean share (95 % interval), %, and futures behind it",
        head=("share", "now", "futures", "at the deadline", "futures"),
        rows=(
            *map(row, data.origins),
            ("all landings, t a year", landed[0], f"{data.tonnes[0].n:,}", landed[1], f"{data.tonnes[1].n:,}"),
            *map(row, data.provenance),
        ),
        groups=((0, "declared origin of landings"), (len(data.origins) + 1, "provenance of use")),
    )


def _tonnes(item: Estimate) -> str:
    if math.isnan(item.low):
        return "–"
    digits = max(0, 2 - math.floor(math.log10(max(abs(item.value), 1e-9))))
    return f"{item.value:,.{min(digits, 3)}f} ({item.low:,.{min(digits, 3)}f}-{item.high:,.{min(digits, 3)}f})"


def _months(study: Study) -> Iterator[Block]:
    yield Paragraph(
        "Share of futures that are short at the first day of each month, in percent: more than the target's share of "
        f"the last 90 days' demand went unmet. {study.counted.with_series:,} futures behind every cell.",
        "small",
    )
    data = month_data(study)
    cells = [
        (cell, name, day)
        for name, row in zip(data.commodities, data.short, strict=True)
        for cell, day in zip(row, data.days, strict=True)
    ]
    cell, name, day = max(cells, key=lambda item: item[0].value)
    when = f"{study.case.calendar_day(day):%B %Y}"
    told = f" Largest: {name.partition(':')[2] or name} in {when}, {chance(cell)}."
    yield Drawing(
        key="months-figure",
        title="P(shortage) by commodity and month",
        description=f"Heat map with numbers, percent of {study.counted.with_series:,} futures.{told}",
        draw=partial(months, study),
        table="months-data",
        css="scrolled",
    )


def _month_table(study: Study) -> Table:
    data = month_data(study)
    chosen = range(1, len(data.days), 3)
    return Table(
        key="months-data",
        caption=f"P(shortage), % (95 % interval), {study.counted.with_series:,} futures, by quarter",
        head=("commodity", *(f"{study.case.calendar_day(data.days[i]):%b %Y}" for i in chosen)),
        rows=tuple(
            ((name.partition(":")[2] or name).replace("_", " "), *(chance(row[i]) for i in chosen))
            for name, row in zip(data.commodities, data.short, strict=True)
        ),
    )


def _left_out(study: Study, chosen: list[CommodityVerdict], figure: str) -> Iterator[Block]:
    left = len(_everything(study)) - len(chosen)
    if left:
        yield Paragraph(
            f"Shown are {len(chosen)} commodities, those not on track first and at most {MOST_SHOWN}; for the others: "
            f'simulator.load(RUN_DIR).plot.{figure}("COMMODITY").',
            "small",
        )
