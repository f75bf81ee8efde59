"""A scenario as YAML text: whole, or as the layer that makes one scenario out of another.

What is left to its default is left out, so that the text says what a person would have written. Read again it gives a
scenario with the same digest, which a test holds for every file of the library.
"""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import BaseModel

from simulator.scenario.layers import BY_ID
from simulator.scenario.nodes import scalar
from simulator.scenario.schema import ScenarioModel

Plain = dict[str, Any]

_WIDTH = 120
_SHORT = 4
"""Entries up to which a mapping of plain values stands on one line."""


def text_of(model: ScenarioModel) -> str:
    """Return a scenario as a file of its own, with nothing left to extend."""
    return _dump(spoken(model))


def layer_over(base: ScenarioModel, model: ScenarioModel, extends: str) -> str:
    """Return what to write over the file ``extends``, which holds ``base``, to have ``model``."""
    return _dump({"extends": extends, **layer(base, model)})


def layer(base: ScenarioModel, model: ScenarioModel) -> Plain:
    """Return what merging over ``base`` needs to give ``model``, as plain values; events and rules by id."""
    return _over(spoken(base), spoken(model), model.model_dump(mode="json", exclude={"extends"}), at_root=True)


def spoken(model: ScenarioModel) -> Plain:
    """Return what a scenario says besides its defaults, as plain values."""
    said = model.model_dump(mode="json", exclude={"extends"}, exclude_defaults=True)
    for key in BY_ID:
        entries = getattr(model, key)
        if entries:
            said[key] = [_with_types(entry, plain) for entry, plain in zip(entries, said[key], strict=True)]
    return said


def _with_types(entry: BaseModel, plain: Plain) -> Plain:
    """Return an event, or a rule with its events, with the ``type`` that as a default was left out."""
    kind = getattr(entry, "type", None)
    then = getattr(entry, "then", ())
    head = {"id": plain["id"], **({"type": kind} if kind is not None else {})}
    rest = {key: value for key, value in plain.items() if key not in head}
    if then:
        rest["then"] = [_with_types(event, one) for event, one in zip(then, plain["then"], strict=True)]
    return {**head, **rest}


def _over(before: Plain, after: Plain, full: Plain, *, at_root: bool = False) -> Plain:
    """Return what merging needs to turn one mapping into another.

    ``full`` is the second with its defaults: what goes back to one is written out, and null where that is nothing.
    """
    found: Plain = {key: full.get(key) for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if value == old and type(value) is type(old):
            continue
        if at_root and key in BY_ID:
            found[key] = _entries(old or [], value, full[key], BY_ID[key])
        elif isinstance(value, dict) and isinstance(old, dict):
            # One key each, such as two distributions: merging lets the later take the place of the earlier.
            replaced = len(value) == len(old) == 1 and value.keys() != old.keys()
            found[key] = value if replaced else _over(old, value, full[key])
        else:
            found[key] = value
    for key in BY_ID if at_root else ():
        if key in before and key not in after:
            found[key] = _entries(before[key], [], [], BY_ID[key])
    return found


def _entries(before: list[Plain], after: list[Plain], full: list[Plain], deleted_by: str) -> list[Plain]:
    """Return the entries of a list merged by id that change, come and go; a change keeps to what differs."""
    old = {entry["id"]: entry for entry in before}
    found: list[Plain] = []
    for entry, whole in zip(after, full, strict=True):
        was = old.pop(entry["id"], None)
        if was is None or was.get("type") != entry.get("type"):
            found.append(entry)
        elif was != entry:
            found.append({"id": entry["id"], **_over(was, entry, whole)})
    return [*found, *({"id": name, deleted_by: None} for name in old)]


class _Dumper(yaml.SafeDumper):
    """Writes YAML 1.2 as the loader reads it: days need no quotes, what looks like a number does."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own name for it
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeDumper.yaml_implicit_resolvers.items()
    }

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key."""
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """Quote text that would be read as something else."""
    style = None if isinstance(scalar(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.Node:
    """Write a list of plain values on one line."""
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=_plain(items))


def _mapping(dumper: yaml.SafeDumper, items: Plain) -> yaml.Node:
    """Write a small mapping of plain values on one line, keys in the order given."""
    short = len(items) <= _SHORT and "id" not in items and _plain(items.values()) and bool(dumper.represented_objects)
    return dumper.represent_mapping("tag:yaml.org,2002:map", items.items(), flow_style=short)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(dict, _mapping)


def _plain(values: Any) -> bool:
    return all(not isinstance(value, dict | list) for value in values)


def _dump(document: Plain) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
