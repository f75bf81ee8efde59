"""Cost of the simulator against two yardsticks of the same machine: plain SimPy and bare NumPy.

``python -m tests.benchmarks`` prints one JSON document; ``--quick`` takes fewer replications. All times are CPU
seconds of the process that does the work, without the imports of libraries. Absolute times depend on
the machine and its load; the ratios of one run are what the bounds are about.
"""

from __future__ import annotations

import argparse
import json
import pkgutil
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import simpy

from simulator import catalogue, instruments, metrics, model
from simulator.analysis import study
from simulator.domain.sampling import standard_normal
from simulator.experiment.blocks import LARGEST_BLOCK, run_case
from simulator.experiment.memory import narrow_buffers
from simulator.experiment.points import input_values
from simulator.scenario import load, resolve
from tests.benchmarks.bare import STEP, bare
from tests.benchmarks.decision import time_to_decision
from tests.benchmarks.idiomatic import lot_events
from tests.benchmarks.pairing import paired_variance
from tests.benchmarks.parts import by_part

ROOT = Path(__file__).parents[2]
BASELINE = ROOT / "scenarios" / "baseline.yaml"
BOUNDS = {
    "engine_over_bare_numpy": 2.5,
    "baseline_over_simpy": 8.0,
    "one_commodity_over_whole": 1 / 12,
    "dearest_commodity_over_whole": 1 / 12,
    "one_commodity_512_over_simpy": 0.3,
    "peak_rss_mib": 2048.0,
}
FIRST_BOUND = 15.0
"""What the whole baseline had to keep before it was profiled."""
PAIRED_VARIANCE, PART_OF_ALLOWED = 40.0, 0.5
"""Least ratio of independent to paired variance for the mean exposed share; least part of what is allowed for P."""
BARE_COMMODITY = "antimony"
SAME_WORK = (
    "a for-loop over the same reviews and stages of the same chain with the same array shapes and block size, doing "
    "draws, production, ordering, allocation, label mixing, dispatch, landing, consumption, price and record in plain "
    "NumPy; no SimPy, policies, projects, outages, government stock or checks, so the ratio bounds the overhead above"
)


