"""``simulator data`` shows every number with its unit, year, grade and source."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from simulator.catalogue.chains import chain
from simulator.catalogue.tables import TABLES, data_sha256
from simulator.cli.data import data_group
from simulator.cli.main import exit_code

ROOT = Path(__file__).parents[2]


def shown(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(data_group, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    document = json.loads(result.output)
    assert document["schema"] == "simulator.data/1"
    return dict(document)


def test_list_names_all_twenty_commodities_with_grade_and_china_share() -> None:
    """China makes about 99 % of primary gallium."""
    listed = {entry["commodity"]: entry for entry in shown("list")["commodities"]}
    assert len(listed) == 20
    assert all(entry["grade"] in ("A", "B", "C") for entry in listed.values())
    assert listed["gallium"]["stages"][0]["china_share_of_output"] == pytest.approx(0.99, abs=0.01)
    assert listed["gallium"]["us_demand_t_per_year"] == pytest.approx(18.7)


def test_show_gives_every_fact_behind_the_chain() -> None:
    """Facts and assumptions together are all the chain's facts, each with source and grade."""
    document = shown("show", "antimony")
    names = {fact["name"] for fact in [*document["facts"], *document["assumptions"]]}
    assert {fact.name for fact in chain("antimony").facts} <= names
    assert all(fact["quality"] == "assumed" for fact in document["assumptions"])
    assert all(fact["quality"] != "assumed" for fact in document["facts"])
    assert all(fact["source"] for fact in document["facts"])
    assert {"reroute_share/ALL", "demand_elasticity/antimony"} <= {item["name"] for item in document["inputs"]}
    assert "USA_SB_USAC" in {item["id"] for item in document["projects"]}
    assert any(lane["origin"] == "CHN" for lane in document["lanes"])


def test_show_knows_less_on_an_earlier_day() -> None:
    """Projects appear as they became public."""
    now = {item["id"] for item in shown("show", "gallium", "--as-of", "2026-07-31")["projects"]}
    then = {item["id"] for item in shown("show", "gallium")["projects"]}
    assert then < now


def test_text_of_show_lists_assumptions_apart() -> None:
    """The reader sees which numbers are guesses."""
    text = CliRunner().invoke(data_group, ["show", "gallium"], catch_exceptions=False).output
    facts, assumptions = text.index("\nFacts ("), text.index("\nAssumptions (")
    inputs = text.index("\nUncertain inputs (")
    assert facts < assumptions < inputs
    assert "\tassumed\t" not in text[facts:assumptions]
    assert "\tassumed\t" in text[assumptions:inputs]
    assert "\x1b" not in text


def test_unknown_commodity_is_a_usage_error_with_the_nearest_name(capsys: pytest.CaptureFixture[str]) -> None:
    """A spelling mistake costs one line."""
    assert exit_code(["data", "show", "antimoney"]) == 2
    captured = capsys.readouterr()
    assert "did you mean 'antimony'?" in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_sources_count_facts_by_grade_and_name_the_tables() -> None:
    """The digest identifies the facts behind a run."""
    document = shown("sources")
    assert document["data_sha256"] == data_sha256()
    assert {table["file"] for table in document["tables"]} == {f"{name}.csv" for name in TABLES}
    for entry in document["sources"]:
        assert entry["facts"] == sum(entry["grades"].values()) > 0
    assert any("USGS Mineral Commodity Summaries 2026" in entry["source"] for entry in document["sources"])


@pytest.mark.parametrize("arguments", [["data", "--help"], ["data", "show", "--help"]])
def test_help_does_not_import_numpy(arguments: list[str]) -> None:
    """Help answers at once."""
    code = (
        "import sys; from simulator.cli.main import exit_code; "
        f"rc = exit_code({arguments!r}); print('numpy' in sys.modules, 'rich' in sys.modules, rc)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False False 0"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_no_line_is_wider_than_it_and_no_word_is_lost() -> None:
    """What is too wide is folded, not cut."""
    import fcntl
    import pty
    import struct
    import termios

    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"} | {"TERM": "xterm"}
    command = [sys.executable, "-m", "simulator", "data", "show", "gallium"]
    process = subprocess.Popen(command, stdout=child, stderr=child, cwd=ROOT, env=environment)
    os.close(child)
    seen = bytearray()
    while True:
        try:
            piece = os.read(parent, 65536)
        except OSError:  # how Linux says that the other end has closed
            break
        if not piece:
            break
        seen += piece
    assert process.wait() == 0
    os.close(parent)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", seen.decode()).splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)
    together = "".join("".join(lines).split())
    for fact in chain("gallium").facts:
        assert "".join(fact.source.split()) in together
