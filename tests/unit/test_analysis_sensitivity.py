"""Sensitivity: known functions get their indices, inputs without influence stay within noise, a known box is found."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simulator.analysis.input_designs import inputs_of
from simulator.analysis.intervals import Estimate
from simulator.analysis.prim import everywhere, find_box, peeled, quasi_p
from simulator.analysis.ranks import null_band, rank_correlations
from simulator.analysis.sensitivity import Sensitivity, sensitivity
from simulator.analysis.sobol import noise_floor, sobol_indices, sources_of_variance
from simulator.domain.facts import UncertainInput
from simulator.errors import UsageError
from simulator.experiment.points import input_uniforms
from simulator.report.document import text
from simulator.report.sensitivity_document import sensitivity_document
from simulator.report.sensitivity_text import sensitivity_text
from simulator.scenario import load, resolve

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"
N = 4096


def uniforms(count: int, first: int, number: int) -> np.ndarray:
    items = [UncertainInput(f"u{d}", d, 0.05, 0.5, 0.95, "1", "test", "assumed") for d in range(first, first + number)]
    return np.stack(list(input_uniforms(items, count, 0).values()), axis=1)


def ishigami(u: np.ndarray) -> np.ndarray:
    x = np.pi * (2.0 * u - 1.0)
    return np.asarray(np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))


def mixed(a: np.ndarray, b: np.ndarray) -> list[np.ndarray]:
    return [np.where(np.arange(a.shape[1]) == i, b, a) for i in range(a.shape[1])]


def holds(item: Estimate, truth: float, slack: float = 0.02) -> bool:
    return item.low - slack <= truth <= item.high + slack and abs(item.value - truth) < 0.05


def test_ishigamis_indices_are_found_and_an_input_it_does_not_read_gets_none() -> None:
    both = uniforms(N, 0, 8)
    a, b = both[:, :4], both[:, 4:]
    found = sobol_indices(ishigami(a), ishigami(b), np.stack([ishigami(one) for one in mixed(a, b)]))
    for item, truth in zip(found.first, (0.3139, 0.4424, 0.0, 0.0), strict=True):
        assert holds(item, truth)
    for item, truth in zip(found.total, (0.5576, 0.4424, 0.2437, 0.0), strict=True):
        assert holds(item, truth)
    assert (found.first[3].value, found.total[3].value) == (0.0, 0.0)


def test_the_g_functions_indices_are_found() -> None:
    """Saltelli and Sobol's product of |4 x - 2| terms, whose indices are known for any weights."""
    weights = np.array([0.0, 1.0, 4.5, 9.0])

    def g(u: np.ndarray) -> np.ndarray:
        return np.asarray(np.prod((np.abs(4.0 * u - 2.0) + weights) / (1.0 + weights), axis=1))

    parts = 1.0 / (3.0 * (1.0 + weights) ** 2)
    variance = np.prod(1.0 + parts) - 1.0
    both = uniforms(N, 0, 8)
    a, b = both[:, :4], both[:, 4:]
    found = sobol_indices(g(a), g(b), np.stack([g(one) for one in mixed(a, b)]))
    for i in range(4):
        assert holds(found.first[i], parts[i] / variance)
        assert holds(found.total[i], parts[i] * np.prod(1.0 + np.delete(parts, i)) / variance)


def test_common_chance_moves_no_index_and_the_dummys_total_is_what_chance_does() -> None:
    both = uniforms(N, 0, 8)
    a, b = both[:, :4], both[:, 4:]
    chance, other = 2.0 * np.random.default_rng(1).normal(size=(2, N))
    noise = np.full(N, 4.0)
    designs = np.stack([ishigami(one) + chance for one in mixed(a, b)])
    fa, fb = ishigami(a) + chance, ishigami(b) + chance
    for item, truth in zip(sobol_indices(fa, fb, designs, noise).total, (0.5576, 0.4424, 0.2437, 0.0), strict=True):
        assert abs(item.value - truth) < 0.08
    floor = noise_floor(fa, fb, ishigami(a) + other, noise)
    assert abs(floor.total[0].value - 4.0 / 13.845) < 0.05
    assert floor.first[0].low <= 0.0 <= floor.first[0].high


def test_inputs_that_nobody_reads_stay_within_the_band_and_the_one_that_acts_passes_it() -> None:
    x = uniforms(512, 0, 20)
    y = x[:, 3] + np.random.default_rng(2).normal(size=512)
    band = null_band(uniforms(512, 20, 1000), y, 20)
    found = rank_correlations(x, y)
    assert [k for k, item in enumerate(found) if abs(item.value) > band] == [3]
    assert found[3].low < found[3].value < found[3].high


@pytest.mark.parametrize("sd", [0.0, 1.0])
def test_variance_is_split_as_it_was_made(sd: float) -> None:
    rng = np.random.default_rng(3)
    found = sources_of_variance(sd * rng.normal(size=(256, 1)) + 2.0 * rng.normal(size=(256, 16)))
    truth = sd**2 / (sd**2 + 4.0)
    assert found.epistemic.low <= truth <= found.epistemic.high
    assert found.aleatory_variance == pytest.approx(4.0, rel=0.1)


def test_a_known_box_is_found_and_noise_has_none() -> None:
    rng = np.random.default_rng(4)
    x = rng.random((1024, 8))
    happens = (x[:, 2] > 0.6) & (x[:, 5] < 0.5)
    box = find_box(x, happens)
    assert box.limited == (2, 5)
    assert box.low[2] == pytest.approx(0.6, abs=0.03)
    assert box.high[5] == pytest.approx(0.5, abs=0.03)
    assert find_box(x, rng.random(1024) < 0.4).limited == ()


def test_the_first_peel_is_the_one_counted_by_hand() -> None:
    """Of 40 futures in a row the last 10 are flagged: two (a twentieth) go from the low end, 10 of 38 are left."""
    x = np.arange(40.0)[:, None]
    happens = x[:, 0] >= 30
    first = list(peeled(x, happens))[1]
    assert first.low[0] == 1.5
    assert np.isposinf(first.high[0])
    inside = everywhere(1).with_limits(0, 29.5, np.inf)
    assert quasi_p(inside, 0, x, happens) == pytest.approx(0.25**10)


@cache
def gallium(jobs: int = 1) -> Sensitivity:
    return sensitivity(BASELINE, commodities=["gallium"], replications=32, points=32, jobs=jobs)


def test_workers_change_nothing() -> None:
    one, two = (
        text({**sensitivity_document(gallium(jobs), wall_s=0.0, jobs=jobs), "execution": None}) for jobs in (1, 2)
    )
    assert one == two


def test_inputs_of_other_commodities_are_left_out_and_told_of() -> None:
    case = resolve(load(BASELINE), ["gallium"])
    assert {item.name.rpartition("/")[2] for item in inputs_of(case)} == {"ALL", "gallium"}
    (item,) = gallium().commodities
    assert item.left_out + len(item.correlations) == len(case.inputs)
    assert len(item.bars) == len(item.correlations)
    assert gallium().complete


def test_a_target_missed_in_all_futures_is_told_plainly() -> None:
    told = " ".join(sensitivity_text(gallium()).split())
    assert "The target is missed in all 32 futures" in told
    assert max(len(line) for line in sensitivity_text(gallium()).splitlines()) <= 124


def test_unknown_names_are_refused_with_what_is_known() -> None:
    with pytest.raises(UsageError, match="did you mean 'reliance'"):
        sensitivity(BASELINE, yardstick="relience")
    with pytest.raises(UsageError, match="points must be"):
        sensitivity(BASELINE, points=20)