def cpu(work: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def simpy_timeouts(total: int = 1_000_000, processes: int = 100) -> None:
    """``total`` times ``yield env.timeout(1)``, spread over processes."""

    def tick(env: simpy.Environment) -> Generator[simpy.Event, None, None]:
        for _ in range(total // processes):
            yield env.timeout(1)

    env = simpy.Environment()
    for _ in range(processes):
        env.process(tick(env))
    env.run()


def engine_over_bare(replications: int, repeats: int) -> dict[str, Any]:
    """(a): a one-commodity run without metrics over its bare array work, in turns, the median ratio."""
    case = resolve(load(BASELINE), [BARE_COMMODITY])
    chain = case.chains[0]
    reviews = (case.day(case.horizon) - case.day(case.spin_up)) // STEP
    blocks = range(0, replications, LARGEST_BLOCK)

    def engine() -> None:
        run_case(case, outcome=len_of, replications=replications, block_size=LARGEST_BLOCK)

    def bare_run() -> None:
        input_values(case.inputs, replications, 0)
        for first in blocks:
            bare(chain, case.focal, reviews, min(LARGEST_BLOCK, replications - first), seed=first)

    size = min(LARGEST_BLOCK, replications)
    with narrow_buffers(LARGEST_BLOCK):  # as the engine has them
        engine(), bare_run()
        parts = by_part(
            lambda: run_case(case, outcome=len_of, replications=size, block_size=size),
            lambda clock: bare(chain, case.focal, reviews, size, seed=0, lap=clock.lap),
        )
        pairs = [(cpu(engine), cpu(bare_run)) for _ in range(repeats)]
    ratio = statistics.median(a / b for a, b in pairs)
    return {
        "value": ratio,
        "commodity": BARE_COMMODITY,
        "engine_s": statistics.median(a for a, _ in pairs),
        "bare_s": statistics.median(b for _, b in pairs),
        "same_work": SAME_WORK,
        "parts": parts,
    }


def bare_baseline(replications: int) -> float:
    """CPU seconds of the bare array work of every commodity of the baseline, one after the other."""
    case = resolve(load(BASELINE), None)
    reviews = (case.day(case.horizon) - case.day(case.spin_up)) // STEP

    def work() -> None:
        for chain in case.chains:
            for first in range(0, replications, LARGEST_BLOCK):
                bare(chain, case.focal, reviews, min(LARGEST_BLOCK, replications - first), seed=first)

    with narrow_buffers(LARGEST_BLOCK):
        return cpu(work)


def len_of(trace: Any) -> int:
    """Reduce a block to nothing, so that metrics do not count."""
    return len(trace.replications)


def child(replications: int, commodities: list[str], screen: bool) -> dict[str, Any]:
    """Run in a process of its own, so that its peak memory and its caches are its own."""
    command = [sys.executable, "-m", "tests.benchmarks", "--child", "--replications", str(replications)]
    command += [item for name in commodities for item in ("--commodity", name)] + (["--screen"] if screen else [])
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def as_child(replications: int, commodities: list[str] | None, screen: bool) -> dict[str, Any]:
    """What ``simulator run`` does between its imports and its printing; then each commodity alone."""
    # A run imports what it needs when it needs it, and where no bytecode is kept that is a compilation.
    for package in (catalogue, instruments, model, metrics):
        for module in pkgutil.iter_modules(package.__path__):
            import_module(f"{package.__name__}.{module.name}")
    standard_normal(0.5)

    seconds = cpu(lambda: study.run(BASELINE, replications=replications, commodities=commodities))
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    alone = {}
    if screen:
        for chain in resolve(load(BASELINE), None).chains:
            name = chain.commodity
            alone[name] = cpu(lambda name=name: study.run(BASELINE, replications=replications, commodities=[name]))
    return {"seconds": seconds, "rss_mib": rss, "alone": alone}


def document(quick: bool) -> dict[str, Any]:
    """Measure everything."""
    replications = 256 if quick else 1024
    repeats = 1 if quick else 3
    reference = [cpu(simpy_timeouts) for _ in range(2)]
    a = engine_over_bare(replications, repeats)
    whole = child(replications, [], screen=True)
    reference.append(cpu(simpy_timeouts))
    simpy_s = statistics.median(reference)
    ranked = sorted(whole["alone"], key=whole["alone"].__getitem__)
    chosen = {"dearest": ranked[-1], "median": ranked[len(ranked) // 2]}
    alone = {
        what: {"commodity": name, "seconds": child(replications, [name], screen=False)["seconds"]}
        for what, name in chosen.items()
    }
    half = child(replications // 2, [chosen["median"]], screen=False)["seconds"]
    values: dict[str, dict[str, Any]] = {
        "engine_over_bare_numpy": a,
        "baseline_over_simpy": {"value": whole["seconds"] / simpy_s, "seconds": whole["seconds"]},
        "one_commodity_over_whole": {"value": alone["median"]["seconds"] / whole["seconds"], **alone["median"]},
        "dearest_commodity_over_whole": {"value": alone["dearest"]["seconds"] / whole["seconds"], **alone["dearest"]},
        "one_commodity_512_over_simpy": {"value": half / simpy_s, "commodity": chosen["median"], "seconds": half},
        "peak_rss_mib": {"value": whole["rss_mib"]},
    }
    for name, bound in BOUNDS.items():
        values[name] |= {"bound": bound, "within_bounds": bool(values[name]["value"] <= bound)}
    values["baseline_over_simpy"] |= {
        "first_bound": FIRST_BOUND,
        "within_first_bound": values["baseline_over_simpy"]["value"] <= FIRST_BOUND,
        "bare_numpy_over_simpy": bare_baseline(replications) / simpy_s,
    }
    values["one_commodity_over_whole"]["above_bound"] = {
        name: seconds / whole["seconds"]
        for name, seconds in whole["alone"].items()
        if seconds / whole["seconds"] > BOUNDS["one_commodity_over_whole"]
    }
    values["paired_variance"] = pairs = paired_variance(replications)
    free = pairs["rules_off"]
    parts = [lever["p_met"]["part_of_allowed"] for lever in free if lever["p_met"]["part_of_allowed"] is not None]
    pairs["within_bounds"] = (free[0]["mean_exposed_share"]["value"] or 0.0) >= PAIRED_VARIANCE and (
        min(parts, default=0.0) >= PART_OF_ALLOWED
    )
    values["lot_events_over_idiomatic_simpy"] = lot_events(replications, futures=2 if quick else 8)
    values["time_to_decision"] = time_to_decision(replications)
    return {
        "schema": "simulator.benchmark/1",
        "replications": replications,
        "quick": quick,
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "simpy_million_timeouts_s": simpy_s,
        **values,
        "within_bounds": all(item["within_bounds"] for item in values.values()),
    }


def main() -> None:
    """Print the document."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="256 replications, one repeat; bounds mean little")
    for hidden in ("--child", "--screen"):
        parser.add_argument(hidden, action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--replications", type=int, default=1024, help=argparse.SUPPRESS)
    parser.add_argument("--commodity", action="append", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    found = as_child(asked.replications, asked.commodity, asked.screen) if asked.child else document(asked.quick)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
