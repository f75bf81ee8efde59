"""Capacity that enters a market: when it starts, how it ramps up and whom it sells to."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Stage
from simulator.domain.places import CHINA, REGIONS, at_home, region_of
from simulator.model.offtake import Plant, Tie, spread, total
from simulator.model.rows import outer

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
DAYS_PER_MONTH = 365.25 / 12
DAYS_PER_YEAR = 365.25
_TINY = 1e-300


@dataclass(slots=True, eq=False)
class Outlets:
    """Where new output goes, as shares that sum to 1: once the focal buyer accepts it, and before.

    Chinese offtake goes to Chinese buyers. Of the rest, what is tied to the focal buyer goes there, what
    is accessible competes for every buyer's custom in proportion to demand (a focal producer serves the
    focal economy first), and what is not accessible goes to everybody but the focal buyer. Ties signed
    later take their share from what is neither Chinese nor tied so far.
    """

    taken: Floats
    """(n, B) once qualified, before any tie of ``ties``."""
    waiting: Floats
    """(n, B) before the focal buyer accepts it."""
    loose: Floats
    """(n,) share of the output that ``ties`` may take."""
    accessible: Floats
    """(n,) share the focal buyer could buy once qualified, before any tie of ``ties``."""
    loose_accessible: Floats
    """(n,) part of it that is loose."""
    loose_taken: Floats
    """(n, B) part of ``taken`` that is loose."""
    loose_waiting: Floats
    """(n, B) part of ``waiting`` that is loose."""
    elsewhere: Floats
    """(B,) where output tied to the focal buyer goes until that buyer accepts it."""
    ties: tuple[Tie, ...] = ()
    """Ties signed on a day, settled against ``loose`` (``offtake.settle``)."""

    def at(self, day: float, ready: Mask | bool) -> Floats:
        """(n, B) where a tonne made on ``day`` goes; ``ready`` (n,) is whether the focal buyer accepts it by then."""
        sold = _either(ready, self.taken, self.waiting)
        if not self.ties:
            return sold
        held = total(self.ties, day)
        part = held / np.maximum(self.loose, _TINY)
        sold = sold - part[:, None] * _either(ready, self.loose_taken, self.loose_waiting)
        for tie in self.ties:
            goes = _either(ready, tie.columns[None, :], self.elsewhere[None, :]) if tie.focal else tie.columns[None, :]
            sold = sold + tie.held(day)[:, None] * goes
        return np.maximum(sold, 0.0)

    def open_to_focal(self, day: float, ready: Mask | bool) -> Floats:
        """(n,) share of a tonne made on ``day`` that the focal buyer could have: tied to it, or free to compete for."""
        share = self.accessible
        if self.ties:
            lost = total(self.ties, day) / np.maximum(self.loose, _TINY) * self.loose_accessible
            share = np.maximum(share - lost + total([tie for tie in self.ties if tie.focal], day), 0.0)
        return share * ready


def _either(ready: Mask | bool, accepted: Floats, waiting: Floats) -> Floats:
    """(n, B) what holds where the focal buyer accepts the output, and what else."""
    if isinstance(ready, bool):
        return accepted if ready else waiting
    return np.where(ready[:, None], accepted, waiting)


@dataclass(slots=True, eq=False)
class NewCapacity:
    """One project in the model."""

    plant: Plant
    producer: int
    start: Floats
    """(n,) first day of output; +inf if never."""
    qualified: Floats
    """(n,) first day the focal buyer accepts it."""
    capacity: Floats
    """(n,) design output, t/yr."""
    curve: tuple[tuple[float, float], ...] | None
    """Ramp-up points (months, fraction) from month 0 on; None for full output at once."""
    sold_to: Outlets
    closes: Floats | None = None
    """(n,) first day without the plant; None for never."""
    now: Floats = field(init=False)
    """(n,) present output, t/day; set at each review."""
    runs: bool = field(init=False, default=False)
    """Whether there is any now, in any replication of the block."""
    ready: Mask | bool = field(init=False, default=False)
    """(n,) whether the focal buyer accepts it now; the answer alone where it is the same wherever it ever starts."""
    first: float = field(init=False)
    """Earliest first day of output in any replication of the block."""
    first_qualified: float = field(init=False)
    """Earliest first day on which the focal buyer accepts it."""
    _last_qualified: float = field(init=False)
    _nothing: Floats = field(init=False)
    _ramp: tuple[Floats, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Nothing runs yet."""
        self.now = self._nothing = np.zeros(self.start.shape)
        self._ramp = tuple(np.array(self.curve or ()).T)
        self._date()

    def _date(self) -> None:
        """Find the days before which there is nothing to work out."""
        qualified = self.qualified[np.isfinite(self.start)]
        self.first = float(self.start.min())
        self.first_qualified = float(qualified.min(initial=np.inf))
        self._last_qualified = float(qualified.max(initial=-np.inf))

    def review(self, day: float) -> None:
        """Set what it makes, and whether the focal buyer accepts it, on ``day``."""
        if day < self.first:
            self.runs, self.now = False, self._nothing
            return
        self.runs, self.now = True, self.output(day) / DAYS_PER_YEAR
        if not self.first_qualified <= day < self._last_qualified:
            self.ready = day >= self.first_qualified
        else:
            self.ready = day >= self.qualified

    def output(self, day: float) -> Floats:
        """(n,) design output reached on ``day``, t/yr."""
        if self.curve is None:
            output = np.where(day >= self.start, self.capacity, 0.0)
        else:
            months, reached = self._ramp
            output = self.capacity * np.interp((day - self.start) / DAYS_PER_MONTH, months, reached, left=0.0)
        return output if self.closes is None else np.where(day < self.closes, output, 0.0)


