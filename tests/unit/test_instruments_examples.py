"""The example of every instrument must load, run and do something."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pytest

from simulator.cli.main import exit_code
from simulator.domain.traces import Trace
from simulator.instruments.base import Instrument, instrument_types
from simulator.scenario import Scenario, load, resolve
from tests.support import worlds

TYPES = instrument_types()


def scenario(folder: Path, events: str) -> Scenario:
    file = folder / "example.yaml"
    file.write_text("name: Example\nevents:\n" + textwrap.indent(textwrap.dedent(events), "  "), "utf-8")
    return load(file)


def commodity(events: tuple[Instrument, ...]) -> str:
    """The commodity that the last event which names one is about."""
    named = [getattr(event, "commodities", None) or (getattr(event, "commodity", None),) for event in events]
    found = [names[0] for names in named if names[0] not in (None, "ALL")]
    return found[-1] if found else "antimony"


def same(one: Trace, other: Trace) -> bool:
    return all(
        np.array_equal(a.landed, b.landed) and np.array_equal(a.stock, b.stock) and np.array_equal(a.exposed, b.exposed)
        for a, b in zip(one.chains, other.chains, strict=True)
    )


WITHOUT: dict[tuple[str, str], Trace] = {}
"""Runs without the instrument, by commodity and the text of the other events: most examples need none."""


def run_without(folder: Path, name: str, events: tuple[Instrument, ...], asked: str) -> Trace:
    """What happens if the events of a type are taken out of ``example.yaml`` in the folder."""
    kept = ",".join(event.model_dump_json() for event in events if event.type != name)
    if (asked, kept) not in WITHOUT:
        gone = "".join(f"  - id: {event.id}\n    type: null\n" for event in events if event.type == name)
        file = folder / "without.yaml"
        file.write_text(f"extends: example.yaml\nevents:\n{gone}", "utf-8")
        WITHOUT[asked, kept] = worlds.run(resolve(load(file), [asked]), 16)
    return WITHOUT[asked, kept]


@pytest.mark.parametrize("name", TYPES)
def test_the_example_of_an_instrument_loads_runs_and_changes_what_happens(name: str, tmp_path: Path) -> None:
    kind = TYPES[name]
    assert kind.example, f"{name} has no example"
    shown = scenario(tmp_path, kind.example)
    events = shown.model.events
    assert isinstance(events[-1], kind)
    asked = commodity(events)
    with_it = worlds.run(resolve(shown, [asked]), 16)
    assert not same(with_it, run_without(tmp_path, name, events, asked))


def bits(trace: Trace) -> list[dict[tuple[str, str], bytes]]:
    """What 16 futures came to; own plants stand in the list of projects even where they never start."""
    hidden = ("project_output", "project_accessible")
    return [worlds.replication_bytes(trace, row, without=hidden) for row in range(16)]


@pytest.mark.parametrize("name", TYPES)
def test_an_instrument_that_never_happens_leaves_no_bit_behind(name: str, tmp_path: Path) -> None:
    shown = scenario(tmp_path, TYPES[name].example)
    events = shown.model.events
    asked = commodity(events)
    never = shown.with_set(f"events.{events[-1].id}.probability", 0)
    assert bits(worlds.run(resolve(never, [asked]), 16)) == bits(run_without(tmp_path, name, events, asked))


@pytest.mark.parametrize("name", [name for name in TYPES if name != "suspension_end"])
def test_every_instrument_ends(name: str, tmp_path: Path) -> None:
    """Two ends differ: `until` is read, whatever the instrument."""
    shown = scenario(tmp_path, TYPES[name].example)
    event = shown.model.events[-1]
    asked = commodity(shown.model.events)
    if name == "outage":
        shown = shown.with_set(f"events.{event.id}.duration_days", None)
    ends = (shown.with_set(f"events.{event.id}.until", day) for day in ("2027-02-01", "2027-12-01"))
    early, late = (worlds.run(resolve(scenario, [asked]), 16) for scenario in ends)
    assert not same(early, late)


@pytest.mark.parametrize(
    "name", [name for name in TYPES if name not in ("export_ban", "export_licensing", "export_quota")]
)
def test_only_export_controls_move_orders_by_being_announced(name: str, tmp_path: Path) -> None:
    shown = scenario(tmp_path, TYPES[name].example)
    event = shown.model.events[-1]
    asked = commodity(shown.model.events)
    told = shown.with_set(f"events.{event.id}.announced", "2025-11-06")
    plain, announced = (worlds.run(resolve(scenario, [asked]), 16) for scenario in (shown, told))
    assert same(plain, announced)


def test_the_list_shows_every_instrument_with_its_example(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["schema", "--list"]) == 0
    out = capfd.readouterr().out
    for name, kind in TYPES.items():
        assert f"\n{name} " in f"\n{out}"
        assert textwrap.indent(textwrap.dedent(kind.example).strip(), "    ") in out


@pytest.mark.parametrize("name", TYPES)
def test_every_field_of_an_instrument_is_shown_with_its_words(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["schema", name]) == 0
    out = capfd.readouterr().out
    for field, described in TYPES[name].model_fields.items():
        assert field == "type" or f"  {field}  (" in out
        assert described.description or field == "type", f"{name}.{field} is not documented"


def test_a_misspelt_instrument_is_answered_with_the_nearest_one(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["schema", "export_bann"]) == 2
    assert "did you mean 'export_ban'?" in capfd.readouterr().err
