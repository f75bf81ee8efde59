"""What a run says about observed series, before any noise: a value for each observation and replication."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.past.series import Series
from simulator.domain.chain import Chain
from simulator.domain.traces import Trace
from simulator.metrics.windows import at
from simulator.scenario.case import Case

Floats = NDArray[np.float64]
Mean = Callable[[date, date], Floats]
"""Mean level (n,) from a first to a last day: tonnes a day of a flow, index of a price, percent of a share."""

SETTLING: Final = timedelta(days=90)
"""First days of the clock that no level is taken from."""
_YEAR: Final = timedelta(days=365)
_POINTS: Final = 9
_TINY: Final = 1e-300


@dataclass(frozen=True, slots=True)
class Levels:
    """Reads mean levels of a series off the trace of a block."""

    case: Case
    trace: Trace

    def of(self, series: Series) -> Mean:
        """Return the function from a period to the mean level of a series in it."""
        if series.kind in ("exports", "imports"):
            return self.flow(series.id)
        if series.kind == "consumption":
            return self.flow(f"used/{series.commodity}")
        if series.kind == "import_share":
            part, whole = self.flow(series.id), self.flow(f"{series.id}/all")
            return lambda first, last: 100.0 * part(first, last) / np.maximum(whole(first, last), _TINY)
        if series.kind == "unit_value":
            return self._landed_price(series)
        if series.kind == "price_china":
            return self._price(f"price_china/{series.commodity}", timedelta(0))
        return self._price(self._product(series), timedelta(0))

    def usual_window(self) -> tuple[date, date]:
        """Last year of the clock before the start, without its first days."""
        return max(self.case.spin_up + SETTLING, self.case.start - _YEAR), self.case.start - timedelta(days=1)

    def flow(self, name: str) -> Mean:
        """Return the function from a period to the mean tonnes a day of a metered flow in it."""
        series, days = self.trace.metered[name], self.trace.review_days

        def mean(first: date, last: date) -> Floats:
            ends = [self.case.day(first) - 1, self.case.day(last)]
            both = at(series, days, ends)
            return np.asarray((both[:, 1] - both[:, 0]) / ((last - first).days + 1))

        return mean

    def _price(self, name: str, lag: timedelta) -> Mean:
        series, days = self.trace.metered[name], self.trace.review_days

        def mean(first: date, last: date) -> Floats:
            points = np.linspace(self.case.day(first - lag), self.case.day(last - lag), _POINTS)
            return np.asarray(at(series, days, points).mean(axis=1))

        return mean

    def _product(self, series: Series) -> str:
        """Name of the price of a series' product: of the last stage it names, else of the one that is judged."""
        (chain,) = (chain for chain in self.case.chains if chain.commodity == series.commodity)
        stage = series.stages[-1] if series.stages else chain.stages[chain.verdict_stage].name
        return f"price_world/{series.commodity}/{stage}"

    def _landed_price(self, series: Series) -> Mean:
        """What imports cost: contracts at the mean price of the year before they left, the rest at that day's."""
        spot = self._price(self._product(series), self._lag(series))
        name = f"contract_share/{series.commodity}"
        contract = next(item.median for item in self.case.inputs if item.name == name)

        def mean(first: date, last: date) -> Floats:
            year = spot(max(first - _YEAR, self.case.spin_up), last)
            return np.asarray((1.0 - contract) * spot(first, last) + contract * year)

        return mean

    def _lag(self, series: Series) -> timedelta:
        """Mean time on the way to the buyer: what lands was priced when it left."""
        (chain,) = (chain for chain in self.case.chains if chain.commodity == series.commodity)
        return timedelta(days=transit_days(chain, series.destinations[0]))


def transit_days(chain: Chain, buyer: str) -> int:
    """Mean days on the way to a region at the stage its consumption is judged at; 0 where it buys nothing there."""
    stage = chain.stages[chain.verdict_stage]
    return round(float(stage.lag_days[stage.regions.index(buyer)])) if buyer in stage.regions else 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Noise-free predictions of a block."""

    series: dict[str, Floats]
    """Series -> (n, T) mean level in the period of each observation after the start, in the model's own unit."""
    usual: dict[str, Floats]
    """Series -> (n,) mean level before the start."""
    whole: dict[str, Floats]
    """Share of imports -> (n, 1 + T) the imports it is a share of, tonnes a day: before the start, then by
    observation."""
    targets: dict[str, Floats]
    """Calibration target -> (n,) predicted value."""


def joined(parts: Sequence[Measured]) -> Measured:
    """Join blocks in replication order."""
    return Measured(
        {name: np.concatenate([part.series[name] for part in parts]) for name in parts[0].series},
        {name: np.concatenate([part.usual[name] for part in parts]) for name in parts[0].usual},
        {name: np.concatenate([part.whole[name] for part in parts]) for name in parts[0].whole},
        {name: np.concatenate([part.targets[name] for part in parts]) for name in parts[0].targets},
    )


def measured_series(
    levels: Levels, series: Sequence[Series]
) -> tuple[dict[str, Floats], dict[str, Floats], dict[str, Floats]]:
    """Return each series' levels in the observed periods and before the start, and what shares are shares of."""
    found, usual, whole = {}, {}, {}
    for item in series:
        mean = levels.of(item)
        columns = [mean(seen.period_start, seen.period_end) for seen in item.after]
        found[item.id] = np.stack(columns, axis=1)
        usual[item.id] = mean(*levels.usual_window())
        if item.kind == "import_share":
            total = levels.flow(f"{item.id}/all")
            periods = [levels.usual_window(), *((seen.period_start, seen.period_end) for seen in item.after)]
            whole[item.id] = np.stack([total(*period) for period in periods], axis=1)
    return found, usual, whole
