"""Where a commodity's tonnes come from now and at the deadline: an alluvial chart of origins and provenance."""

from __future__ import annotations

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
_WIDTH: Final = 0.16
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
    weight = [_means(share, study.weights) if share.size else np.zeros(0) for share in shares]
    order = np.argsort(-(weight[0] + weight[1]), kind="stable")
    known = [int(i) for i in order if chain.origins[i] != UNKNOWN and weight[0][i] + weight[1][i] > 0]
    named = known[:MOST]
    rest = [int(i) for i in order if int(i) not in named]
    bands = [Band(_label(chain.origins[i]), *(_mean(share[:, i], study.weights) for share in shares)) for i in named]
    if rest and any(float(np.nansum(share[:, rest])) > 0 for share in shares):
        bands.append(Band(OTHER, *(_mean(share[:, rest].sum(axis=1), study.weights) for share in shares)))
    exposed = [chain.values["china_exposed_share"][:, study.outcome.moment(moment)] for moment in ("start", "deadline")]
    return FlowData(
        origins=tuple(bands),
        provenance=(
            Band("exposed", *(_mean(share, study.weights) for share in exposed)),
            Band("not exposed", *(_mean(1.0 - share, study.weights) for share in exposed)),
        ),
        tonnes=(
            known_mean_interval(landed[0].sum(axis=1), weights=study.weights),
            known_mean_interval(landed[1].sum(axis=1), weights=study.weights),
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
    day = study.outcome.moment_days[study.outcome.moment(moment)]
    ended = np.flatnonzero(np.array(study.outcome.month_days) <= day)[-MONTHS:]
    series = np.asarray(chain.series["landed_by_origin"][:, ended], dtype=np.float64)
    return np.asarray(series.sum(axis=1) * 12.0 / max(len(ended), 1))


def _shares(tonnes: Floats) -> Floats:
    total = tonnes.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(tonnes, total, out=np.full_like(tonnes, np.nan), where=total > 0)
    return shares


def _label(origin: str) -> str:
    return "re-routed" if origin == REROUTED else origin


def flows(study: Study, commodity: str, ax: Axes | None = None) -> Axes:
    """Draw shares by declared origin, and by provenance, now and at the deadline."""
    data = flow_data(study, commodity)
    with styled():
        own, given = axes(ax, 5.4, 2.9), ax
        for left, title, bands in (
            (0.0, "declared origin of landings", data.origins),
            (2.5, "use, by China exposure", data.provenance),
        ):
            _pair(own, left, bands)
            own.text(left + 0.5, 1.09, title, ha="center", va="bottom", fontsize=8, fontweight="bold")
            for x, text in ((left, "now"), (left + 1.0, "deadline")):
                own.text(x, 1.02, text, ha="center", va="bottom", fontsize=8)
        own.set_xlim(-0.8, 4.3)
        own.set_ylim(-0.02, 1.18)
        own.set_axis_off()
        own.set_title(f"{heading(verdict_of(study, commodity))}: where it comes from, %")
        sign(own, study, given)
    return own


def _pair(ax: Axes, left: float, bands: Sequence[Band]) -> None:
    """Draw one alluvial pair: two stacked bars, each band's parts joined."""
    sides = [[max(band.now.value, 0.0) for band in bands], [max(band.deadline.value, 0.0) for band in bands]]
    colours = _colours(bands)
    tops = [1.0 - np.concatenate([[0.0], np.cumsum(np.nan_to_num(side))]) for side in sides]
    for i, colour in enumerate(colours):
        _ribbon(ax, left, [tops[0][i], tops[0][i + 1]], [tops[1][i], tops[1][i + 1]], colour)
    for column, (x, align) in enumerate(((left, "right"), (left + 1.0, "left"))):
        middles = [(tops[column][i] + tops[column][i + 1]) / 2 for i in range(len(bands))]
        shown = [i for i in range(len(bands)) if np.nan_to_num(sides[column][i]) >= _BAND]
        heights = spread_out([middles[i] for i in shown], 0.085, 0.03, 0.97)
        for i, height in zip(shown, heights, strict=True):
            side = -1.0 if align == "right" else 1.0
            text = f"{bands[i].label} {100 * sides[column][i]:.0f}"
            ax.text(x + side * (_WIDTH / 2 + 0.03), height, text, ha=align, va="center", fontsize=7.5, color=INK)
        for i, colour in enumerate(colours):
            ax.bar(x, tops[column][i + 1] - tops[column][i], _WIDTH, bottom=tops[column][i], color=colour)


def _ribbon(ax: Axes, left: float, start: list[float], end: list[float], colour: str) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    a, b = left + _WIDTH / 2, left + 1.0 - _WIDTH / 2
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
