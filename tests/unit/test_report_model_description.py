"""The description of the model says what the model is today."""

from __future__ import annotations

import re

import pytest

from simulator.errors import CatalogueError
from simulator.instruments.base import instrument_types
from simulator.model import chain_world
from simulator.report.model_description import COMMAND, PARTS, PLACE, refreshed

TEXT = PLACE.read_text("utf-8")
STRESS_DES = ("Objectives", "Logic", "Data", "Experimentation", "Implementation", "Code access")


def test_the_generated_parts_are_up_to_date() -> None:
    assert refreshed(TEXT) == TEXT, f"{PLACE.name} is stale; refresh it: {COMMAND}"


def test_a_stale_part_is_seen() -> None:
    assert "`export_ban`" in TEXT
    stale = TEXT.replace("`export_ban`", "`export_bann`")
    assert stale != refreshed(stale) == TEXT


def test_what_people_wrote_is_left_alone() -> None:
    assert refreshed(TEXT.replace("# The model", "# A model")) == TEXT.replace("# The model", "# A model")


@pytest.mark.parametrize(("marker", "other"), [("draws", "dice"), ("stages", "inputs")])
def test_a_part_without_its_marker_is_refused(marker: str, other: str) -> None:
    with pytest.raises(CatalogueError, match="there are"):
        refreshed(TEXT.replace(f"generated: {marker} ", f"generated: {other} "))


def test_the_order_is_that_of_the_guidelines() -> None:
    assert re.findall(r"^## \d\. (.*)$", TEXT, re.M) == list(STRESS_DES)
    assert "```mermaid\nflowchart" in TEXT


def test_the_lists_hold_what_they_should() -> None:
    instruments = PARTS["instruments"]()
    assert all(f"| `{name}` |" in instruments for name in instrument_types())
    draws = PARTS["draws"]()
    for name in ("demand/<commodity>", "event/<event>/<field>", "event/<event>/happens", "draw/<draw>", "corridor/"):
        assert f"| `{name}" in draws
    assert f"| `{chain_world.__name__.rpartition('.')[2]}.py` |" in PARTS["modules"]()


def test_every_table_has_as_many_cells_in_each_line() -> None:
    for part in PARTS.values():
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in part().splitlines() if line.startswith("|")}
        assert len(widths) == 1
