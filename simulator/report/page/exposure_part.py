"""How far use hangs on China, month by month: a fan for every commodity, and for every run where there are several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from simulator.analysis.intervals import quantile
from simulator.analysis.study import Study
from simulator.analysis.verdict import CommodityVerdict
from simulator.report.figures.fan import fan, fan_data, fans
from simulator.report.figures.subjects import chain_of, verdict_of
from simulator.report.page.blocks import Block, Cell, Drawing, Paragraph, Table
from simulator.report.terminal import groups
from simulator.report.wording import chance, ends, spread


def exposure_blocks(studies: Sequence[Study]) -> Iterator[Block]:
    """Yield the fans: of the first run where the others do not differ from it, of all side by side where they do."""
    yield Paragraph(
        "Share of use over 90 days that China mined, refined or worked at any modelled stage, or that Chinese controls "
        "withhold: median, 50 % and 90 % of futures. The dotted line leaves out what is withheld. To meet the target "
        "the share must be at or below the dashed line at the deadline, and unmet demand within its limit."
        + (" Where runs differ, every run has its own panel; the scale is the same." if len(studies) > 1 else ""),
        "small",
    )
    same = []
    for item in _everything(studies[0]):
        runs = _differing(studies, item)
        if len(runs) > 1:
            yield _fans(runs, item)
        else:
            same.append(item)
    if same and len(studies) > 1:
        yield Paragraph(f"The same month by month in every run: {', '.join(item.name for item in same)}.", "small")
    for item in same:
        yield Drawing(
            key=_key("fan", item),
            title=f"{item.name}: China-exposed share of use",
            description=f"Line chart by month. {_told(studies[0], item)}.",
            draw=partial(fan, studies[0], item.commodity),
            table=_key("fan-data", item),
            css="half",
        )


def exposure_tables(studies: Sequence[Study]) -> tuple[Table, ...]:
    """Return the numbers behind the fans."""
    return tuple(_table(_differing(studies, item), item) for item in _everything(studies[0]))


def _everything(study: Study) -> list[CommodityVerdict]:
    return [item for _, items in groups(study) for item in items]


def _key(kind: str, item: CommodityVerdict) -> str:
    return f"{kind}-{item.commodity.replace(':', '-').replace('_', '-')}"


def _differing(studies: Sequence[Study], item: CommodityVerdict) -> list[Study]:
    """Return the runs that hold a commodity; the first alone where it is the same month by month in all of them."""
    there = [study for study in studies if any(chain.commodity == item.commodity for chain in study.counted.chains)]
    series = [chain_of(study, item.commodity).series["china_dependent_share"] for study in there]
    same = all(np.array_equal(series[0], one, equal_nan=True) for one in series[1:])
    return there[:1] if same else there


def _fans(runs: Sequence[Study], item: CommodityVerdict) -> Drawing:
    told = "; ".join(f"{study.case.name}: {_told(study, item)}" for study in runs)
    return Drawing(
        key=_key("fan", item),
        title=f"{item.name}: China-exposed share of use, run by run",
        description=f"Line charts by month, one for each run on the same scale. {told}.",
        draw=partial(fans, tuple(runs), item.commodity),
        table=_key("fan-data", item),
        css="scrolled",
    )


def _told(study: Study, item: CommodityVerdict) -> str:
    exposed = verdict_of(study, item.commodity).kpis["china_dependent_share"]
    return (
        f"Median (5-95 % of {study.futures:,} futures), percent: now {spread(exposed['start'])}, at the deadline "
        f"{spread(exposed['deadline'])}"
    )


def _table(runs: Sequence[Study], item: CommodityVerdict) -> Table:
    rows: list[tuple[Cell, ...]] = []
    headings = []
    for study in runs:
        if len(runs) > 1:
            headings.append((len(rows), study.case.name))
        rows += _rows(study, item)
    return Table(
        key=_key("fan-data", item),
        caption=f"{item.name}: China-exposed share of use, %, by quarter",
        head=(
            "quarter to", "median (95 % interval)", "50 % of futures", "90 % of futures",
            "median without withheld", "futures",
        ),
        rows=tuple(rows),
        groups=tuple(headings),
    )  # fmt: skip


def _rows(study: Study, item: CommodityVerdict) -> Iterator[tuple[Cell, ...]]:
    data, chain = fan_data(study, item.commodity), chain_of(study, item.commodity)
    for month in range(0, len(data.days), 3):
        middle = quantile(chain.series["china_dependent_share"][:, month], 0.5, weights=study.series_weights)
        p05, p25, _, p75, p95 = (float(value) for value in data.bands[:, month])
        consumed = quantile(chain.series["china_exposed_share"][:, month], 0.5, weights=study.series_weights)
        day = study.case.calendar_day(float(data.days[month]))
        yield f"{day:%b %Y}", chance(middle), ends(p25, p75), ends(p05, p95), chance(consumed), f"{middle.n:,}"
