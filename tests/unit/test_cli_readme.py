"""What the README shows must be true of this version."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from simulator.cli.main import SUBCOMMANDS, cli
from simulator.instruments.base import instrument_types
from simulator.metrics.yardsticks import YARDSTICKS
from simulator.scenario import load, resolve

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def commands() -> list[list[str]]:
    """Every line of a shell block that calls the program, as words."""
    lines = [line for block in re.findall(r"```sh\n(.*?)```", README, re.S) for line in block.splitlines()]
    return [line.partition("#")[0].split() for line in lines if line.startswith("simulator ")]


EXAMPLES = re.findall(r"```yaml\n(.*?)```", README, re.S)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.splitlines()[0])
def test_the_example_scenarios_are_valid(example: str, tmp_path: Path) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(example.replace("scenarios/", f"{ROOT.as_posix()}/scenarios/"), "utf-8")
    case = resolve(load(file))
    assert example.startswith(f"name: {case.name}\n")


def test_the_readme_shows_an_event_and_a_company() -> None:
    assert any("events:" in example for example in EXAMPLES)
    assert any("focal:" in example for example in EXAMPLES)


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_shown_exists_with_its_options(words: list[str]) -> None:
    command = cli.get_command(click.Context(cli), words[1])
    if isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words[2])
    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_every_command_and_yardstick_and_event_type_is_explained() -> None:
    for name in SUBCOMMANDS:
        assert f"`simulator {name}" in README
    for name in (*YARDSTICKS, *instrument_types()):
        assert f"`{name}`" in README


def test_the_overrides_shown_point_at_something() -> None:
    for words in commands():
        sets = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
        if sets:
            load(ROOT / words[2], sets)
