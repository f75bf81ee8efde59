"""A new licence regime against the record of that on gallium and germanium of August 2023 (Chinese customs)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator import Scenario
from simulator.domain.places import CHINA
from simulator.experiment.points import input_values
from simulator.experiment.streams import BlockDraws
from simulator.model import trade
from simulator.model.surroundings import Surroundings
from simulator.model.world import World
from simulator.scenario import resolve

Floats = NDArray[np.float64]
N = 64
NAMES = ("gallium", "germanium")
BEGINS, MONTH = 60.0, 365.25 / 12
"""2026-01-05, days from the start; days of a month."""


def exports(directory: Path, **event: Any) -> Mapping[str, Mapping[float, Floats]]:
    """Commodity -> review -> (n,) tonnes that left China, all stages together; no control but ``event``."""
    file = directory / "free.yaml"
    file.write_text("name: No controls\nstart: 2025-11-06\nspin_up: 2024-07-01\n")
    scenario = Scenario.load(file)
    case = resolve(scenario.with_event(**event) if event else scenario, NAMES)
    world = World(Surroundings(case, BlockDraws(0, np.arange(N), input_values(case.inputs, N, 0))))
    left: dict[str, dict[float, Floats]] = {name: {} for name in NAMES}
    book = trade.book

    def watched(market: Any, flow: Floats, *rest: Any) -> None:
        (chain,) = (chain for chain in world.chains if market in chain.markets)
        p = market.stage.producers.index(CHINA)
        day = float(world.env.now)
        abroad = (flow[p] * market.foreign[p][:, None]).sum(axis=0)
        left[chain.chain.commodity][day] = left[chain.chain.commodity].get(day, 0.0) + abroad
        book(market, flow, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trade, "book", watched)
        world.run(np.arange(N))
    return left


@pytest.fixture(scope="module")
def by_month(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Floats]:
    """Commodity -> (months, n) exports of the first 18 months under licence, over those without any control."""
    directory = tmp_path_factory.mktemp("licences")
    free = exports(directory)
    terms = {"id": "licences", "type": "export_licensing", "imposer": CHINA, "target": "ALL"}
    held = exports(directory, **terms, commodities=list(NAMES), at="2026-01-05")
    result = {}
    for name in NAMES:
        days = np.array(list(free[name]))
        usual, under = (np.array(list(run[name].values())) for run in (free, held))
        month = np.floor((days - BEGINS) / MONTH)
        normal = usual[(month >= -6) & (month < 0)].mean(axis=0)
        result[name] = np.stack([under[month == m].mean(axis=0) / normal for m in range(18)])
    return result


@pytest.mark.parametrize("commodity", NAMES)
def test_hardly_anything_leaves_in_the_first_month(by_month: Mapping[str, Floats], commodity: str) -> None:
    assert by_month[commodity][0].mean() < 0.1


@pytest.mark.parametrize("commodity", NAMES)
def test_half_of_a_normal_month_leaves_again_in_the_fifth(by_month: Mapping[str, Floats], commodity: str) -> None:
    """Within a month of what customs figures show: December 2023 was the fifth month."""
    first = (by_month[commodity] >= 0.5).argmax(axis=0) + 1.0
    assert (by_month[commodity] >= 0.5).any(axis=0).mean() > 0.95
    assert np.median(first) == pytest.approx(5.0, abs=1.0)


@pytest.mark.parametrize("commodity", NAMES)
def test_the_second_year_lies_between_the_two_on_record(by_month: Mapping[str, Floats], commodity: str) -> None:
    """Of normal exports 99 % of gallium and 43 % of germanium left China in 2024."""
    year = np.median(by_month[commodity][5:17].mean(axis=0))
    assert 0.43 <= year <= 0.99
