"""Time to a decision: replications needed for +-0.02 on P(met) and +-2 % on a mean, plain Monte Carlo against ours.

Plain means pseudo-random inputs: one sample of standard deviation ``s`` needs ``(1.96 s / h) ** 2`` replications for a
half-width ``h``. Ours means the points of a run, whose interval is Student's t over 16 randomisations; what counts is
the root mean square half-width over several seeds. Needed is the first of 16, 32, 64 ... at which it is within ``h``.
Both are measured as the model is, and with aleatory causes off: nothing strikes by chance, what is a matter of odds
comes true, and what takes a random time takes its median, so that only inputs differ.

The bound holds for means with aleatory causes off of which plain needs at least 320: of fewer, no run of 16, the least
there is, could be a twentieth. Every headline commodity is measured; ``met_by`` and ``missed_by`` say which means keep
the bound, ``too_easy`` which are not judged. As ours gets much better from one doubling to the next, ``at_same_width``
says what plain needs for the half-width that ours has come to by then, and ``plain_per_future`` how many plain futures
one of ours is worth in a run of all of them. ``not_additive`` is the part of the variance that inputs make together,
which nets of few points average hardly faster than chance does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.polynomial.legendre import legvander
from numpy.typing import NDArray

from simulator.domain.sampling import three_point
from simulator.experiment.points import RANDOMISATIONS, input_values
from simulator.experiment.streams import BlockDraws
from simulator.metrics.outcome import outcome
from simulator.model import simulate
from simulator.scenario import load, resolve
from simulator.scenario.case import Case

Floats = NDArray[np.float64]
BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"
MEANS = ("china_exposed_share", "days_of_cover")
P_HALF_WIDTH, MEAN_HALF_WIDTH = 0.02, 0.02
"""Absolute for P(met), a share of the mean for means."""
BOUND = 1 / 20
"""Ours over plain, for means with aleatory causes off."""
LEAST_PLAIN = RANDOMISATIONS / BOUND
"""What plain must need for the bound to be possible."""
SEEDS = 4
DEGREE, FOLDS = 3, 5
"""Of the polynomials in each input whose sum is fitted to a mean; parts of the futures, each left out of a fit once."""
Z95, T95 = 1.959964, 2.131450
"""97.5 % quantiles of the normal distribution and of Student's t with 15 degrees of freedom."""


class Calm(BlockDraws):
    """Draws with aleatory causes off.

    Odds are not drawn at their median: every plant would fail on the very day that the uncertain rate makes of it, and
    a branch would be taken or not as its uncertain probability lies on either side of a half, so that results would
    jump with inputs that move nothing but odds.
    """

    def uniform(self, cause: str, width: int) -> Floats:
        """(n, width) numbers: next to nothing where it says whether or when something strikes, else halves."""
        odds = cause.startswith(("outage/", "corridor/", "draw/")) or cause.endswith("/happens")
        return np.full((self.n, width), 2.0**-53 if odds else 0.5)


def time_to_decision(replications: int) -> dict[str, Any]:
    """Compare the replications needed, headline commodity by headline commodity."""
    scenario = load(BASELINE)
    names = [chain.commodity for chain in resolve(scenario, None).chains if chain.headline]
    items = [
        item
        for commodity in names
        for case in [resolve(scenario, [commodity])]
        for aleatory in (True, False)
        for item in _needed(case, commodity, aleatory, replications)
    ]
    means = [item for item in items if item["quantity"] in MEANS and not item["aleatory"]]
    judged = [item for item in means if "bound" in item]
    return {
        "half_widths": {"p_met": P_HALF_WIDTH, "mean": MEAN_HALF_WIDTH},
        "seeds": SEEDS,
        "replications_each": replications,
        "items": items,
        "best": min((item["ours_over_plain"] for item in judged), default=None),
        "met_by": [_named(item) for item in judged if item["within_bounds"]],
        "missed_by": [_named(item) for item in judged if not item["within_bounds"]],
        "too_easy": [_named(item) for item in means if "bound" not in item],
        "plain_per_future": {_named(item): item["plain_per_future"] for item in judged},
        "not_additive": {_named(item): item["not_additive"] for item in judged},
        "within_bounds": all(item["within_bounds"] for item in judged),
    }


def _named(item: dict[str, Any]) -> str:
    return f"{item['commodity']}/{item['quantity']}"