def outlets(stage: Stage, plant: Plant, focal: str, tied: Floats, accessible: float) -> Outlets:
    """Outlets of new output at a stage.

    Parameters
    ----------
    stage
        The stage at which it is made; its buyers are the columns.
    plant
        Where it is made, and the share that Chinese owners or contracts hold.
    focal
        Focal region.
    tied
        (n,) share tied to the focal buyer from the first day, 0 to 1; Chinese offtake comes first.
    accessible
        Share of the rest that the focal buyer could buy at all, 0 to 1.
    """
    in_china = np.array([region_of(b) == CHINA for b in stage.buyers])
    in_focal = np.array([at_home(b, focal) for b in stage.buyers])
    china_share = np.full(tied.shape, plant.china_offtake) if in_china.any() else np.zeros_like(tied)
    rest = 1.0 - china_share
    contract = np.minimum(tied, rest) if in_focal.any() else np.zeros_like(tied)
    domestic = at_home(plant.country, focal) and in_focal.any()
    to_focal = rest * accessible if domestic else contract
    free = rest - to_focal
    outside = ~in_focal if (~in_focal).any() else np.ones_like(in_focal)
    elsewhere = spread(stage, outside)
    open_ = accessible * spread(stage, np.ones_like(in_focal)) + (1.0 - accessible) * elsewhere
    held_back = outer(china_share, spread(stage, in_china))
    own = np.array([b == focal for b in stage.buyers])
    # What is tied to a company is not its country's; a producer at home serves the whole country first.
    served = own if own.any() and focal not in REGIONS and not domestic else in_focal
    home = outer(to_focal, spread(stage, served))
    at_large = outer(free, open_)
    # Serving the own economy first is a habit, not a contract: a tie may take that share too.
    loose = rest if domestic else free
    return Outlets(
        taken=held_back + home + at_large,
        waiting=held_back + outer(rest, elsewhere),
        loose=loose,
        accessible=to_focal + free * accessible,
        loose_accessible=(to_focal if domestic else 0.0) + free * accessible,
        loose_taken=home + at_large if domestic else at_large,
        loose_waiting=outer(loose, elsewhere),
        elsewhere=elsewhere,
    )
