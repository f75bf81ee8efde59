"""A scenario as the Python that makes it out of its file, to take a click from a panel into a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.errors import SimulatorError
from simulator.scenario.layers import BY_ID
from simulator.scenario.loader import Scenario, load
from simulator.scenario.yaml_text import layer, layer_over, spoken


def as_yaml(scenario: Scenario) -> str:
    """Return the text of a file that gives the scenario: a layer over its own file where that can be read."""
    own = _own_file(scenario)
    if own is None:
        return scenario.to_yaml()
    return f"# Save it beside {scenario.path}.\n" + layer_over(own.model, scenario.model, Path(scenario.path).name)


def as_python(scenario: Scenario, commodity: str, replications: int, seed: int) -> str:
    """Return a script that makes the scenario and compares it with its file on the futures of a preview."""
    own = _own_file(scenario)
    asked = f"commodities=[{commodity!r}], replications={replications}, seed={seed}"
    if own is None:
        return (
            "from simulator import run\n\n"
            f'what_if = run("what_if.yaml", {asked})  # a file that holds the text of "Show as YAML"\n'
        )
    calls = "".join(f"    .{call}\n" for call in _calls(own, scenario))
    changed = f"what_if = (\n    base\n{calls})\n" if calls else "what_if = base\n"
    return (
        "from simulator import Scenario, compare, run\n\n"
        f"base = Scenario.load({scenario.path!r})\n"
        f"{changed}"
        f"compared = compare(run(base, {asked}), what_if)\n"
        f'compared.plot.reliance("{commodity}")\n'
    )


def _own_file(scenario: Scenario) -> Scenario | None:
    try:
        return load(scenario.path)
    except SimulatorError:
        return None


def _calls(before: Scenario, after: Scenario) -> Iterator[str]:
    """Yield the method calls that turn one scenario into another."""
    changes, said = layer(before.model, after.model), spoken(after.model)
    for key, value in changes.items():
        if key == "events":
            for entry in value:
                if entry.get("type", "") is None:
                    yield f"without_event({entry['id']!r})"
                else:
                    yield f"with_event({_arguments(entry)})"
        elif key in BY_ID or isinstance(value, dict):
            yield f"with_set({key!r}, {said.get(key)!r})"
        else:
            yield f"with_set({key!r}, {value!r})"


def _arguments(entry: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in entry.items())