def _needed(case: Case, commodity: str, aleatory: bool, replications: int) -> list[dict[str, Any]]:
    plain = [_sample(case, replications, seed, aleatory, plain=True) for seed in range(2)]
    ours = [_sample(case, replications, seed, aleatory, plain=False) for seed in range(SEEDS)]
    items = []
    for name in ("p_met", *MEANS):
        values = np.concatenate([one[name] for one in plain])
        half = P_HALF_WIDTH if name == "p_met" else MEAN_HALF_WIDTH * abs(float(values.mean()))
        by_plain = max(1.0, (Z95 * float(values.std()) / half) ** 2)
        samples = [one[name] for one in ours]
        (by_ours, width, beyond), whole = _first_within(samples, half), _half_width(samples, replications)
        item: dict[str, Any] = {
            "commodity": commodity,
            "quantity": name,
            "aleatory": aleatory,
            "value": float(values.mean()),
            "plain": by_plain,
            "ours": by_ours,
            "ours_extrapolated": beyond,
            "ours_over_plain": by_ours / by_plain,
            "at_same_width": by_plain * (half / width) ** 2 if width > 0.0 else None,
            "plain_per_future": by_plain * (half / whole) ** 2 / replications if whole > 0.0 else None,
        }
        if name != "p_met" and not aleatory and by_plain >= LEAST_PLAIN:
            item |= {"bound": BOUND, "within_bounds": by_ours / by_plain <= BOUND}
            item["not_additive"] = _not_additive(np.concatenate([one["uniforms"] for one in plain]), values)
        items.append(item)
    return items


def _sample(case: Case, replications: int, seed: int, aleatory: bool, *, plain: bool) -> dict[str, Floats]:
    """(n,) values on the deadline; of plain ones also the (n, inputs) uniforms of the inputs of the commodity."""
    inputs, own = input_values(case.inputs, replications, seed), []
    if plain:
        random = np.random.default_rng([seed, 20251106])
        for i in case.inputs:
            u = random.random(replications)
            inputs[i.name] = three_point(u, i.low, i.median, i.high, i.minimum, i.maximum)
            if i.name.endswith(("/ALL", f"/{case.chains[0].commodity}")):
                own.append(u)
    chosen = np.arange(replications)
    draws = (BlockDraws if aleatory else Calm)(seed, chosen, inputs)
    found = outcome(simulate(case, draws, chosen), case)
    chain, deadline = found.chains[0], found.moment("deadline")
    return {
        "p_met": chain.met["reliance"][:, deadline].astype(float),
        **{name: chain.values[name][:, deadline] for name in MEANS},
        "uniforms": np.array(own).T,
    }


def _not_additive(uniforms: Floats, values: Floats) -> float:
    """Part of the variance of ``values`` (n,) that a sum of cubics of one input each does not foresee, out of sample.

    A little more than what no sum of functions foresees: cubics follow no kinks, and they are fitted to few futures.
    """
    powers = np.moveaxis(legvander(2.0 * uniforms - 1.0, DEGREE), -1, 1)[:, 1:]
    columns = np.column_stack([np.ones(len(values)), powers.reshape(len(values), -1)])
    missed = np.empty_like(values)
    for fold in range(FOLDS):
        out = np.arange(len(values)) % FOLDS == fold
        missed[out] = values[out] - columns[out] @ np.linalg.lstsq(columns[~out], values[~out])[0]
    return float(missed.var() / values.var())


def _first_within(samples: list[Floats], half: float) -> tuple[float, float, bool]:
    """Replications at which the interval is within ``half``, how wide it is, and whether they go beyond the sample.

    Beyond it the square root law is taken. Only sizes at which every randomisation is a whole Sobol net: 16, 32, 64 ...
    """
    rounds, width = 1, float("inf")
    while rounds * RANDOMISATIONS <= samples[0].size:
        count = rounds * RANDOMISATIONS
        width = _half_width(samples, count)
        # One point of each net says nothing of a thing that hardly ever happens.
        if width <= half and (width > 0.0 or count == samples[0].size):
            return float(count), width, False
        rounds *= 2
    return samples[0].size * (width / half) ** 2, half, True


def _half_width(samples: list[Floats], count: int) -> float:
    """Root mean square half-width of the interval of the first ``count`` replications, over the samples."""
    spread = [one[:count].reshape(-1, RANDOMISATIONS).mean(axis=0).var(ddof=1) for one in samples]
    return T95 * float(np.sqrt(np.mean(spread) / RANDOMISATIONS))
