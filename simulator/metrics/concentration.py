"""How concentrated supply is over countries."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.domain.places import CHINA, REST, at_home
from simulator.domain.traces import REROUTED, ChainTrace
from simulator.metrics.registry import metric
from simulator.metrics.windows import Windows, added, during, share

Floats = NDArray[np.float64]

NOT_ONE_COUNTRY: Final = frozenset({REST, REROUTED, ""})
"""Origins that stand for several countries, or for none."""


@metric(unit="1", better="lower")
def hhi(trace: ChainTrace, windows: Windows) -> Floats:
    """Herfindahl-Hirschman index of landed tonnes over declared origins.

    The sum of squared shares, home deliveries included: ``1 / n`` when ``n`` origins land equal amounts,
    1 when one lands everything. The unnamed rest of the world counts as one origin, an upper bound.

    Parameters
    ----------
    trace
        A block of replications; ``landed`` holds cumulative tonnes by declared origin.
    windows
        Windows, in days from the scenario's start.

    Returns
    -------
    Floats
        (n, M), dimensionless, in [1 / origins, 1]; ``nan`` where nothing landed in the window.

    Notes
    -----
    Times 10,000 it has the scale of the U.S. merger guidelines, where a market above 1,800 counts as
    highly concentrated [1]_.

    References
    ----------
    .. [1] U.S. Department of Justice and Federal Trade Commission (2023). *Merger Guidelines*, section 2.1.

    Examples
    --------
    Two equal origins, one of which falls silent in the second quarter:

    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(days=[0, 90, 180], origins=("CHN", "KAZ"), landed=[[[0, 0], [30, 30], [60, 30]]])
    >>> hhi(trace, Windows((90.0, 180.0)))
    array([[0.5, 1. ]])
    """
    landed = during(trace.landed, trace.days, windows)
    shares = share(landed, added(landed)[:, :, None])
    return added(np.square(shares, out=shares))


@metric(unit="1", better="lower", axis="stages")
def stage_china_share(trace: ChainTrace, windows: Windows) -> Floats:
    """Share of the focal economy's consumption that passed China at each modelled stage.

    Parameters
    ----------
    trace
        A block of replications; ``exposed_by_stage`` and ``consumed`` are cumulative tonnes.
    windows
        Windows, in days from the scenario's start.

    Returns
    -------
    Floats
        (n, M, S), dimensionless, in [0, 1]; ``nan`` where nothing was consumed in the window.

    Notes
    -----
    The stages of one tonne overlap: the shares add to more than the China-exposed share, which is at
    least the largest of them. By stage, as the Critical Raw Materials Act looks at supply [1]_.

    References
    ----------
    .. [1] Regulation (EU) 2024/1252, article 5.

    Examples
    --------
    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(
    ...     days=[0, 90], stages=("mine", "refinery"), consumed=[[0, 10]], exposed_by_stage=[[[0, 0], [2, 9]]]
    ... )
    >>> stage_china_share(trace, Windows((90.0,)))
    array([[[0.2, 0.9]]])
    """
    return share(
        during(trace.exposed_by_stage, trace.days, windows), during(trace.consumed, trace.days, windows)[:, :, None]
    )


@metric(unit="1", better="lower")
def top_country_share(trace: ChainTrace, windows: Windows) -> Floats:
    """Largest share of any single third country at any modelled stage.

    At the judged stage by declared origin of everything landed, home deliveries in the denominator;
    upstream by the two countries whose tonnes are followed, China and the largest producer
    outside it, over consumption. Third countries are all but the focal one; neither
    the unnamed rest nor the countries that re-routed flows pass are one country.

    Parameters
    ----------
    trace
        A block of replications.
    windows
        Windows, in days from the scenario's start, and the focal country.

    Returns
    -------
    Floats
        (n, M), dimensionless, in [0, 1]; ``nan`` where nothing landed and nothing was consumed.

    Notes
    -----
    The Act sets 0.65 of annual consumption of each strategic raw material at any relevant stage [1]_. A third
    country that is neither China nor the largest other producer cannot be seen upstream.

    References
    ----------
    .. [1] Regulation (EU) 2024/1252, article 5(1)(b).

    Examples
    --------
    Landings are diverse, yet every tonne was mined in one country:

    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(
    ...     days=[0, 90], stages=("mine", "refinery"), origins=("CHN", "KAZ"), landed=[[[0, 0], [5, 5]]],
    ...     consumed=[[0, 10]], runner_up=("COD", "KAZ"), runner_up_by_stage=[[[0, 0], [10, 5]]],
    ... )
    >>> top_country_share(trace, Windows((90.0,)))
    array([[1.]])
    """
    largest = np.full((len(trace.lots), len(windows.end_days)), np.nan)
    for tonnes, whole in largest_third_countries(trace, windows):
        # A share that cannot be computed is no evidence of any; only where none can, the answer is nan.
        largest = np.fmax(largest, share(tonnes, whole))
    return largest


def largest_third_countries(trace: ChainTrace, windows: Windows) -> Iterator[tuple[Floats, Floats]]:
    """Yield tonnes of the largest third country, and of all countries: (n, M) each; at the judged stage, and upstream.

    Countries are those of ``top_country_share``: declared origins at the judged stage, then China and the largest
    other producers at the stages before it.
    """

    def third(country: str) -> bool:
        return country not in NOT_ONE_COUNTRY and not at_home(country, windows.focal)

    landed = during(trace.landed, trace.days, windows)
    origins = [landed[:, :, k] for k, origin in enumerate(trace.origins) if third(origin)]
    if origins:
        yield reduce(np.maximum, origins), added(landed)
    upstream = len(trace.stages) - 1 if windows.judged_stage is None else windows.judged_stage
    passed = []
    if windows.focal != CHINA:
        china = during(trace.exposed_by_stage, trace.days, windows)
        passed += [china[:, :, stage] for stage in range(upstream)]
    other = during(trace.runner_up_by_stage, trace.days, windows)
    passed += [other[:, :, stage] for stage, country in enumerate(trace.runner_up[:upstream]) if third(country)]
    if passed:
        yield reduce(np.maximum, passed), during(trace.consumed, trace.days, windows)
