"""Chains and scenarios drawn by hypothesis; flows close by construction."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import strategies as st

from simulator.domain.chain import Chain, GovernmentStock, Project, PurchasePlan, Stage
from simulator.instruments.base import Instrument
from simulator.instruments.demand_shock import DemandShock
from simulator.instruments.export_ban import ExportBan
from simulator.instruments.export_licensing import ExportLicensing
from simulator.instruments.outage import Outage
from simulator.instruments.project import Project as OwnProject
from simulator.instruments.suspension import Suspension
from tests.support import worlds

COUNTRIES = ("CHN", "TJK", "USA", "BEL", "KAZ", "OTH")
REGIONS = ("USA", "CHN", "EUU")
KINDS = ("mine", "smelter", "refinery")
SHARES = st.floats(0.0, 1.0, allow_subnormal=False)


def _days(draw: st.DrawFn, low: int, high: int) -> date:
    return date(2025, 11, 6) + timedelta(days=draw(st.integers(low, high)))


@st.composite
def chains(draw: st.DrawFn, commodity: str = "antimony") -> Chain:
    """One to three stages of two to five producers, built from consumption upwards."""
    count = draw(st.integers(1, 3))
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    stages: list[Stage] = []
    feed = np.zeros(0)
    processors: tuple[str, ...] = ()
    for s in reversed(range(count)):
        producers = COUNTRIES[: draw(st.integers(2, 5))] if draw(st.booleans()) else ("CHN", "USA", "OTH")
        last = s == count - 1
        regions = REGIONS if last else REGIONS[1 : 1 + draw(st.integers(0, 2))]
        columns = np.concatenate([seed.uniform(20.0, 500.0, len(regions)), feed])
        weights = seed.uniform(0.0, 1.0, (len(producers), columns.size)) ** 3 + 1e-3
        flows = weights / weights.sum(axis=0) * columns
        output = flows.sum(axis=1)
        scrap = output * seed.uniform(0.0, 0.6, output.size) * (draw(st.booleans()) if s else 0.0)
        yield_ = draw(st.floats(0.4, 1.0)) if s else 1.0
        tied = seed.uniform(0.0, 0.9, flows.shape) * flows / output[:, None] * draw(SHARES)
        ways = {
            c: (
                worlds.lane(
                    c, d := draw(st.floats(1.0, 80.0)), d * draw(st.floats(1.0, 3.0)), draw(st.floats(0.0, 2.0))
                ),
            )
            for c in producers
        }
        stages.insert(
            0,
            Stage(
                f"stage{s}", KINDS[s], producers, seed.integers(1, 9, output.size).astype(float), output,
                output * seed.uniform(1.0, 1.6, output.size), scrap, yield_, regions, columns[: len(regions)], flows,
                tied, seed.uniform(1.0, 90.0, columns.size), ways if last else {},
            ),
        )  # fmt: skip
        feed = (output - scrap) / yield_
        processors = producers
    assert processors
    inputs = {role: f"{role}/{commodity}" for role in worlds.ROLES} | {
        name.split("/")[0]: name for name in worlds.GLOBALS
    }
    stock = GovernmentStock(
        draw(st.floats(0.0, 100.0)), (PurchasePlan(draw(st.floats(0.0, 30.0)), "2024-10-01", "2026-10-01"),)
    )
    return Chain(
        commodity, commodity, "t", "B", True, "generated", tuple(stages), count - 1, (), False, 10.0, 2024, inputs,
        stock,
    )  # fmt: skip


@st.composite
def events(draw: st.DrawFn, chain: Chain) -> tuple[Instrument, ...]:
    """Controls of China, a truce, outages, a shock and an own project; any subset."""
    name = (chain.commodity,)
    found: list[Instrument] = []
    if draw(st.booleans()):
        found.append(
            ExportBan(
                id="ban", imposer="CHN", target=draw(st.sampled_from([("USA",), ("ALL",), ("USA", "EUU")])),
                commodities=name, announced=date(2025, 12, 1), at=_days(draw, 40, 400), leakage=draw(SHARES),
                covered_share=draw(SHARES),
            )
        )  # fmt: skip
        if draw(st.booleans()):
            found.append(
                Suspension(
                    id="truce", at=_days(draw, 0, 200), until=_days(draw, 201, 600), suspends=("ban",),
                    renewal_probability=0.5,
                )
            )  # fmt: skip
    if draw(st.booleans()):
        found.append(
            ExportLicensing(
                id="licences", imposer=draw(st.sampled_from(["CHN", "TJK"])), target=("ALL",), commodities=name,
                at=date(2024, 1, 1) if (old := draw(st.booleans())) else _days(draw, -300, 500), established=old,
                covered_share=draw(SHARES), approval_multiplier=draw(st.floats(0.0, 1.5)),
            )
        )  # fmt: skip
    if draw(st.booleans()):
        country = draw(st.sampled_from(["CHN", "USA", "TJK"]))
        found.append(
            Outage(
                id="strike", country=country, commodities=name, at=_days(draw, -200, 500), lost_share=draw(SHARES),
                duration_days=draw(st.floats(1.0, 400.0)),
            )
        )  # fmt: skip
    if draw(st.booleans()):
        found.append(
            DemandShock(
                id="shock", region="USA", commodities=name, at=_days(draw, 0, 400), factor=draw(st.floats(0, 3))
            )
        )
    if draw(st.booleans()):
        stage = draw(st.sampled_from(chain.stages))
        found.append(
            OwnProject(
                id="own", country=draw(st.sampled_from([c for c in stage.producers if c != "OTH"])),
                commodity=chain.commodity, stage=stage.name,
                capacity_t_per_year=draw(st.floats(0.0, 400.0)), at=_days(draw, 0, 500), probability=0.7,
                china_offtake_share=draw(SHARES), focal_offtake_share=draw(SHARES),
            )
        )  # fmt: skip
    return tuple(found)


@st.composite
def projects(draw: st.DrawFn, chain: Chain) -> tuple[Project, ...]:
    """Up to two projects of the catalogue's kind."""
    return tuple(
        worlds.project(
            f"plant{i}", commodity=chain.commodity, country=draw(st.sampled_from(stage.producers)), stage=stage.name,
            kind=stage.kind, gate=draw(st.sampled_from(["feasibility", "construction", "commissioning"])),
            capacity=draw(st.floats(0.0, 300.0)), announced=draw(st.sampled_from([None, "2026-02-01"])),
            china_offtake=draw(SHARES), accessible=draw(SHARES),
        )
        for i in range(draw(st.integers(0, 2)))
        for stage in [draw(st.sampled_from(chain.stages))]
    )  # fmt: skip
