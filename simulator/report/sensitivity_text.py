"""A study of inputs as text: what moves the verdict, what is noise, and the circumstances of a miss."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import Final

from simulator.analysis.influence import Bar, Correlation, Discovery, Factor, Limit
from simulator.analysis.intervals import Estimate
from simulator.analysis.sensitivity import CommoditySensitivity, Sensitivity
from simulator.analysis.sobol import Sources
from simulator.report.layout import WIDTH, Column, as_lines, ruled
from simulator.report.wording import chance, percent

SHOWN: Final = 10
"""Inputs shown; --json has all."""
BARS: Final[tuple[Column, ...]] = (
    ("input", 32, "left"),
    ("low to high", 22, "left"),
    ("P(met), %\nat low > high", 13, "right"),
    ("change,\npoints", 15, "right"),
    ("metric\nat low > high", 13, "right"),
    ("change", 20, "right"),
)
RANKS: Final[tuple[Column, ...]] = (
    ("input", 32, "left"),
    ("with the metric", 24, "right"),
    ("with the target met", 24, "right"),
    ("beyond noise", 13, "right"),
)
INDICES: Final[tuple[Column, ...]] = (
    ("factor", 32, "left"),
    ("metric,\nfirst order", 21, "right"),
    ("metric,\ntotal", 21, "right"),
    ("target met,\nfirst order", 21, "right"),
    ("target met,\ntotal", 21, "right"),
)


def sensitivity_text(found: Sensitivity) -> str:
    """Return a study as text of at most 124 columns."""
    return as_lines(
        [*_head(found), *(line for item in found.commodities for line in _commodity(found, item)), *_foot(found)]
    )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH)


def _head(found: Sensitivity) -> Iterator[str]:
    state = "" if found.complete else f" (stopped: {found.simulated:,} of {found.planned:,} replications)"
    yield from _wrapped(
        f"{found.scenario}: which uncertain inputs move {found.yardstick} and {found.metric_name} at "
        f"{found.case.deadline}{state}."
    )
    missing = [name for name in found.requested if name not in {item.commodity for item in found.commodities}]
    if missing:
        yield from _wrapped(f"Not reached: {', '.join(missing)}.")


def _commodity(found: Sensitivity, item: CommoditySensitivity) -> Iterator[str]:
    yield ""
    yield from _wrapped(
        f"{item.name} ({item.commodity}): P(met) {chance(item.met)} %, {found.metric_name} "
        f"{_number(item.metric.value)} ({_number(item.metric.low)} to {_number(item.metric.high)}), "
        f"n = {item.replications:,}. {len(item.correlations)} inputs can touch it; {item.left_out} are named for other "
        "commodities or fixed, and left out."
    )
    if item.met.value in (0.0, 1.0):
        always = "met" if item.met.value else "missed"
        yield from _wrapped(
            f"The target is {always} in all {item.replications:,} futures: no input within its "
            "range moves that verdict here, and what follows is about the metric."
        )
    yield from _sources(item)
    if item.bars:
        yield from (
            "",
            f"Each input at its low (5 %) and high (95 %) value, in the same {item.bars[0].met_low.n:,} futures",
        )
        yield ruled(BARS, [_bar(one) for one in item.bars[:SHOWN]])
        yield from _unmoved(item)
    yield from ("", "Rank correlation over all futures (Spearman)")
    yield ruled(RANKS, [_rank(one) for one in item.correlations[: SHOWN // 2]])
    yield from _band(item)
    if item.factors:
        yield from ("", f"Sobol indices, from {found.points} points of 16 futures each")
        yield ruled(INDICES, [_factor(one) for one in item.factors])
    yield ""
    yield from _wrapped(_circumstances(found, item.discovery))


def _sources(item: CommoditySensitivity) -> Iterator[str]:
    if item.sources is None:
        return
    of_metric, of_met = item.sources.metric, item.sources.met
    told = [f"of the metric {_share(of_metric)}"] + ([f"of the target met {_share(of_met)}"] if _varies(of_met) else [])
    yield from _wrapped(
        f"Variance from what is not known (inputs), the rest from chance: {'; '.join(told)}; from {of_metric.points} "
        f"points x {of_metric.repeats} futures."
    )


def _varies(item: Sources) -> bool:
    return not math.isnan(item.epistemic.value)


def _share(item: Sources) -> str:
    return f"{chance(item.epistemic)} %" if _varies(item) else "none, as it does not vary"


def _bar(item: Bar) -> tuple[str, ...]:
    source = item.source
    return (
        source.name,
        f"{source.low:.3g} to {source.high:.3g} {_unit(source.unit)}",
        f"{percent(item.met_low.value)} > {percent(item.met_high.value)}",
        _change(item.met_difference, 100.0),
        f"{_number(item.metric_low.value)} > {_number(item.metric_high.value)}",
        _change(item.metric_difference, 1.0),
    )


def _unit(unit: str) -> str:
    return "" if unit in ("1", "fraction", "elasticity") or len(unit) > 9 else unit


def _change(item: Estimate, scale: float) -> str:
    if math.isnan(item.value):
        return "-"
    half = scale * max(item.high - item.value, item.value - item.low)
    value = scale * item.value
    return f"{value:+.1f} ±{half:.1f}" if scale > 1.0 else f"{value:+.3g} ±{half:.2g}"


def _unmoved(item: CommoditySensitivity) -> Iterator[str]:
    still = [one.source.name for one in item.bars if one.metric_difference.value == 0.0 == one.met_difference.value]
    if still:
        yield from _wrapped(f"Without any effect in any of these futures: {', '.join(still)}.")


def _rank(item: Correlation) -> tuple[str, ...]:
    return (item.source.name, _interval(item.metric), _interval(item.met), "yes" if item.beyond_noise else "no")


def _band(item: CommoditySensitivity) -> Iterator[str]:
    known = [
        f"{band:.2f} with {name}"
        for band, name in ((item.metric_band, "the metric"), (item.met_band, "the target met"))
        if not math.isnan(band)
    ]
    beyond = sum(one.beyond_noise for one in item.correlations)
    if known:
        yield from _wrapped(
            f"Noise: no input that nobody reads passes +-{' and +-'.join(known)} (95 % for all together); "
            f"{beyond} of {len(item.correlations)} inputs do. More replications narrow it."
        )


def _factor(item: Factor) -> tuple[str, ...]:
    estimates = (item.metric_first, item.metric_total, item.met_first, item.met_total)
    return (item.name, *(_interval(one) for one in estimates))


def _interval(item: Estimate) -> str:
    return "-" if math.isnan(item.value) else f"{item.value:.2f} ({item.low:.2f} to {item.high:.2f})"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


def _circumstances(found: Sensitivity, item: Discovery | None) -> str:
    if item is None:
        return "Circumstances: none to look for, as neither the verdict nor the metric varies."
    what = "the target is missed"
    if item.event == "above_median":
        what = f"{found.metric_name} is above its median {_number(item.threshold)}"
    why = (
        ""
        if item.event == "missed"
        else "The target is (nearly) always or never missed, so asked of the metric instead: "
    )
    if not item.convincing:
        return (
            f"Circumstances: {why}no limits on inputs found in one half of the futures tell, in the other half, when "
            f"{what} (in {chance(item.base)} % of all)."
        )
    limits = " and ".join(_limit(one) for one in item.limits)
    worst = max(one.quasi_p for one in item.limits)
    return (
        f"Circumstances: {why}{what} when {limits}: density {chance(item.density)} % against {chance(item.base)} % of "
        f"all futures, coverage {chance(item.coverage)} %, n = {item.density.n:,}, "
        f"largest quasi-p {worst:.2g}; found in one half of the futures (PRIM), counted in the other."
    )


def _limit(item: Limit) -> str:
    name = item.source.name
    if math.isinf(item.high):
        return f"{name} > {_number(item.low)}"
    if math.isinf(item.low):
        return f"{name} < {_number(item.high)}"
    return f"{_number(item.low)} < {name} < {_number(item.high)}"


def _foot(found: Sensitivity) -> Iterator[str]:
    yield ""
    text = (
        "Changes are high minus low with half-widths of 95 % intervals, paired future by future; other intervals are "
        "95 % as well. A range is what the catalogue gives an input, most of them graded assumed. "
    )
    if any(item.factors for item in found.commodities):
        text += (
            "Indices: shares of the variance that inputs make in means over 16 futures, by Saltelli's and Jansen's "
            "estimators on common chance; dummy: same inputs, other chance - below it an effect would drown in "
            "chance. "
        )
    yield from _wrapped(text + f"--json has every input. Data {found.case.data_sha256[:12]}, seed {found.seed}.")
