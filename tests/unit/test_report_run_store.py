"""The folder of a run under way: what was finished is used again, and only where it may be."""

from __future__ import annotations

import errno
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.analysis.study import PartialStudy, Planned, run_several
from simulator.cli.main import exit_code
from simulator.errors import InputError, NotComparableError, UsageError
from simulator.metrics.outcome import SERIES_MOST, Outcome, joined, selected
from simulator.report import run_store
from simulator.report.batch import remember, runs_of
from simulator.report.run_arrays import read_arrays, read_outcome, shards
from simulator.report.run_directory import contents
from simulator.report.run_reader import read_run
from simulator.report.run_store import RunStore, begun, resumed
from tests.support.kept import baseline

Captured = pytest.CaptureFixture[str]
STUDY = baseline()
N = STUDY.requested


def store(parent: Path) -> RunStore:
    return begun(STUDY.scenario, STUDY.case, N, STUDY.seed, str(parent))


def part(first: int, end: int) -> Outcome:
    return selected(STUDY.outcome, np.arange(first, end))


def simulated_again(folder: Path) -> list[tuple[int, int]]:
    """Replications that going on with a folder would simulate."""
    _, found, _ = resumed(folder)
    there = sorted(block for block, _ in found.finished())
    edges = [0, *(edge for block in there for edge in block), N]
    return [gap for gap in zip(edges[::2], edges[1::2], strict=True) if gap[0] < gap[1]]


def test_blocks_in_any_order_give_the_bytes_of_the_whole_run(tmp_path: Path) -> None:
    place = store(tmp_path)
    for first, end in ((32, 48), (0, 16), (48, 64), (16, 32)):
        place.keep((first, end), part(first, end))
    expected = dict(contents(STUDY))
    assert (place.folder / "shards/00000.npz").read_bytes() == expected["shards/00000.npz"]
    place.finish(STUDY)
    assert {
        path.relative_to(place.folder).as_posix(): path.read_bytes()
        for path in place.folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    } == expected


def test_what_lies_between_finished_blocks_is_all_that_is_simulated_again(tmp_path: Path) -> None:
    place = store(tmp_path)
    assert simulated_again(place.folder) == [(0, N)]
    place.keep((16, 32), part(16, 32))
    place.keep((48, 64), part(48, 64))
    assert simulated_again(place.folder) == [(0, 16), (32, 48)]


def test_a_cut_shard_is_told_and_made_again(tmp_path: Path) -> None:
    place = store(tmp_path)
    place.keep((0, N), part(0, N))
    path = place.folder / "shards/00000.npz"
    path.write_bytes(path.read_bytes()[:5000])
    assert simulated_again(place.folder) == [(0, N)]
    _, found, _ = resumed(place.folder)
    assert not found.finished()
    assert "00000.npz: not a file of results" in found.damaged[0]


@pytest.mark.parametrize("name", ["kpis.csv", "summary.json"])
def test_a_damaged_file_of_a_whole_run_is_told_and_written_again(tmp_path: Path, name: str, capsys: Captured) -> None:
    folder = STUDY.save(tmp_path)
    (folder / name).write_bytes((folder / name).read_bytes()[:100])
    assert exit_code(["run", "--resume", str(folder)]) == 0
    assert re.search(rf"notice: .*{name}: 100 bytes where the manifest says .*; written again", capsys.readouterr().err)
    read_run(folder)


def test_a_damaged_run_of_another_program_is_not_mended_by_this_one(tmp_path: Path, capsys: Captured) -> None:
    folder = STUDY.save(tmp_path)
    document = json.loads((folder / "manifest.json").read_text())
    document["tool"]["code_sha256"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(document))
    assert exit_code(["run", "--resume", str(folder), "--quiet"]) == 0
    path = folder / "shards/00000.npz"
    path.write_bytes(path.read_bytes()[:5000])
    assert exit_code(["run", "--resume", str(folder), "--quiet"]) == 5
    assert "was begun with other the program's text or tables" in capsys.readouterr().err


def test_a_run_under_way_is_not_read_as_a_result_and_says_how_to_go_on(tmp_path: Path, capsys: Captured) -> None:
    place = store(tmp_path)
    place.keep((0, 16), part(0, 16))
    assert exit_code(["report", str(place.folder), "--html", str(tmp_path / "x.html")]) == 3
    assert f"go on with `simulator run --resume {place.folder}`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        (lambda m: m["tool"].update(code_sha256="0" * 64), "the program's text or tables"),
        (lambda m: m["environment"]["libraries"].update(numpy="1.0"), r"numpy 1.0 \(now "),
        (lambda m: m["environment"].update(cpu_features=["ABACUS"]), "processor features"),
        (lambda m: m["data"].update(sha256="0" * 64), "the facts behind it"),
    ],
)
def test_another_program_or_machine_does_not_go_on(tmp_path: Path, change: Any, phrase: str) -> None:
    place = store(tmp_path)
    place.keep((0, 16), part(0, 16))
    path = place.folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(NotComparableError, match=phrase):
        resumed(place.folder)
    if "data" not in phrase and "facts" not in phrase:
        # The same command anew begins anew instead.
        assert not store(tmp_path).finished()
        assert not list((place.folder / "shards").iterdir())


