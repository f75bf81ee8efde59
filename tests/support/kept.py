"""Two small runs on the same futures, made once for all tests that read or draw them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from simulator import Result, Scenario, run

SCENARIOS = Path(__file__).parents[2] / "scenarios"
COMMODITIES = ("antimony", "gallium")
REPLICATIONS = 64


@cache
def baseline() -> Result:
    """The baseline."""
    return run(SCENARIOS / "baseline.yaml", replications=REPLICATIONS, commodities=COMMODITIES)


@cache
def banned() -> Result:
    """The same with an antimony ban."""
    scenario = Scenario.load(SCENARIOS / "baseline.yaml", ["name=Ban of antimony"])
    ban = {"type": "export_ban", "imposer": "CHN", "target": "USA", "commodities": ["antimony"], "at": "+3mo"}
    return run(scenario.with_event(**ban), replications=REPLICATIONS, commodities=COMMODITIES)


@cache
def hostile() -> Result:
    """A run whose name would do harm where it is taken for markup."""
    scenario = Scenario.load(
        SCENARIOS / "baseline.yaml", ["name=<script>alert(1)</script>", "question=<b>$x$ & </style>"]
    )
    return run(scenario, replications=16, commodities=("gallium",))
