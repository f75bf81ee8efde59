"""Where a commodity's tonnes come from now and at the deadline: an alluvial chart of origins and provenance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.intervals import Estimate, known_mean_interval
from simulator.analysis.study import Study
from simulator.domain.traces import REROUTED
from simulator.metrics.outcome import ChainOutcome
from simulator.report.figures.style import (
    BLUE,
    FAINT,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    RED,
    VIOLET,
    axes,
    sign,
    spread_out,
    styled,
)
from simulator.report.figures.subjects import chain_of, heading, verdict_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

MOST: Final = 5
"""Origins by name; the rest is one band."""
MONTHS: Final = 3
"""Months of landings before a moment, as long as the windows of the yardsticks."""
OTHER: Final = "other"
UNKNOWN: Final = "OTH"
"""Origin of tonnes that no country is known of."""
_WIDTH: Final = 0.12
_TALLEST: Final = 0.88
"""Height of the larger moment, which leaves room for the gaps between its bands."""
_GAP: Final = 0.022
"""Between bands where they stand apart."""
_APART: Final = 4.0
"""From the first moment's origins to the second's."""
_BAND: Final = 0.045
"""Shares below it carry no label."""


@dataclass(frozen=True, slots=True)
class Band:
    """One origin or provenance, now and at the deadline."""

    label: str
    now: Estimate
    """Mean share over futures, 0 to 1."""
    deadline: Estimate


@dataclass(frozen=True, slots=True)
class FlowData:
    """Shares that add up to one, now and at the deadline."""

    origins: tuple[Band, ...]
    """Declared origin of what landed, largest first, ``other`` last."""
    provenance: tuple[Band, Band]
    """Of what was consumed: China-exposed (China at some stage), and not."""
    tonnes: tuple[Estimate, Estimate]
    """Mean landings now and at the deadline, tonnes a year."""


def flow_data(study: Study, commodity: str) -> FlowData:
    """Return shares of landings by declared origin and of consumption by provenance, as means over futures.

    Landings are those of the three months before the moment. Futures in which nothing lands or is used are left
    out of a share, and ``n`` says how many are not.
    """
    chain = chain_of(study, commodity)
    landed = [_landed(study, chain, moment) for moment in ("start", "deadline")]
    shares = [_shares(tonnes) for tonnes in landed]
    weights = study.series_weights
    weight = [_means(share, weights) if share.size else np.zeros(0) for share in shares]
    order = np.argsort(-(weight[0] + weight[1]), kind="stable")
    known = [int(i) for i in order if chain.origins[i] != UNKNOWN and weight[0][i] + weight[1][i] > 0]
    named = known[:MOST]
    rest = [int(i) for i in order if int(i) not in named]
    bands = [Band(_label(chain.origins[i]), *(_mean(share[:, i], weights) for share in shares)) for i in named]
    if rest and any(float(np.nansum(share[:, rest])) > 0 for share in shares):
        bands.append(Band(OTHER, *(_mean(share[:, rest].sum(axis=1), weights) for share in shares)))
    exposed = [chain.values["china_exposed_share"][:, study.counted.moment(moment)] for moment in ("start", "deadline")]
    return FlowData(
        origins=tuple(bands),
        provenance=(
            Band("exposed", *(_mean(share, study.weights) for share in exposed)),
            Band("not exposed", *(_mean(1.0 - share, study.weights) for share in exposed)),
        ),
        tonnes=(
            known_mean_interval(landed[0].sum(axis=1), weights=weights),
            known_mean_interval(landed[1].sum(axis=1), weights=weights),
        ),
    )


def _means(shares: Floats, weights: Floats | None) -> Floats:
    """(O,) mean shares over the futures in which they are defined, 0 where they are in none."""
    if weights is None:
        return np.asarray(np.nan_to_num(np.nanmean(shares, axis=0)))
    return np.array([np.nan_to_num(_mean(column, weights).value) for column in shares.T])


def _mean(share: Floats, weights: Floats | None) -> Estimate:
    """Mean of a share over the futures in which it is defined; its interval holds shares alone."""
    found = known_mean_interval(share, weights=weights)
    return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))


def _landed(study: Study, chain: ChainOutcome, moment: str) -> Floats:
    """(n, O) tonnes a year by origin over the months that ended by a moment."""
    day = study.counted.moment_days[study.counted.moment(moment)]
    ended = np.flatnonzero(np.array(study.counted.month_days) <= day)[-MONTHS:]
    series = np.asarray(chain.series["landed_by_origin"][:, ended], dtype=np.float64)
    return np.asarray(series.sum(axis=1) * 12.0 / max(len(ended), 1))


def _shares(tonnes: Floats) -> Floats:
    total = tonnes.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(tonnes, total, out=np.full_like(tonnes, np.nan), where=total > 0)
    return shares


def _label(origin: str) -> str:
    return "re-routed" if origin == REROUTED else origin


def flows(study: Study, commodity: str, ax: Axes | None = None) -> Axes:
    """Draw what landed by declared origin and what was used by provenance, now and at the deadline, on one scale.

    Landings mix in the buyer's stock, so no tonne of the use can be followed back to one origin: all bands of origins
    run into the stock, and the provenance of use runs out of it. Heights are tonnes landed a year.
    """
    data = flow_data(study, commodity)
    tonnes = [0.0 if math.isnan(item.value) else item.value for item in data.tonnes]
    scale = max(*tonnes, 1e-9)
    colours = dict(zip([band.label for band in data.origins], _colours(data.origins), strict=True))
    with styled():
        own, given = axes(ax, 9.2, 3.1), ax
        for left, when, title in ((0.0, "now", "now"), (_APART, "deadline", "at the deadline")):
            total = tonnes[when == "deadline"]
            _moment(own, left, data, when, _TALLEST * total / scale, colours)
            own.text(
                left + 1.0, 1.11, f"{title}: {_amount(total)} t a year", ha="center", fontsize=8.5, fontweight="bold"
            )
            for x, text in ((0.0, "declared origin"), (1.0, "stock, mixed"), (2.0, "use")):
                own.text(left + x, 1.02, text, ha="center", va="bottom", fontsize=7.5, color=FAINT)
        own.set_xlim(-0.75, _APART + 2.95)
        own.set_ylim(-0.03, 1.2)
        own.set_axis_off()
        own.set_title(f"{heading(verdict_of(study, commodity))}: where it comes from")
        kept = study.counted.with_series
        few = f"{study.futures:,} futures (landings of the first {kept:,})" if kept < study.futures else ""
        sign(own, study, given, few)
    return own


def _moment(ax: Axes, left: float, data: FlowData, when: str, height: float, colours: dict[str, str]) -> None:
    """Draw origins, stock and use of one moment, ``height`` tall on the scale of both."""
    middle = (1.0 - height) / 2
    ax.bar(left + 1.0, height, _WIDTH, bottom=middle, color="#c9ced6")
    for bands, x, inwards, names in (
        (data.origins, 0.0, 1.0, [colours[band.label] for band in data.origins]),
        (data.provenance, 2.0, -1.0, _colours(data.provenance)),
    ):
        shares = [max(float(np.nan_to_num(getattr(band, when).value)), 0.0) for band in bands]
        gaps = _GAP * (sum(share > 0 for share in shares) - 1)
        # Bands stand apart at their own end and lie together in the stock.
        outer = middle + height + gaps / 2
        inner = middle + height
        ends = []
        for band, share, colour in zip(bands, shares, names, strict=True):
            if share <= 0:
                continue
            tall = share * height
            ax.bar(left + x, tall, _WIDTH, bottom=outer - tall, color=colour)
            a, b = left + x + inwards * _WIDTH / 2, left + 1.0 - inwards * _WIDTH / 2
            _ribbon(ax, (a, b), (outer, outer - tall), (inner, inner - tall), colour)
            ends.append((f"{band.label} {100 * share:.0f} %", outer - tall / 2, share))
            outer, inner = outer - tall - _GAP, inner - tall
        shown = [end for end in ends if end[2] >= _BAND]
        heights = spread_out([place for _, place, _ in shown], 0.085, 0.03, 0.97)
        for (text, _, _), place in zip(shown, heights, strict=True):
            align = "right" if inwards > 0 else "left"
            at = left + x - inwards * (_WIDTH / 2 + 0.04)
            ax.text(at, place, text, ha=align, va="center", fontsize=7.5, color=INK)


def _amount(tonnes: float) -> str:
    digits = max(0, 1 - math.floor(math.log10(tonnes))) if tonnes > 0 else 0
    return f"{tonnes:,.{min(digits, 3)}f}"


def _ribbon(
    ax: Axes, ends: tuple[float, float], start: tuple[float, float], end: tuple[float, float], colour: str
) -> None:
    """Draw a band from its upper and lower edge at the first end to those at the second."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    a, b = ends
    middle = (a + b) / 2
    corners = [
        (a, start[0]), (middle, start[0]), (middle, end[0]), (b, end[0]),
        (b, end[1]), (middle, end[1]), (middle, start[1]), (a, start[1]), (a, start[0]),
    ]  # fmt: skip
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    ax.add_patch(PathPatch(Path(corners, codes), facecolor=colour, alpha=0.35, linewidth=0))


def _colours(bands: Sequence[Band]) -> list[str]:
    fixed = {
        "CHN": RED,
        "exposed": RED,
        "re-routed": PURPLE,
        "USA": BLUE,
        "not exposed": BLUE,
        OTHER: GREY,
    }
    free = iter((ORANGE, VIOLET, "#b9ac70", "#92dadd", "#717581", "#832db6"))
    return [fixed[band.label] if band.label in fixed else next(free) for band in bands]
