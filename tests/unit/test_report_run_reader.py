"""A run directory gives back the run it was kept from, and nothing else passes for one."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shlex
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator import OtherDataWarning, Result, load
from simulator.analysis import study
from simulator.cli.main import exit_code
from simulator.errors import InputError
from simulator.experiment.cases import run_cases
from simulator.metrics.outcome import ChainOutcome, Outcome
from simulator.report.document import run_document
from simulator.report.run_arrays import SHARD, read_outcome, shards
from simulator.report.run_manifest import Manifest
from tests.support.faulty import fails_in
from tests.support.kept import REPLICATIONS, baseline

SHARD_FILE = "shards/00000.npz"
Damage = Callable[[Path], None]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return baseline().save(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def copy(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "run"))


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, Outcome | ChainOutcome):
        return all(same(getattr(a, field.name), getattr(b, field.name)) for field in fields(a))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[name], b[name]) for name in a)
    if isinstance(a, tuple) and a and isinstance(a[0], ChainOutcome):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def test_a_run_comes_back_bit_by_bit_with_the_same_verdict(kept: Path) -> None:
    before, after = baseline(), load(kept)
    assert isinstance(after, Result)
    assert same(before.outcome, after.outcome)
    assert run_document(after) == run_document(replace(before, wall_s=round(before.wall_s, 3)))
    assert after.scenario.origins == before.scenario.origins
    assert load(kept / "manifest.json").replications == REPLICATIONS


def test_the_manifest_says_all_it_is_checked_for(kept: Path) -> None:
    manifest = Manifest.model_validate(json.loads((kept / "manifest.json").read_text("utf-8")))
    assert set(manifest.files) == {str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()} - {
        "manifest.json"
    }
    assert manifest.scenario.document == baseline().scenario.document


def test_shards_join_whatever_their_number(tmp_path: Path) -> None:
    outcome = baseline().outcome
    count = SHARD // REPLICATIONS + 1

    def repeated(item: Any) -> Any:
        if isinstance(item, np.ndarray):
            return np.concatenate([item] * count)
        return {name: repeated(array) for name, array in item.items()} if isinstance(item, dict) else item

    def longer(item: Any) -> dict[str, Any]:
        return {field.name: repeated(getattr(item, field.name)) for field in fields(item) if field.name != "chains"}

    chains = tuple(ChainOutcome(**longer(chain)) for chain in outcome.chains)
    whole = replace(Outcome(chains=chains, **longer(outcome)), replications=np.arange(count * REPLICATIONS))
    paths = []
    for number, content in shards(whole):
        paths.append(tmp_path / f"{number}.npz")
        paths[-1].write_bytes(content)
    assert len(paths) == 2
    assert same(read_outcome(paths), whole)
    with pytest.raises(InputError, match="not in order"):
        read_outcome(paths[::-1])


def rehash(folder: Path, name: str) -> None:
    """Let the manifest vouch for a file, as a forger would."""
    content = (folder / name).read_bytes()
    rewrite(folder, lambda manifest: manifest["files"].update({name: digest(content)}))


def digest(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def rewrite(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), "utf-8")


def rearranged(change: Callable[[dict[str, Any]], Any]) -> Damage:
    def damage(folder: Path) -> None:
        with np.load(folder / SHARD_FILE) as archive:
            arrays = dict(archive)
        change(arrays)
        with (folder / SHARD_FILE).open("wb") as file:
            np.savez(file, **arrays)
        rehash(folder, SHARD_FILE)

    return damage


def zipped(name: str, content: bytes, packing: int = zipfile.ZIP_STORED) -> Damage:
    def damage(folder: Path) -> None:
        with zipfile.ZipFile(folder / SHARD_FILE, "w", packing) as archive:
            archive.writestr(name, content)
        rehash(folder, SHARD_FILE)

    return damage


def header(shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def cut(folder: Path) -> None:
    (folder / SHARD_FILE).write_bytes((folder / SHARD_FILE).read_bytes()[:1000])


def cut_and_vouched(folder: Path) -> None:
    cut(folder)
    rehash(folder, SHARD_FILE)


DAMAGES: dict[str, tuple[Damage, str]] = {
    "cut short": (cut, "00000.npz: 1,000 bytes where the manifest says"),
    "cut and vouched for": (cut_and_vouched, "00000.npz: not a file of results"),
    "a bit flipped": (
        lambda f: (f / "kpis.csv").write_bytes(b"x" * (f / "kpis.csv").stat().st_size),
        "kpis.csv: changed",
    ),
    "a file gone": (lambda f: (f / "kpis.csv").unlink(), "kpis.csv: not found"),
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "manifest.json: not found"),
    "half a manifest": (lambda f: (f / "manifest.json").write_text("{"), "manifest.json: not a manifest"),
    "a deep manifest": (lambda f: (f / "manifest.json").write_text("[" * 100_000), "manifest.json: not a manifest"),
    "an older manifest": (lambda f: rewrite(f, lambda m: m.update(schema="simulator.manifest/1")), "simulate it again"),
    "an unknown key": (lambda f: rewrite(f, lambda m: m.update(more=1)), "manifest.json: more: extra inputs"),
    "a wrong type": (lambda f: rewrite(f, lambda m: m["seed"].update(root="0")), "manifest.json: seed.root"),
    "a way out": (lambda f: rewrite(f, lambda m: m["files"].update({"../x.npz": digest(b"")})), "not a file of a run"),
    "another scenario": (
        lambda f: rewrite(f, lambda m: m["scenario"]["document"].update(start="2025-11-07")),
        "scenario.document: changed",
    ),
    "a pickle": (
        rearranged(lambda a: a.update({"gallium/lots": np.array([{}] * REPLICATIONS)})),
        "00000.npz: 'gallium/lo",
    ),
    "a bomb": (zipped("x.npy", b"\0" * 10_000_000, zipfile.ZIP_DEFLATED), "00000.npz: claims to hold more than it can"),
    "a packed file": (zipped("x.npy", b"0123456789", zipfile.ZIP_DEFLATED), "is not an array as we write it"),
    "a false size": (zipped("x.npy", header((10**12,))), "holds something other than the numbers it claims"),
    "a foreign file": (zipped("x.txt", b"hello"), "is not an array as we write it"),
    "too few rows": (
        rearranged(lambda a: a.update({"gallium/lots": a["gallium/lots"][:10]})),
        "'gallium/lots' has .* rows",
    ),
    "a measure missing": (
        rearranged(lambda a: a.pop("gallium/series/unmet_share")),
        "series/unmet_share' is not there",
    ),
    "a field missing": (rearranged(lambda a: a.pop("gallium/lots")), "holds no 'gallium/lots'"),
    "other replications": (rearranged(lambda a: a["replications"].__iadd__(16)), "the shards hold 64 replications"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_not_a_whole_run_is_refused_by_the_file_at_fault(name: str, copy: Path) -> None:
    damage, message = DAMAGES[name]
    damage(copy)
    with pytest.raises(InputError, match=message) as refused:
        load(copy)
    advice = (
        "restore it from a copy, or run|make it again with `simulator run --resume|simulate it again|leaves inside DIR"
    )
    assert re.search(f"; .*({advice})", str(refused.value)), "what is wrong, and what to do"


def test_what_resume_is_said_to_mend_it_mends(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = (copy / "kpis.csv").read_bytes()
    (copy / "kpis.csv").write_bytes(whole[:100])
    assert exit_code(["report", str(copy), "--csv", str(copy / "x.csv")]) == 3
    (words,) = re.findall(r"make it again with `simulator (.*)`", capsys.readouterr().err)
    assert exit_code([*shlex.split(words), "--quiet"]) == 0
    assert (copy / "kpis.csv").read_bytes() == whole


def test_a_folder_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such run directory"):
        load(tmp_path / "nowhere")


def test_other_facts_than_those_of_the_run_are_said(copy: Path) -> None:
    rewrite(copy, lambda manifest: manifest["data"].update(sha256="0" * 64))
    with pytest.warns(OtherDataWarning, match="simulated on other facts"):
        found = load(copy)
    assert found.case.data_sha256 == "0" * 64


def test_rerun_finds_the_same_bytes_and_sees_a_changed_number(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["rerun", str(copy), "--jobs", "1", "--quiet"]) == 0
    assert capsys.readouterr().out == "identical: all 2 files of results have the same bytes\n"
    rearranged(lambda arrays: arrays["gallium/values/unmet_share"].__iadd__(1e-6))(copy)
    assert exit_code(["rerun", str(copy), "--jobs", "1", "--quiet", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["identical"], document["differing"]) == (False, [SHARD_FILE])
    assert document["largest_relative_difference"] == pytest.approx(1e-6)
    assert document["largest_in"] == f"{SHARD_FILE}: gallium/values/unmet_share"


def test_rerun_compares_the_other_futures_where_one_fails_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.kept import SCENARIOS

    monkeypatch.setattr(study, "run_cases", partial(run_cases, simulate=fails_in(5)))
    small = ("--commodity", "gallium", "--replications", "32", "--jobs", "1", "--quiet", "--out", str(tmp_path))
    assert exit_code(["run", str(SCENARIOS / "baseline.yaml"), *small]) == 4
    (folder,) = tmp_path.iterdir()
    capsys.readouterr()
    assert exit_code(["rerun", str(folder), "--jobs", "1", "--quiet"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "identical: all 2 files of results have the same bytes",
        "  not compared: 1 future of which nothing was kept",
        "  fails now: 5",
    ]
    monkeypatch.setattr(study, "run_cases", partial(run_cases, simulate=fails_in(9)))
    assert exit_code(["rerun", str(folder), "--jobs", "1", "--quiet", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["holds"], document["not_kept"], document["failing"]) == (False, 1, [9])


def test_own_rows_are_kept_and_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = str(Path(__file__).parents[1] / "own_data")
    from tests.support.kept import SCENARIOS

    small = ("--commodity", "antimony", "--replications", "16", "--jobs", "1", "--quiet", "--out", str(tmp_path))
    assert exit_code(["run", str(SCENARIOS / "baseline.yaml"), *small, "--data", own]) == 0
    (folder,) = tmp_path.iterdir()
    assert load(folder).case.overlay is not None
    capsys.readouterr()
    assert exit_code(["rerun", str(folder), "--jobs", "1", "--quiet"]) == 0
    (next((folder / "own_data").iterdir())).write_text("x", "utf-8")
    assert exit_code(["rerun", str(folder), "--jobs", "1", "--quiet"]) == 3