def test_a_full_disk_stops_the_run_and_what_was_finished_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = store(tmp_path)
    written: list[str] = []
    real = run_store.write_whole

    def filling(path: Path, content: bytes) -> None:
        if written:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path.name)
        real(path, content)

    monkeypatch.setattr(run_store, "write_whole", filling)
    planned = Planned(STUDY.scenario, STUDY.case, N, STUDY.seed, place)
    with pytest.raises(PartialStudy, match="No space left on device; make room, then go on") as stopped:
        list(run_several([planned], block_size=16))
    assert stopped.value.exit_code == 4
    assert stopped.value.study is not None
    assert stopped.value.study.replications == 32
    assert simulated_again(place.folder) == [(16, N)]


def test_a_batch_is_gone_on_with_in_its_order_and_leads_nowhere_else(tmp_path: Path) -> None:
    folder = store(tmp_path).folder
    other = begun(STUDY.scenario, STUDY.case, N, 9, str(tmp_path)).folder
    assert set(runs_of(str(tmp_path))) == {folder, other}
    file = remember(str(tmp_path), [other, folder])
    assert runs_of(str(tmp_path)) == runs_of(str(file)) == (other, folder)
    assert runs_of(str(folder / "manifest.json")) == (folder,)
    remember(str(tmp_path), [folder, other])
    with pytest.raises(UsageError, match="several batches"):
        runs_of(str(tmp_path))
    file.write_text(json.dumps({"schema": "simulator.batch/1", "runs": ["../../etc"]}))
    with pytest.raises(InputError, match="not the name of a run's folder"):
        runs_of(str(file))
    for damage, said in (
        ("[]", "schema is None"),
        ("[", "not a list of runs: not JSON"),
        ('{"schema": "simulator.batch/1", "runs": "ab"}', "runs: input should be a valid list"),
        ('{"schema": "simulator.batch/1", "runs": ["x"]}', "lists 'x', and there is no such run beside it"),
        (json.dumps({"schema": "simulator.batch/1", "runs": [folder.name] * 2}), "names a run twice"),
    ):
        file.write_text(damage)
        with pytest.raises(InputError, match=rf"{said}.*; remove it, and --resume of its folder goes on"):
            runs_of(str(file))
    with pytest.raises(InputError, match="no such folder"):
        runs_of(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("words", "code", "phrase"),
    [
        ((), 2, "Missing argument 'SCENARIO...'"),
        (("--resume", "x", "--seed", "1", "--out", "y"), 2, "leave out --seed, --out"),
        (("a.yaml", "--resume", "x"), 2, "leave out SCENARIO"),
        (("--resume", "nowhere"), 3, "there is no such folder"),
    ],
)
def test_what_to_go_on_with_is_said_by_the_folder_alone(
    words: tuple[str, ...], code: int, phrase: str, capsys: Captured
) -> None:
    assert exit_code(["run", *words]) == code
    assert phrase in capsys.readouterr().err


def test_series_are_kept_of_the_first_replications_and_values_of_all(tmp_path: Path) -> None:
    late = np.arange(SERIES_MOST - 16, SERIES_MOST + N - 16)
    chains = tuple(
        replace(chain, series={name: array[:16] for name, array in chain.series.items()})
        for chain in STUDY.outcome.chains
    )
    outcome = replace(STUDY.outcome, replications=late, chains=chains)
    paths = []
    for number, content in shards(outcome):
        paths.append(tmp_path / f"{number:05d}.npz")
        paths[-1].write_bytes(content)
    assert [path.stem for path in paths] == ["00015", "00016"]
    assert read_arrays(paths[0])["gallium/series/hhi"].shape[0] == 16
    assert read_arrays(paths[1])["gallium/series/hhi"].shape[0] == 0
    found = read_outcome(paths)
    assert found.chains[0].values["hhi"].shape[0] == N
    assert found.chains[0].series["hhi"].tobytes() == chains[0].series["hhi"].tobytes()
    turned = selected(joined([selected(found, np.arange(20, N)), selected(found, np.arange(20))]), np.arange(N))
    assert turned.chains[0].series["hhi"].shape[0] == 16
