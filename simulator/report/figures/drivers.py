"""Which uncertain inputs move a commodity's dependence on China: rank correlations over the run's own futures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simulator.analysis.intervals import effective_size
from simulator.analysis.study import Study
from simulator.analysis.verdict import branch_masks
from simulator.experiment.points import input_values
from simulator.instruments.names import commodity_names
from simulator.report.figures.style import BLUE, FAINT, GREY, RED, axes, sign, styled
from simulator.report.figures.subjects import chain_of, heading, verdict_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

MOST: Final = 8
"""Bars shown."""


@dataclass(frozen=True, slots=True)
class Driver:
    """One candidate cause and how it goes with the outcome over futures."""

    name: str
    """What it is, in words."""
    correlation: float
    """Spearman's rank correlation; above 0 where more of it goes with more dependence on China."""
    low: float
    high: float
    """Ends of the 95 % interval."""
    above_noise: bool
    """Further from 0 than the largest of so many unrelated ones would be in 95 of 100 runs."""


@dataclass(frozen=True, slots=True)
class DriverData:
    """The candidates with the largest correlations."""

    drivers: tuple[Driver, ...]
    """Largest first; empty where the outcome is the same in every future."""
    candidates: int
    """How many were looked at."""
    noise: float
    """Correlation that the largest of so many unrelated candidates stays under in 95 of 100 runs."""
    n: int
    """Futures behind each number; where observations weight them, intervals are those of the effective number."""


def driver_data(study: Study, commodity: str, most: int = MOST) -> DriverData:
    """Return what goes with a commodity's China-dependent share at the deadline, largest rank correlation first.

    Candidates are the uncertain inputs about this commodity or about all, and the branches of the future. The
    interval is Fisher's with the variance ``(1 + rho^2 / 2) / (n - 3)`` of Bonett and Wright (2000), *Psychometrika*
    65; the noise floor is Bonferroni's over all candidates.
    """
    outcome = study.counted
    values = chain_of(study, commodity).values["china_dependent_share"][:, outcome.moment("deadline")]
    known = ~np.isnan(values)
    ranks = _ranks(values[known])
    counted = np.ones(len(values))[known] if study.weights is None else study.weights[known]
    n = int(known.sum())
    size = n if study.weights is None else int(effective_size(counted))
    candidates = _candidates(study, commodity.partition(":")[0])
    noise = float(-ndtri(0.025 / max(len(candidates), 1))) / math.sqrt(max(size - 1, 1))
    found = []
    for name, draws in candidates.items():
        correlation = _correlation(_ranks(draws[known]), ranks, counted)
        if correlation is not None:
            found.append(Driver(name, correlation, *_interval(correlation, size), abs(correlation) > noise))
    found.sort(key=lambda item: (-abs(item.correlation), item.name))
    return DriverData(tuple(found[:most]), len(candidates), noise, n)


def _candidates(study: Study, commodity: str) -> dict[str, Floats]:
    others = set(commodity_names()) - {commodity}
    inputs = [item for item in study.case.inputs if item.name.partition("/")[2].partition("/")[0] not in others]
    numbers = study.counted.replications
    drawn = input_values(inputs, study.requested, study.seed)
    found = {in_words(name): np.asarray(values[numbers]) for name, values in drawn.items()}
    together: dict[bytes, list[str]] = {}
    for name, mask in branch_masks(study.counted).items():
        together.setdefault(mask.tobytes(), []).append(name)
    for names in together.values():
        # Branches that hold in the same futures are one; of a branch and its opposite, one is enough.
        if not names[0].startswith("not "):
            found[",\n".join(map(in_words, names))] = branch_masks(study.counted)[names[0]].astype(np.float64)
    return found


def in_words(name: str) -> str:
    """Return an input or branch in words.

    >>> in_words("reroute_share/ALL"), in_words("suspension/us_ban/renewed")
    ('reroute share', 'us ban renewed')
    """
    negated = name.startswith("not ")
    first, *rest = name.removeprefix("not ").split("/")
    if first in ("suspension", "event", "rule"):
        *subject, happened = rest
        return " ".join([*subject, *(["not"] if negated else []), happened]).replace("_", " ")
    subject = [part for part in rest if part != "ALL"]
    return first.replace("_", " ") + (f" ({', '.join(subject).replace('_', ' ')})" if subject else "")


def _ranks(values: Floats) -> Floats:
    """Ranks from 0, equal values sharing their mean rank."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    means = np.cumsum(counts) - (counts + 1) / 2.0
    return np.asarray(means[places], dtype=np.float64)


def _correlation(a: Floats, b: Floats, counted: Floats) -> float | None:
    if len(a) < 4:
        return None
    one, other = (values - float((values * counted).sum()) / float(counted.sum()) for values in (a, b))
    size = math.sqrt(float((one * one * counted).sum()) * float((other * other * counted).sum()))
    return float((one * other * counted).sum()) / size if size > 0.0 else None


def _interval(correlation: float, n: int) -> tuple[float, float]:
    centre = math.atanh(max(-1 + 1e-12, min(1 - 1e-12, correlation)))
    half = float(ndtri(0.975)) * math.sqrt((1.0 + correlation**2 / 2.0) / (n - 3))
    return min(correlation, math.tanh(centre - half)), max(correlation, math.tanh(centre + half))


def drivers(study: Study, commodity: str, ax: Axes | None = None) -> Axes:
    """Draw the largest rank correlations as a tornado, with 95 % intervals and the noise floor."""
    data = driver_data(study, commodity)
    with styled():
        own, given = axes(ax, 5.6, 0.9 + 0.27 * max(len(data.drivers), 2)), ax
        own.axvspan(-data.noise, data.noise, color=GREY, alpha=0.2, linewidth=0)
        for place, item in enumerate(data.drivers):
            colour = GREY if not item.above_noise else RED if item.correlation > 0 else BLUE
            own.barh(place, item.correlation, height=0.6, color=colour, alpha=0.85)
            own.plot([item.low, item.high], [place, place], color="black", linewidth=1.0)
        own.axvline(0.0, color=FAINT, linewidth=0.8)
        own.set_yticks(range(len(data.drivers)), [item.name for item in data.drivers])
        own.invert_yaxis()
        widest = max((max(abs(item.low), abs(item.high)) for item in data.drivers), default=0.5)
        own.set_xlim(-max(widest, data.noise) * 1.08, max(widest, data.noise) * 1.08)
        own.set_xlabel(
            "less  \N{LEFTWARDS ARROW}  exposed at the deadline  \N{RIGHTWARDS ARROW}  more (rank correlation)",
            fontsize=8,
        )
        own.set_title(f"{heading(verdict_of(study, commodity))}: what moves it")
        if not data.drivers:
            own.text(0.5, 0.5, "the same in every future", transform=own.transAxes, ha="center")
        sign(own, study, given)
    return own
