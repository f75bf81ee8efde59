"""Loading: a scenario file, checked as a whole, to a frozen ``Scenario``."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from simulator.errors import InputError, UsageError
from simulator.instruments.base import Instrument
from simulator.scenario.checks import Found, event_checks, scenario_checks
from simulator.scenario.layers import Layers, merged, overridden, read
from simulator.scenario.messages import by_id, problem_of
from simulator.scenario.nodes import Mark, Node, Path
from simulator.scenario.problems import Problem, dotted, report
from simulator.scenario.rule_checks import rule_checks
from simulator.scenario.rules import Rule
from simulator.scenario.schema import Event, ScenarioModel

Entry = TypeVar("Entry")

DEFAULT = "default"
"""Origin of a value that no file and no override gives."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario file with its layers merged, its overrides applied and everything checked."""

    path: str
    model: ScenarioModel
    origins: Mapping[str, str]
    """Dotted path of every value -> ``file:line``, ``--set ...`` or ``default``."""
    values: Mapping[str, Any]
    """Dotted path of every value -> the value."""
    sha256: str
    """Digest of the resolved scenario as sorted JSON; the same for the same meaning, however it is layered."""
    layers: Layers = field(repr=False, compare=False)
    """The merged document and the text behind it."""

    @property
    def name(self) -> str:
        """Short name of the scenario."""
        return self.model.name

    @property
    def document(self) -> dict[str, Any]:
        """The resolved scenario as plain values, with every default filled in and nothing left to extend."""
        return self.model.model_dump(mode="json", exclude={"extends"})

    @staticmethod
    def load(path: str | os.PathLike[str], sets: Sequence[str] = ()) -> Scenario:
        """Read, merge and check a scenario file; see ``load``."""
        return load(path, sets)

    def with_event(self, **fields: Any) -> Scenario:
        """Return the scenario with one more event, or with the event of that ``id`` changed.

        Fields are those of the instrument named by ``type``; an ``id`` is made up where not given.

        Raises
        ------
        UsageError
            If the event is wrong; the text reports every problem.
        """
        if "id" not in fields:
            taken = {event.id for event in self.model.events}
            number = next(n for n in range(1, len(taken) + 2) if f"{fields.get('type')}_{n}" not in taken)
            fields["id"] = f"{fields.get('type')}_{number}"
        document = merged(self.layers.document, {"events": [fields]}, "with_event")
        return _scenario(self.path, Layers(document, self.layers.lines))

    def with_values(self, sets: Sequence[str]) -> Scenario:
        """Return the scenario with further overrides ``PATH=VALUE`` laid on top, without reading its files again.

        Raises
        ------
        UsageError
            If an override is malformed or what it gives is wrong; the text reports every problem.
        """
        return _scenario(self.path, overridden(self.layers, sets))


def load(path: str | os.PathLike[str], sets: Sequence[str] = ()) -> Scenario:
    """Read, merge and check a scenario file.

    Parameters
    ----------
    path
        The file; files it extends are found relative to it.
    sets
        Overrides ``PATH=VALUE``, laid on top in order; events are named by id.

    Raises
    ------
    InputError
        If a file is missing or anything in it is wrong; the text reports every problem.
    UsageError
        If an override is malformed, or all that is wrong comes from overrides.
    """
    return _scenario(os.fspath(path), read(path, sets))


def from_document(document: Mapping[str, Any], path: str) -> Scenario:
    """Return the scenario that ``Scenario.document`` describes, checked like a file; ``path`` says where it stands.

    Raises
    ------
    InputError
        If anything in it is wrong; the text reports every problem.
    """
    empty = Node({}, Mark(path, 0, 0, 0, 0), Mark(path, 0, 0, 0, 0))
    try:
        return _scenario(path, Layers(merged(empty, dict(document), path), {}))
    except UsageError as error:  # without lines, its problems look like those of overrides
        raise InputError(f"{path}: {error}") from None


def _scenario(path: str, layers: Layers) -> Scenario:
    model, found = _validate(layers.document)
    problems = [by_id(problem, layers.document) for problem in found]
    if problems or model is None:
        text = report(problems, layers.lines)
        from_sets = all(problem.mark is not None and problem.mark.line == 0 for problem in problems)
        raise UsageError(text) if problems and from_sets else InputError(text)
    return _freeze(path, model, layers)


