"""What each future would have shown in the place of an observation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.domain.observations import WORLD, Observation
from simulator.domain.places import at_home
from simulator.domain.traces import ChainTrace, Trace
from simulator.metrics.windows import Windows, added, at, during, share

if TYPE_CHECKING:
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]

STEP_DAYS: Final = 7.0
"""Days between the prices of which an average is made."""


def predictions(trace: Trace, case: Case) -> dict[str, Floats]:
    """Return what each future gives for the observations of a trace's commodities: key -> (n,), in their unit."""
    chains = {chain.commodity: chain for chain in trace.chains}
    commodities = {name.partition(":")[0] for name in chains}
    found = {}
    for observation in case.observations:
        name = ":".join(part for part in (observation.commodity, observation.stage) if part)
        if observation.commodity in commodities:
            found[observation.key] = predicted(chains[name], observation, case)
    return found


def predicted(trace: ChainTrace, observation: Observation, case: Case) -> Floats:
    """Return (n,) what each replication of a block gives for one observation.

    Amounts and shares are sums over the period, as customs count what landed in it; stocks are those at its end;
    prices its average. An origin of which the model knows no producer sends nothing; a share of no imports is 0.
    """
    end = float(case.day(observation.period_end)) + 1.0
    windows = Windows((end,), float(observation.days), focal=case.focal)
    match observation.measure:
        case "imports":
            return _imports(trace, windows, observation.origin)
        case "import_share":
            whole = _imports(trace, windows, WORLD)
            return np.nan_to_num(share(_imports(trace, windows, observation.origin), whole))
        case "consumption":
            return during(trace.consumed, trace.days, windows)[:, 0]
        case "stocks":
            return at(trace.stock, trace.days, (end,))[:, 0]
        case _:
            series = trace.price_china if observation.measure == "price_index_china" else trace.price_world
            count = max(round(observation.days / STEP_DAYS), 1)
            middles = end - observation.days * (np.arange(count) + 0.5) / count
            return np.asarray(at(series, trace.days, middles).mean(axis=1))


def _imports(trace: ChainTrace, windows: Windows, origin: str) -> Floats:
    landed = during(trace.landed, trace.days, windows)
    if origin == WORLD:
        wanted = [not at_home(name, windows.focal) for name in trace.origins]
    else:
        wanted = [name == origin for name in trace.origins]
    return added(landed, np.array(wanted, dtype=bool))[:, 0]


def usual_amount(observation: Observation, case: Case) -> float:
    """Return what the base year's flows give for an observation: the scale of an amount, 1 for shares and prices."""
    if observation.unit != "t":
        return 1.0
    chain = next(chain for chain in case.chains if chain.commodity == observation.commodity)
    names = [stage.name for stage in chain.stages]
    stage = chain.stages[names.index(observation.stage) if observation.stage else chain.verdict_stage]
    column = stage.flows[:, stage.regions.index(case.focal)]
    if observation.measure == "imports":
        column = column[[not at_home(name, case.focal) for name in stage.producers]]
    days = observation.days if observation.measure != "stocks" else 365.25 / 12.0
    return float(column.sum()) * days / 365.25
