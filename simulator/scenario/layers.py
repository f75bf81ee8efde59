"""Scenario files in layers: reading, ``extends``, merging, and overrides from the command line.

The file named last wins: mappings merge key by key, ``events`` and ``rules`` merge by ``id``, other lists are
replaced, ``null`` deletes a key (and ``type: null`` a whole event, ``when: null`` a whole rule). Every node
keeps its place, so that any value can be traced to the line it came from.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path as FilePath
from typing import Any

from simulator.catalogue.observations import read_observations
from simulator.domain.plain_files import opened, text_of
from simulator.errors import InputError, UsageError
from simulator.instruments.distributions import SHAPES
from simulator.instruments.fields import nearest
from simulator.scenario.library import elsewhere, shipped, shipped_names
from simulator.scenario.nodes import MAX_BYTES, Mark, Node, TextError, parse
from simulator.scenario.problems import Problem, report
from simulator.scenario.tree import LIBRARY, leads_out, root_of

MAX_LAYERS = 20
_ALTERNATIVES = {*SHAPES, "input"}
BY_ID = {"events": "type", "rules": "when"}
"""Lists whose entries merge by ``id``, with the key that deletes an entry when it is null."""


@dataclass(slots=True)
class Layers:
    """The merged document and the text of every file it was made of."""

    document: Node
    lines: dict[str, list[str]] = field(default_factory=dict)


def read(path: str | os.PathLike[str], sets: Sequence[str] = ()) -> Layers:
    """Read a scenario file with all it extends, and lay the overrides ``PATH=VALUE`` on top.

    Raises
    ------
    InputError
        If a file is missing, unreadable, not a bounded YAML mapping, extends itself, or names one outside its tree.
    UsageError
        If an override is not ``PATH=VALUE`` or names an event that is not there.
    """
    lines: dict[str, list[str]] = {}
    return overridden(Layers(_read(FilePath(path), None, (), lines, root_of(path)), lines), sets)


def with_observed(layers: Layers, file: str | os.PathLike[str]) -> Layers:
    """Put the rows of a file of observations in the place of those of the scenario.

    Raises
    ------
    InputError
        If the file is missing or anything in it is wrong.
    """
    lines = dict(layers.lines)
    rows = _observed(FilePath(file), None, lines)
    return Layers(Node({**layers.document.value, "observed": rows}, layers.document.mark), lines)


def _observed(path: FilePath, asked_at: Mark | None, lines: dict[str, list[str]]) -> Node:
    """Return the rows of a file of observations as nodes that know their lines."""
    rows = read_observations(path)
    name = str(path)
    lines[name] = text_of(path, MAX_BYTES * 2).removeprefix("\ufeff").splitlines()
    nodes = []
    for found, line in rows:
        mark = Mark(name, line, 1, line, 2)
        filled = {key: value for key, value in asdict(found).items() if value not in ("", None) and key != "episode"}
        nodes.append(replace(_node(filled, mark), key_mark=mark))
    return Node(nodes, asked_at or Mark(name, 1, 1, 1, 2), asked_at)


def overridden(layers: Layers, sets: Sequence[str], option: str = "--set") -> Layers:
    """Lay overrides ``PATH=VALUE`` over what has been read, in order; errors name the ``option`` that gave them.

    Raises
    ------
    UsageError
        If an override is not ``PATH=VALUE`` or names an event that is not there.
    """
    document = layers.document
    for text in sets:
        document = _override(document, f"{option} {text}", text)
    return Layers(document, layers.lines)


def with_value(layers: Layers, path: str, value: object) -> Layers:
    """Lay one plain Python value over what has been read; ``path`` as in an override, None deletes.

    Raises
    ------
    UsageError
        If the path names an event that is not there.
    """
    place = f"with_set {path}"
    steps = path.split(".")
    if not all(steps):
        raise UsageError(f"{place}: name what to set, such as events.snapback.probability")
    return Layers(_put(layers.document, steps, _node(value, Mark(place, 0, 0, 0, 0)), place), layers.lines)


def merged(document: Node, over: object, origin: str) -> Node:
    """Lay plain Python values over a document; ``origin`` stands for their place."""
    return _merge(document, _node(over, Mark(origin, 0, 0, 0, 0)))


def _node(value: Any, mark: Mark) -> Node:
    if isinstance(value, dict):
        return Node({str(key): _node(child, mark) for key, child in value.items()}, mark, mark)
    if isinstance(value, list | tuple):
        return Node([_node(child, mark) for child in value], mark, mark)
    return Node(value.isoformat() if isinstance(value, date) else value, mark, mark)


def _fail(text: str, mark: Mark | None, lines: dict[str, list[str]], *path: str) -> InputError:
    return InputError(report([Problem(text, mark, path)], lines))


def _text(path: FilePath, asked_at: Mark | None, lines: dict[str, list[str]]) -> str:
    """Return the text of a file; a fault of the file itself is placed in it, a missing file where it is asked for."""
    name, here = str(path), Mark(str(path), 1, 1, 1, 2)
    asked = ("extends",) if asked_at else ()
    prefix = "" if asked_at else f"{name}: "
    try:
        if path.is_dir():
            raise _fail(f"{prefix}{name!r} is a directory; name a scenario file", asked_at, lines, *asked)
        # What a shell makes of <(...) is a pipe on purpose.
        piped = asked_at is None and name.startswith("/dev/")
        with path.open("rb") if piped else opened(path) as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        near = nearest(path.name, _siblings(path))
        hint = f"; did you mean {str(path.parent / near)!r}?" if near else _shipped_hint(path)
        raise _fail(f"{prefix}there is no file {name!r}{hint}", asked_at, lines, *asked) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _fail(f"{prefix}{name!r} cannot be read: {reason}", asked_at, lines, *asked) from None
    if len(raw) > MAX_BYTES:
        raise _fail(f"the file is longer than {MAX_BYTES:,} bytes; a scenario is a short text", here, lines)
    binary = raw.find(b"\0")
    try:
        if binary >= 0:
            raise UnicodeDecodeError("utf-8", raw, binary, binary + 1, "NUL byte")
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, col = before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1
        text = f"not a text file: byte {raw[error.start]:#04x} is not UTF-8 text; save the scenario as UTF-8"
        raise _fail(text, Mark(name, line, col, line, col + 1), lines) from None


def _shipped_hint(path: FilePath) -> str:
    near = nearest(path.stem, shipped_names())
    return f"; did you mean {near!r}, which comes with the program?" if near else ""


def _siblings(path: FilePath) -> list[str]:
    try:
        return [entry.name for entry in path.parent.iterdir() if entry.suffix in (".yaml", ".yml")]
    except OSError:
        return []


def read_node(path: FilePath, lines: dict[str, list[str]], empty: str, asked_at: Mark | None = None) -> Node:
    """Read a file of one YAML document as nodes and add its text to ``lines``.

    Parameters
    ----------
    path
        The file.
    lines
        Text of the files read so far, by name.
    empty
        What to say where nothing is in it.
    asked_at
        Where the file is named, if not on the command line.

    Raises
    ------
    InputError
        If it is missing, unreadable, empty or no bounded YAML document.
    """
    text = _text(path, asked_at, lines)
    name = str(path)
    lines[name] = text.splitlines()
    try:
        node = parse(text, name)
    except TextError as error:
        raise _fail(error.text, error.mark, lines) from None
    if node is None:
        raise _fail(empty, Mark(name, 1, 1, 1, 2), lines)
    return node


def _check_inside(root: FilePath, target: FilePath, named: Node, lines: dict[str, list[str]], key: str) -> None:
    """Refuse to read a file outside the tree before anything of it is seen."""
    try:
        out = leads_out(root, target)
    except (OSError, ValueError) as error:  # a NUL byte in the name, a ring of links
        raise _fail(f"{named.value!r} cannot be read: {error}", named.mark, lines, key) from None
    if out:
        raise _fail(
            f"{named.value!r} leads out of the scenario's tree {str(root)!r}; move the file into it, or allow it with "
            "--allow-outside (in Python: allow_outside=True)",
            named.mark,
            lines,
            key,
        )


def _read(
    path: FilePath, asked_at: Mark | None, above: tuple[str, ...], lines: dict[str, list[str]], root: FilePath
) -> Node:
    node = read_node(path, lines, "the file is empty; `simulator init` writes one to start from", asked_at)
    if not isinstance(node.value, dict):
        raise _fail("a scenario is a mapping of `key: value` lines", node.mark, lines)
    _check_ids(node, lines)
    base = node.value.get("extends")
    own = Node({key: child for key, child in node.value.items() if key != "extends"}, node.mark)
    named = own.value.get("observed")
    if named is not None and isinstance(named.value, str):
        beside = path.parent / named.value
        _check_inside(root, beside, named, lines, "observed")
        if not beside.is_file():
            raise _fail(f"there is no file {str(beside)!r}", named.mark, lines, "observed")
        own.value["observed"] = _observed(beside, named.key_mark, lines)
    if base is None or base.value is None:
        return _merge(Node({}, node.mark), own)
    if not isinstance(base.value, str):
        raise _fail(f"{base.value!r} is not the name of a scenario file", base.mark, lines, "extends")
    chain = (*above, os.path.realpath(path))
    library = elsewhere(base.value, path.parent)
    target, root = (path.parent / base.value, root) if library is None else (library, shipped() / LIBRARY)
    _check_inside(root, target, base, lines, "extends")
    if os.path.realpath(target) in chain:
        names = [*chain[chain.index(os.path.realpath(target)) :], os.path.realpath(target)]
        loop = " -> ".join(FilePath(item).name for item in names)
        raise _fail(f"{base.value!r} goes round in a circle: {loop}", base.mark, lines, "extends")
    if len(chain) > MAX_LAYERS:
        raise _fail(f"more than {MAX_LAYERS} files on top of each other", base.mark, lines, "extends")
    return _merge(_read(target, base.mark, chain, lines, root), own)


def _event_id(event: Node) -> str | None:
    found = event.child("id")
    return found.value if found is not None and isinstance(found.value, str) else None


def _check_ids(node: Node, lines: dict[str, list[str]]) -> None:
    """Refuse two events, or rules, of one id in one file: one of them would silently win."""
    seen: dict[str, Mark] = {}
    problems = []
    for key in BY_ID:
        entries = node.child(key)
        for index, entry in enumerate(entries.value if entries is not None and isinstance(entries.value, list) else ()):
            name, place = _event_id(entry), entry.child("id")
            if name is None or place is None:
                continue
            if name in seen:
                text = f"{name!r} is already the id of the event on line {seen[name].line}"
                problems.append(Problem(text, place.mark, (key, index, "id")))
            seen.setdefault(name, place.mark)
    if problems:
        raise InputError(report(problems, lines))


def _merge(base: Node, over: Node, *, at_root: bool = True) -> Node:
    """Lay one mapping over another."""
    merged = dict(base.value)
    for key, child in over.value.items():
        old = merged.get(key)
        if at_root and key in BY_ID and isinstance(child.value, list):
            below = old if old is not None and isinstance(old.value, list) else None
            merged[key] = _merge_by_id(below, child, BY_ID[key])
        elif child.value is None:
            merged.pop(key, None)
        elif isinstance(child.value, dict):
            below = old if old is not None and isinstance(old.value, dict) and not _is_choice(old, child) else None
            empty = Node({}, child.mark, child.key_mark)
            merged[key] = replace(_merge(below or empty, child, at_root=False), key_mark=child.key_mark)
        else:
            merged[key] = child
    return Node(merged, over.mark, over.key_mark)


def _is_choice(old: Node, new: Node) -> bool:
    """Whether two mappings are one-key alternatives, such as two distributions: the later replaces the earlier."""
    return old.value.keys() != new.value.keys() and all(
        len(node.value) == 1 and node.value.keys() <= _ALTERNATIVES for node in (old, new)
    )


def _merge_by_id(base: Node | None, over: Node, deleted_by: str) -> Node:
    events: list[Node | None] = list(base.value) if base is not None else []
    places: dict[str, int] = {}
    for index, old in enumerate(events):
        if old is not None and (known := _event_id(old)) is not None:
            places.setdefault(known, index)
    for event in over.value:
        name = _event_id(event)
        place = None if name is None else places.get(name)
        mark = event.child(deleted_by)
        if mark is not None and mark.value is None:
            if place is not None and name is not None:
                events[place] = None
                del places[name]
            continue
        kind = event.child("type")
        if not isinstance(event.value, dict):
            events.append(event)
        elif place is None or (old := events[place]) is None:
            if name is not None:
                places[name] = len(events)
            events.append(_merge(Node({}, event.mark), event, at_root=False))
        else:
            old_kind = old.child("type")
            same = kind is None or (old_kind is not None and old_kind.value == kind.value)
            events[place] = _merge(old if same else Node({}, event.mark), event, at_root=False)
    return Node([event for event in events if event is not None], over.mark, over.key_mark)


def _override(document: Node, place: str, text: str) -> Node:
    """Lay one ``PATH=VALUE`` over the document; ``place`` says where it was given."""
    path, equals, value_text = text.partition("=")
    steps = path.strip().split(".")
    if not equals or not all(steps):
        raise UsageError(f"{place}: write PATH=VALUE, such as events.snapback.probability=0.5")
    mark = Mark(place, 0, 0, 0, 0)
    try:
        value = parse(value_text, place) or Node(None, mark)
    except TextError as error:
        raise UsageError(f"{place}: {error.text}") from None
    return _put(document, steps, _at(value, mark), place)


def _at(node: Node, mark: Mark) -> Node:
    """Return the node with every place replaced by that of the override."""
    value = node.value
    if isinstance(value, dict):
        value = {key: replace(_at(child, mark), key_mark=mark) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_at(child, mark) for child in value]
    return Node(value, mark, mark)


def _put(node: Node, steps: Sequence[str], value: Node, place: str, walked: str = "") -> Node:
    step, rest = steps[0], steps[1:]
    if isinstance(node.value, list):
        index = _index(node, step, place, walked)
        items = list(node.value)
        items[index] = _put(items[index], rest, value, place, f"{walked}.{step}") if rest else value
        return Node(items, node.mark, node.key_mark)
    if not isinstance(node.value, dict):
        if walked:
            raise UsageError(f"{place}: {walked.lstrip('.')!r} holds a single value and has nothing below it")
        raise UsageError(f"{place}: the scenario holds nothing to change")
    children = dict(node.value)
    if not rest and value.value is None:
        children.pop(step, None)
        return Node(children, node.mark, node.key_mark)
    if rest:
        below = children.get(step) or Node([] if not walked and step in BY_ID else {}, value.mark, value.mark)
        if isinstance(below.value, dict | list):
            value = _put(below, rest, value, place, f"{walked}.{step}")
        else:  # a single value gives way to a mapping, as a number does to a distribution
            value = _put(Node({}, value.mark, value.mark), rest, value, place, f"{walked}.{step}")
    children[step] = value if not rest else replace(value, key_mark=value.key_mark or value.mark)
    return Node(children, node.mark, node.key_mark)


def _index(node: Node, step: str, place: str, walked: str) -> int:
    ids = [_event_id(item) for item in node.value]
    if step in ids:
        return ids.index(step)
    if step.isdecimal() and int(step) < len(node.value):
        return int(step)
    known = [name for name in ids if name]
    near = nearest(step, known)
    hint = f"; did you mean {near!r}?" if near else f"; known are {', '.join(known)}" if known else ""
    raise UsageError(f"{place}: {walked.lstrip('.')} has no entry {step!r}{hint}")