def _validate(root: Node) -> tuple[ScenarioModel | None, list[Problem]]:
    """Return the model, or every problem: of the parts first, then between those parts that are valid."""
    plain = root.plain()
    problems: list[Problem] = []
    model: ScenarioModel | None = None
    try:
        model = ScenarioModel.model_validate(plain)
    except ValidationError as error:
        problems = [problem_of(item, root) for item in error.errors(include_url=False)]
    events = dict(enumerate(model.events)) if model is not None else _valid(_event_adapter(), plain.get("events"))
    rules = dict(enumerate(model.rules)) if model is not None else _valid(_RULE, plain.get("rules"))
    start = model.start if model is not None else _start(plain)
    if start is not None:
        ids = {event.id: event.type for event in events.values()} | _raw_ids(plain.get("events"))
        set_off = {event.id: event.type for rule in rules.values() for event in rule.then}
        problems += _located(event_checks(events, ids | set_off, start), root)
        problems += _located(rule_checks(rules, ids, ids | set_off, start), root)
    if model is not None:
        problems += _located(scenario_checks(model), root)
    return model, problems


@cache
def _event_adapter() -> TypeAdapter[Instrument]:
    return TypeAdapter(Event)


_RULE = TypeAdapter(Rule)


def _valid(adapter: TypeAdapter[Entry], raw: Any) -> dict[int, Entry]:
    """Return the valid entries of a list by their index."""
    found: dict[int, Entry] = {}
    for index, item in enumerate(raw if isinstance(raw, list) else ()):
        try:
            found[index] = adapter.validate_python(item)
        except ValidationError:
            continue
    return found


def _raw_ids(raw: Any) -> dict[str, str]:
    items = [item for item in (raw if isinstance(raw, list) else ()) if isinstance(item, dict)]
    return {item["id"]: str(item.get("type")) for item in items if isinstance(item.get("id"), str)}


def _start(plain: dict[str, Any]) -> Any:
    try:
        return ScenarioModel.model_validate(
            {"name": "-", **({"start": plain["start"]} if "start" in plain else {})}
        ).start
    except ValidationError:
        return None


def _located(found: Iterator[Found], root: Node) -> list[Problem]:
    problems = []
    for path, text in found:
        node = root
        for step in path:
            node = node.child(step) or node
        problems.append(Problem(text, node.mark, path))
    return problems


def _freeze(path: str, model: ScenarioModel, layers: Layers) -> Scenario:
    dumped = model.model_dump(mode="json", exclude={"extends"})
    origins: dict[str, str] = {}
    values: dict[str, Any] = {}
    for where, value in _leaves(dumped):
        name = _named(where, dumped)
        values[name] = value
        origins[name] = _origin(where, layers.document)
    canonical = json.dumps(dumped, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Scenario(
        path=path,
        model=model,
        origins=MappingProxyType(origins),
        values=MappingProxyType(values),
        sha256=hashlib.sha256(canonical.encode()).hexdigest(),
        layers=layers,
    )


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not value or not isinstance(value, dict | list):
        yield path, value
    else:
        for key, child in items:
            yield from _leaves(child, (*path, key))


def _named(path: Path, dumped: Any) -> str:
    """Return a dotted path in which events and rules go by id, as in ``--set``."""
    node: Any = dumped
    steps: list[str | int] = []
    for step in path:
        node = node[step]
        by_id = isinstance(step, int) and isinstance(node, dict) and isinstance(node.get("id"), str)
        steps.append(node["id"] if by_id else step)
    return dotted(tuple(steps))


def _origin(where: Path, root: Node) -> str:
    node: Node | None = root
    for step in where:
        below = node.child(step) if node is not None else None
        if below is None:  # a single name where a list is meant, or a value left to its default
            node = node if node is not None and node is not root and not isinstance(node.value, dict | list) else None
            break
        node = below
    if node is None:
        return DEFAULT
    return f"{node.mark.file}:{node.mark.line}" if node.mark.line else node.mark.file
