"""Baselines on disk: read back whole, written the same way twice, and nothing else passes for one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from simulator.analysis.baselines import Baseline, Kpi
from simulator.errors import InputError, NotComparableError
from simulator.report.baseline_files import paths_of, read_baseline, with_materiality, write_baseline

ROOT = Path(__file__).parents[2]


def toy() -> Baseline:
    share = np.array([float(f"{value:.9g}") for value in np.linspace(0.1, 0.9, 16) ** 3])
    share[5] = np.nan
    kpis = (
        Kpi("gallium/met/reliance", "1", "higher", 0.02, np.zeros(16)),
        Kpi("gallium/china_exposed_share", "1", "lower", 0.01, share),
        Kpi("gallium/unmet_share", "1", "lower", 0.01, np.full(16, 1.5e-7)),
    )
    return Baseline("Toy", "ab" * 32, {"routes": "0" * 12}, ("gallium",), 3, 16, kpis)


def test_a_baseline_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_baseline(tmp_path, "toy", toy())
    found = read_baseline(tmp_path, "toy")
    assert (found.name, found.sha256, found.tables) == ("Toy", "ab" * 32, {"routes": "0" * 12})
    assert (found.commodities, found.seed, found.replications) == (("gallium",), 3, 16)
    for one, other in zip(found.kpis, toy().kpis, strict=True):
        assert (one.name, one.unit, one.better, one.materiality) == (
            other.name,
            other.unit,
            other.better,
            other.materiality,
        )
        np.testing.assert_array_equal(one.values, other.values)


def test_the_same_baseline_gives_the_same_bytes(tmp_path: Path) -> None:
    write_baseline(tmp_path, "toy", toy())
    first = [path.read_bytes() for path in paths_of(tmp_path, "toy")]
    write_baseline(tmp_path, "toy", read_baseline(tmp_path, "toy"))
    assert [path.read_bytes() for path in paths_of(tmp_path, "toy")] == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy.json", "toy.kpis.csv"]


def test_line_ends_that_git_changed_are_no_fault(tmp_path: Path) -> None:
    write_baseline(tmp_path, "toy", toy())
    table = paths_of(tmp_path, "toy")[1]
    table.write_bytes(table.read_bytes().replace(b"\n", b"\r\n"))
    assert read_baseline(tmp_path, "toy").replications == 16


def test_a_materiality_edited_by_hand_stays_when_the_numbers_move(tmp_path: Path) -> None:
    write_baseline(tmp_path, "toy", toy())
    path = paths_of(tmp_path, "toy")[0]
    path.write_text(path.read_text("utf-8").replace('"materiality": 0.02', '"materiality": 0.3'), "utf-8")
    kept = read_baseline(tmp_path, "toy")
    assert [kpi.materiality for kpi in with_materiality(toy(), kept).kpis] == [0.3, 0.01, 0.01]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"seed": 3', '"seed": -1'),
        ('"replications": 16', '"replications": 17'),
        ('"replications": 16', '"replications": 1000000000'),
        ('"replications": 16', '"replications": "16"'),
        ('"materiality": 0.02', '"materiality": NaN'),
        ('"materiality": 0.02', '"materiality": 0'),
        ('"better": "higher"', '"better": "up"'),
        ('"seed": 3', '"seed": 3, "more": 1'),
        ("simulator.baseline/1", "simulator.run/1"),
        ("gallium/met/reliance", "gallium/met/direct"),
        ("{", ""),
    ],
)
def test_a_corrupt_baseline_is_refused_by_the_name_of_its_file(tmp_path: Path, old: str, new: str) -> None:
    write_baseline(tmp_path, "toy", toy())
    path = paths_of(tmp_path, "toy")[0]
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(InputError, match=r"toy\.(json|kpis\.csv)"):
        read_baseline(tmp_path, "toy")


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b" " * 1_000_001])
def test_files_that_are_no_baseline_at_all_are_refused(tmp_path: Path, content: bytes) -> None:
    write_baseline(tmp_path, "toy", toy())
    for path in paths_of(tmp_path, "toy"):
        kept = path.read_bytes()
        path.write_bytes(content)
        with pytest.raises(InputError, match=path.name):
            read_baseline(tmp_path, "toy")
        path.write_bytes(kept)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.001,", "nan,"),
        ("0.001,", "inf,"),
        ("0.001,", "1e999,"),
        ("\n0,", "\n7,"),
        ("\n0,0,", "\n0,"),
        ("\n15,", "\n"),
    ],
)
def test_values_are_checked_even_where_their_digest_fits(tmp_path: Path, old: str, new: str) -> None:
    from hashlib import sha256

    write_baseline(tmp_path, "toy", toy())
    path, table = paths_of(tmp_path, "toy")
    text = table.read_text("utf-8")
    assert old in text
    changed = text.replace(old, new, 1)
    table.write_text(changed, "utf-8")
    with pytest.raises(InputError, match=r"toy\.kpis\.csv: not the values"):
        read_baseline(tmp_path, "toy")
    document = json.loads(path.read_text("utf-8"))
    document["values_sha256"] = sha256(changed.encode()).hexdigest()
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(InputError, match=r"toy\.kpis\.csv"):
        read_baseline(tmp_path, "toy")


def test_a_missing_or_older_baseline_is_not_comparable_rather_than_corrupt(tmp_path: Path) -> None:
    with pytest.raises(NotComparableError, match="there is no baseline"):
        read_baseline(tmp_path, "toy")
    write_baseline(tmp_path, "toy", toy())
    path = paths_of(tmp_path, "toy")[0]
    text = path.read_text("utf-8")
    for old, new in (("simulator.baseline/1", "simulator.baseline/0"), ("philox", "mersenne")):
        path.write_text(text.replace(old, new, 1), "utf-8")
        with pytest.raises(NotComparableError, match=r"toy\.json"):
            read_baseline(tmp_path, "toy")


def test_every_scenario_has_a_small_baseline_that_can_be_read() -> None:
    folder = ROOT / "tests" / "baselines"
    scenarios = {path.stem for path in (ROOT / "scenarios").glob("*.yaml")}
    assert {path.stem for path in folder.glob("*.json")} == scenarios
    for stem in scenarios:
        assert read_baseline(folder, stem).replications >= 64
        assert sum(path.stat().st_size for path in paths_of(folder, stem)) < 50_000
