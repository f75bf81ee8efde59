"""Files made to do harm are read or refused; the long version is ``python -m pytest -m fuzz``."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from simulator.cli.main import exit_code
from simulator.errors import UsageError
from simulator.report.run_directory import folder_of, keep, run_id, write_whole
from simulator.scenario.nodes import TextError, parse
from tests.fuzz.corpus import archives, yaml_cases
from tests.fuzz.targets import SCENARIO, TARGETS, kept_attribution, kept_batch, kept_sweep
from tests.support.kept import baseline, hostile

CASES = dict(yaml_cases())
READ_OTHERWISE = {"652Z", "HM87-1", "L24T-1", "Y2GN"}
"""Cases that libyaml reads otherwise than YAML 1.2 says: odd indicators inside plain keys and block scalars."""


def read(text: str) -> Any:
    node = parse(text, "case")
    return None if node is None else node.plain()


def test_the_cases_of_the_yaml_test_suite_are_read_as_they_should_be_or_refused() -> None:
    came = Counter[str]()
    otherwise = set()
    for name, case in CASES.items():
        try:
            found = read(str(case["yaml"]))
        except TextError:
            came["refused"] += 1
            continue
        came["read"] += 1
        if case.get("fail") or "json" not in case:
            continue
        try:
            expected = json.loads(str(case["json"]))
        except ValueError:  # several documents in one
            continue
        if found != expected:
            otherwise.add(name)
    assert otherwise == READ_OTHERWISE
    assert came["read"] > 180
    assert sum(came.values()) == len(CASES) > 350


@pytest.mark.parametrize("name", dict(archives()))
def test_a_hostile_archive_is_refused(name: str) -> None:
    TARGETS["shard"](dict(archives())[name])


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "shard"])
@pytest.mark.parametrize(
    "content", [b"", b"\0", b"[" * 5000, b'"' * 200_000, b"a," * 100_000, b"x" * 200_000], ids=range(6)
)
def test_hostile_bytes_are_refused(target: str, content: bytes) -> None:
    TARGETS[target](content)


def test_what_was_kept_by_a_sweep_a_batch_and_an_attribution_is_refused_by_name_with_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ("--commodity", "gallium", "--replications", "16", "--quiet")
    point, runs, explained = kept_sweep()[1], kept_batch(), kept_attribution()
    commands = {
        point: ["sweep", str(SCENARIO), "--grid", "review_days=14", *few, "--out", str(point.parents[1])],
        runs: ["run", "--resume", str(runs)],
        explained: ["report", str(explained.parent), "--html", str(tmp_path / "page.html")],
    }
    for file, words in commands.items():
        file.write_bytes(b'{"schema": 1}')
        assert exit_code(words) == 3
        assert f"{file}: schema is 1, and this version reads" in capsys.readouterr().err


def test_a_scenario_with_many_faults_is_refused_in_time_that_grows_with_their_number(tmp_path: Path) -> None:
    import time

    from simulator.errors import InputError
    from simulator.scenario import load

    def seconds(faults: int) -> float:
        file = tmp_path / "wrong.yaml"
        file.write_text("name: a\nevents:\n" + "".join(f"  - {{id: e{k}, type: export_bann}}\n" for k in range(faults)))
        began = time.process_time()
        with pytest.raises(InputError, match=r"and .* more problems"):
            load(file)
        return time.process_time() - began

    seconds(100)
    few = max(seconds(500), 0.02)
    assert seconds(8000) < 64 * few, (
        "sixteen times as many: a time that grew with their square would be 256 times as long"
    )


def test_output_stays_inside_the_folder_asked_for(tmp_path: Path) -> None:
    study = baseline()
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    out.mkdir()
    name = folder_of(study.case, run_id(study), str(out)).name
    assert "/" not in name
    assert ".." not in name
    (out / name).symlink_to(elsewhere)
    with pytest.raises(UsageError, match="is a link to another place"):
        keep(study, str(out))
    (out / name).unlink()
    (out / name).mkdir()
    (out / name / "shards").symlink_to(elsewhere)
    with pytest.raises(UsageError, match="is a link to another place"):
        keep(study, str(out))
    # A link in the place of a file is replaced, not followed.
    target = elsewhere / "target"
    target.write_text("untouched")
    (out / "kpis.csv").symlink_to(target)
    write_whole(out / "kpis.csv", b"new")
    assert target.read_text() == "untouched"
    assert not (out / "kpis.csv").is_symlink()


def test_names_that_climb_make_no_path(tmp_path: Path) -> None:
    few = ("--commodity", "gallium", "--replications", "16", "--jobs", "1", "--quiet")
    file = str(Path(__file__).parents[2] / "scenarios" / "baseline.yaml")
    out = tmp_path / "deep" / "out"
    assert exit_code(["run", file, *few, "--set", "name=../../../up", "--out", str(out)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]
    (folder,) = out.iterdir()
    assert folder.name.startswith("up-")


def test_no_page_carries_markup_of_its_input(tmp_path: Path) -> None:
    folder = hostile().save(tmp_path)
    page, text = tmp_path / "page.html", tmp_path / "page.md"
    assert exit_code(["report", str(folder), "--html", str(page), "--markdown", str(text)]) == 0
    assert "<script" not in page.read_text("utf-8")
    assert "</style> " not in page.read_text("utf-8")
    assert "&lt;script&gt;" in page.read_text("utf-8")
