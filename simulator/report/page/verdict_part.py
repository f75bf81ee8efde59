"""The first two sections: the verdict in a sentence, and how each commodity stands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from simulator.analysis.intervals import Estimate, known_mean_interval, quantile, wilson
from simulator.analysis.overall import OverallVerdict
from simulator.analysis.study import HEADLINE, Study
from simulator.analysis.verdict import CommodityVerdict, branch_masks
from simulator.report.figures.drivers import in_words
from simulator.report.figures.subjects import chain_of, short_name
from simulator.report.figures.survival import SurvivalData, survival_data
from simulator.report.page.blocks import Badge, Block, Cell, Paragraph, Section, Table
from simulator.report.page.status import NOT_IDENTIFIED, RULE, status, undecided
from simulator.report.terminal import groups, remarks, sentence
from simulator.report.wording import chance, spread


def verdict_section(studies: Sequence[Study]) -> Section:
    """Say how the target holds up, in frequencies of futures, for each run."""
    blocks: list[Block] = []
    for number, study in enumerate(studies):
        if study.case.question:
            blocks.append(Paragraph(study.case.question, "question"))
        blocks.append(Paragraph(" ".join(sentence(study).split()), "lead"))
        blocks += [Paragraph(text) for text in remarks(study)]
        blocks.append(_overall_table(study, number))
    return Section("verdict", "Verdict", tuple(blocks))


def _overall_table(study: Study, number: int) -> Table:
    """Count over the headline commodities by every yardstick, and by the branches of the future for the headline's."""
    rows: list[tuple[Cell, ...]] = []
    for name, overall in study.verdict.overall.items():
        of = len(overall.commodities)
        if of:
            share = overall.probability
            rows.append((name, "any", chance(share), _expected(overall.expected_met, of), str(of), f"{share.n:,}"))
        if name == HEADLINE and of:
            rows += _by_branch(study, overall)
    return Table(
        key=f"overall-{number}",
        caption=f"{study.case.name}: headline commodities that missed a yardstick at the start, at the deadline",
        head=("yardstick", "futures in which", "P(all met), %", "expected to meet it", "of", "futures"),
        rows=tuple(rows),
        words=2,
    )


def _by_branch(study: Study, overall: OverallVerdict) -> Iterator[tuple[Cell, ...]]:
    """Yield the headline row of each branch; branches that hold in the same futures are one."""
    deadline, of = study.counted.moment("deadline"), len(overall.commodities)
    flags = [chain_of(study, commodity).met[HEADLINE][:, deadline] for commodity in overall.commodities]
    met = np.stack(flags, axis=1).sum(axis=1, dtype=float)
    together: dict[bytes, list[str]] = {}
    for branch, mask in branch_masks(study.counted).items():
        together.setdefault(mask.tobytes(), []).append(branch)
    masks = branch_masks(study.counted)
    for names in together.values():
        expected = known_mean_interval(np.where(masks[names[0]], met, np.nan), weights=study.weights)
        share = overall.by_branch[names[0]]
        told = " and ".join(in_words(name) for name in names)
        yield (HEADLINE, told, chance(share), _expected(expected, of), str(of), f"{share.n:,}")


def _expected(item: Estimate, of: int) -> str:
    """Return an expected number with its interval; where no future differs, Wilson's of the share met."""
    low, high = item.low, item.high
    if item.n and low == high and item.value in (0.0, float(of)):
        low, high = (of * end for end in wilson(item.n if item.value else 0, item.n))
    if math.isnan(item.value) or math.isnan(low):
        return "–"
    return f"{item.value:.2f} ({max(low, 0.0):.2f}-{min(high, of):.2f})"


def status_section(studies: Sequence[Study]) -> Section:
    """Say how each commodity stands at the deadline, with shape, word and colour."""
    blocks: list[Block] = [_status_table(study, i, several=len(studies) > 1) for i, study in enumerate(studies)]
    blocks += [
        Paragraph(RULE, "small"),
        Paragraph(
            "P(met): probability under stated priors that the yardstick is met at the deadline, in percent of futures, "
            "with its 95 % confidence interval. China-exposed: median (5-95 % of futures) share of use over 90 days "
            "with China at any modelled stage, in percent; what Chinese controls withhold counts in the last of the "
            "three. First shortage: months until half of the futures have been short, with its 95 % interval; a dash "
            "where fewer are.",
            "small",
        ),
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
    kept = study.counted.with_series
    few = f" (shortages: the first {kept:,})" if kept < study.futures else ""
    return Table(
        key=f"status-{number}",
        caption=f"{name}{study.futures:,} futures{few}, deadline {study.case.deadline}",
        head=(
            "status",
            "commodity",
            "P(met) reliance, %",
            "exposed now, %",
            "at the deadline, %",
            "with withheld, %",
            "first shortage, months",
            "never short, %",
            "binding stage",
            "data grade",
        ),
        rows=tuple(rows),
        words=2,
        last_words=2,
        groups=tuple(headings),
    )


def _row(study: Study, item: CommodityVerdict) -> tuple[Cell, ...]:
    met = item.yardsticks[HEADLINE].probability
    exposed, data = item.kpis["china_exposed_share"], survival_data(study, item.commodity)
    badge = status(met) if item.yardsticks[HEADLINE].identified else NOT_IDENTIFIED
    return (
        Badge(badge.shape, f"{badge.word}*", badge.css) if undecided(met) and badge is not NOT_IDENTIFIED else badge,
        short_name(item),
        chance(met),
        spread(exposed["start"]),
        spread(exposed["deadline"]),
        spread(item.kpis["china_dependent_share"]["deadline"]),
        median_shortage(data),
        chance(data.surviving[-1]),
        (item.binding_stage or "–").replace("_", " "),
        item.grade,
    )


def median_shortage(data: SurvivalData) -> str:
    """Return the median months to the first shortage with its interval; a dash where most futures are never short."""
    if math.isinf(data.median):
        return "–"
    found = quantile(data.first, 0.5, weights=data.weights)
    high = "never" if math.isinf(found.high) else f"{found.high:.0f}"
    return f"{data.median:.0f} ({found.low:.0f}-{high})"
