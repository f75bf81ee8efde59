"""Loading: a scenario file, checked as a whole, to a frozen ``Scenario``."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from simulator.errors import InputError, UsageError
from simulator.instruments.fields import nearest
from simulator.scenario.checks import Found, event_checks, scenario_checks
from simulator.scenario.difference import ScenarioDifference, difference
from simulator.scenario.layers import Layers, merged, overridden, read, with_observed, with_value
from simulator.scenario.library import elsewhere
from simulator.scenario.messages import by_id, problem_of
from simulator.scenario.nodes import Mark, Node, Path
from simulator.scenario.problems import Problem, dotted, report
from simulator.scenario.rule_checks import rule_checks
from simulator.scenario.schema import ScenarioModel, event_adapter, rule_adapter, take_in_instruments
from simulator.scenario.tree import outside_allowed

Entry = TypeVar("Entry")

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
DEFAULT = "default"
"""Origin of a value that no file and no override gives."""


@dataclass(frozen=True, slots=True, repr=False)
class Scenario:
    """A scenario file with its layers merged, its overrides applied and everything checked.

    It never changes: every method that alters something returns another scenario, checked as a whole.

    Examples
    --------
    >>> base = Scenario.load("scenarios/baseline.yaml")
    >>> ban = base.with_event(
    ...     id="ban", type="export_ban", imposer="CHN", target="USA", commodities=["antimony"], at="+12mo"
    ... )
    >>> milder = ban.with_set("events.ban.probability", 0.5)
    >>> print(ban.diff(milder))
    events.ban.probability: 1 -> 0.5
    >>> milder.without_event("ban").sha256 == base.sha256
    True
    """

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
        return _dumped(self.model)

    @staticmethod
    def load(
        path: str | os.PathLike[str],
        sets: Sequence[str] = (),
        observed: str | os.PathLike[str] | None = None,
        *,
        allow_outside: bool = False,
    ) -> Scenario:
        """Read, merge and check a scenario file; see ``load``."""
        return load(path, sets, observed, allow_outside=allow_outside)

    def with_observed(self, file: str | os.PathLike[str]) -> Scenario:
        """Return the scenario with the observations of a file in the place of its own.

        Raises
        ------
        InputError
            If the file is missing or anything in it is wrong; the text reports every problem.
        """
        return _scenario(self.path, with_observed(self.layers, file))

    def __repr__(self) -> str:
        model = self.model
        return f"<Scenario {self.name!r}: {len(model.events)} events, {len(model.rules)} rules, {self.sha256[:12]}>"

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

    def without_event(self, event_id: str) -> Scenario:
        """Return the scenario without the event of that ``id``.

        Raises
        ------
        UsageError
            If there is none, or another event names it.
        """
        ids = [event.id for event in self.model.events]
        if event_id not in ids:
            near = nearest(event_id, ids)
            raise UsageError(
                f"{self.name!r} has no event {event_id!r}; "
                + (f"did you mean {near!r}?" if near else f"it has {', '.join(ids) or 'none'}")
            )
        document = merged(self.layers.document, {"events": [{"id": event_id, "type": None}]}, "without_event")
        try:
            return _scenario(self.path, Layers(document, self.layers.lines))
        except InputError as error:
            raise UsageError(f"without event {event_id!r} the scenario does not hold together:\n{error}") from None

    def with_set(self, path: str, value: object) -> Scenario:
        """Return the scenario with one value set.

        Parameters
        ----------
        path
            Dotted, events and rules by id: ``events.snapback.probability``, ``target.deadline``, ``review_days``.
        value
            What a file would hold there, as plain Python; a date may be a ``date``, None goes back to the default.

        Raises
        ------
        UsageError
            If the path names nothing or the value is not accepted; the text reports every problem.
        """
        return _scenario(self.path, with_value(self.layers, path, value))

    def with_values(self, sets: Sequence[str], *, option: str = "--set") -> Scenario:
        """Return the scenario with overrides ``PATH=VALUE`` laid on top, as ``--set`` takes them.

        Errors name the ``option`` that gave them.

        Raises
        ------
        UsageError
            If an override is malformed or what it gives is wrong; the text reports every problem.
        """
        return _scenario(self.path, overridden(self.layers, sets, option))

    def only(self, *commodities: str) -> Scenario:
        """Return the scenario for some commodities alone, by catalogue name; their numbers stay what they were.

        Raises
        ------
        UsageError
            If one is not in the catalogue.

        Examples
        --------
        >>> Scenario.load("scenarios/baseline.yaml").only("antimony", "gallium").model.commodities
        ('antimony', 'gallium')
        """
        return self.with_set("commodities", list(commodities))

    def diff(self, other: Scenario) -> ScenarioDifference:
        """Return the values in which another scenario differs from this one."""
        return difference((self.name, other.name), self.values, other.values)

    def to_yaml(self, over: Scenario | None = None) -> str:
        """Return the scenario as the text of a file; read again, it has the same digest.

        Parameters
        ----------
        over
            A scenario whose file this one is to extend: the text then holds what differs alone. None gives a file
            of its own.
        """
        from simulator.scenario.yaml_text import layer_over, text_of

        return text_of(self.model) if over is None else layer_over(over.model, self.model, over.path)


def load(
    path: str | os.PathLike[str],
    sets: Sequence[str] = (),
    observed: str | os.PathLike[str] | None = None,
    *,
    allow_outside: bool = False,
) -> Scenario:
    """Read, merge and check a scenario file.

    Parameters
    ----------
    path
        The file, or the name of a scenario of the library (``library.elsewhere``); files it extends are found
        relative to it.
    sets
        Overrides ``PATH=VALUE``, laid on top in order; events are named by id.
    observed
        File of observations that takes the place of the scenario's own.
    allow_outside
        Whether it may name files outside its tree: outside its folder, or outside the folder that holds the
        ``scenarios`` it lies in.

    Raises
    ------
    InputError
        If a file is missing or anything in it is wrong; the text reports every problem.
    UsageError
        If an override is malformed, or all that is wrong comes from overrides.
    """
    path = elsewhere(os.fspath(path)) or path
    with outside_allowed(allow_outside):
        layers = read(path, sets)
    return _scenario(os.fspath(path), layers if observed is None else with_observed(layers, observed))


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
    take_in_instruments()
    plain = root.plain()
    problems: list[Problem] = []
    model: ScenarioModel | None = None
    try:
        model = ScenarioModel.model_validate(plain)
    except ValidationError as error:
        problems = [problem_of(item, root) for item in error.errors(include_url=False)]
    events = dict(enumerate(model.events)) if model is not None else _valid(event_adapter(), plain.get("events"))
    rules = dict(enumerate(model.rules)) if model is not None else _valid(rule_adapter(), plain.get("rules"))
    start = model.start if model is not None else _start(plain)
    if start is not None:
        ids = {event.id: event.type for event in events.values()} | _raw_ids(plain.get("events"))
        set_off = {event.id: event.type for rule in rules.values() for event in rule.then}
        problems += _located(event_checks(events, ids | set_off, start), root)
        problems += _located(rule_checks(rules, ids, ids | set_off, start), root)
    if model is not None:
        problems += _located(scenario_checks(model), root)
    return model, problems + list(_control_characters(root))


def _control_characters(root: Node) -> Iterator[Problem]:
    """Yield texts with characters that a terminal obeys and no page may hold, and a name of several lines."""
    for path, node in root.leaves():
        found = _CONTROL.search(node.value) if isinstance(node.value, str) else None
        if found is not None:
            yield Problem(f"holds the control character U+{ord(found[0]):04X}; write plain text", node.mark, path)
        elif path == ("name",) and "\n" in str(node.value):
            yield Problem("is more than one line; write a short name", node.mark, path)


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
    dumped = _dumped(model)
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


def _dumped(model: ScenarioModel) -> dict[str, Any]:
    """The scenario as plain values; a part that most scenarios do not have only where it is there."""
    absent = [name for name in ("backtest", "observed") if not getattr(model, name)]
    dumped = model.model_dump(mode="json", exclude={"extends", *absent})
    if model.catalogue.inputs == "posterior":
        del dumped["catalogue"]["inputs"]
    return dumped


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
