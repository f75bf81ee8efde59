"""YAML 1.2 text to a tree of nodes that know their place; bounded, without tags or duplicate keys.

PyYAML serves as a source of events only: its own loading follows YAML 1.1 (``NO`` is false), keeps the last
of two equal keys, and can be driven into the ground by nesting or by aliases. Here depth, nodes and alias
expansion are counted as the events arrive, so hostile text fails before it costs anything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same events either way

MAX_BYTES = 2_000_000
MAX_NODES = 200_000
MAX_DEPTH = 40

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file: 1-based, the end exclusive. Line 0 stands for a command-line override."""

    file: str
    line: int
    col: int
    end_line: int
    end_col: int


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value with its place; mappings hold nodes by key, lists hold nodes."""

    value: Any
    mark: Mark
    key_mark: Mark | None = None

    def plain(self) -> Any:
        """Return the value as plain Python, without places."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def child(self, key: str | int) -> Node | None:
        """Return the node below, or None."""
        if isinstance(self.value, dict):
            found: Node | None = self.value.get(key)
            return found
        if isinstance(self.value, list) and isinstance(key, int) and 0 <= key < len(self.value):
            item: Node = self.value[key]
            return item
        return None

    def leaves(self, path: Path = ()) -> Iterator[tuple[Path, Node]]:
        """Yield path and node of every value that is not a filled mapping or list."""
        children: Any = ()
        if isinstance(self.value, dict):
            children = self.value.items()
        elif isinstance(self.value, list):
            children = enumerate(self.value)
        if not children or not self.value:
            yield path, self
        for key, child in children:
            yield from child.leaves((*path, key))


class TextError(Exception):
    """The text is not a scenario document; ``mark`` says where."""

    def __init__(self, text: str, mark: Mark) -> None:
        super().__init__(text)
        self.text, self.mark = text, mark


@dataclass(slots=True)
class _Frame:
    out: Any
    anchor: str | None
    mark: Mark
    size: int = 1
    key: str | None = None
    key_mark: Mark | None = None
    seen: dict[str, Mark] = field(default_factory=dict)


_INT, _OCT, _HEX = re.compile(r"[-+]?\d+\Z", re.A), re.compile(r"0o[0-7]+\Z"), re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?\Z", re.A)
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WORDS |= {
    sign + "." + word: (-math.inf if sign == "-" else math.inf)
    for sign in ("", "+", "-")
    for word in ("inf", "Inf", "INF")
}
_WORDS |= {".nan": math.nan, ".NaN": math.nan, ".NAN": math.nan}
_MAX_DIGITS = 40


def scalar(text: str) -> Any:
    """Return the value of a plain scalar in the YAML 1.2 core schema.

    >>> scalar("NO"), scalar("12:30"), scalar("1e3"), scalar("2026-01-01"), scalar("0x10"), scalar("")
    ('NO', '12:30', 1000.0, '2026-01-01', 16, None)
    """
    if text in _WORDS:
        return _WORDS[text]
    if len(text) < _MAX_DIGITS:
        if _INT.match(text):
            return int(text)
        if _OCT.match(text):
            return int(text[2:], 8)
        if _HEX.match(text):
            return int(text, 16)
    return float(text) if _FLOAT.match(text) else text


class _Builder:
    """Collects events into nodes and keeps the budgets."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.root: Node | None = None
        self.nodes = self.documents = 0

    def mark(self, event: Any) -> Mark:
        start, end = event.start_mark, event.end_mark
        return Mark(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def count(self, nodes: int, mark: Mark, what: str) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise TextError(f"{what} more than {MAX_NODES:,} values", mark)

    @property
    def wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].out, dict) and self.stack[-1].key is None

    def put(self, node: Node, size: int) -> None:
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        frame.size += size
        if isinstance(frame.out, list):
            frame.out.append(node)
        else:
            assert frame.key is not None
            frame.out[frame.key] = replace(node, key_mark=frame.key_mark)
            frame.key = None

    def put_key(self, text: str, mark: Mark) -> None:
        frame = self.stack[-1]
        if text in frame.seen:
            raise TextError(f"duplicate key {text!r}; it is first given on line {frame.seen[text].line}", mark)
        frame.seen[text], frame.key, frame.key_mark = mark, text, mark

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise TextError("a second document begins here; a scenario file holds one", self.mark(event))
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            frame = self.stack.pop()
            node = Node(frame.out, frame.mark)
            if frame.anchor:
                self.anchors[frame.anchor] = (node, frame.size)
            self.put(node, frame.size)
        elif isinstance(event, yaml.NodeEvent):
            self.take_node(event, self.mark(event))

    def take_node(self, event: Any, mark: Mark) -> None:
        self.count(1, mark, "the file holds")
        if getattr(event, "tag", None) not in (None, "!", "tag:yaml.org,2002:str"):
            raise TextError(f"tag {event.tag!r} is not accepted; write the plain value", mark)
        if isinstance(event, yaml.ScalarEvent):
            if self.wants_key:
                self.put_key(event.value, mark)
                return
            plain = event.implicit[0] and not event.style and event.tag is None  # `! 12` is text as well
            node = Node(scalar(event.value) if plain else event.value, mark)
            if event.anchor:
                self.anchors[event.anchor] = (node, 1)
            self.put(node, 1)
        elif self.wants_key:
            raise TextError("a key must be plain text", mark)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise TextError(f"*{event.anchor} refers to nothing above it", mark)
            node, size = self.anchors[event.anchor]
            self.count(size, mark, "aliases expand to")
            self.put(node, size)
        else:
            if len(self.stack) >= MAX_DEPTH:
                raise TextError(f"nested deeper than {MAX_DEPTH} levels", mark)
            out: Any = [] if isinstance(event, yaml.SequenceStartEvent) else {}
            self.stack.append(_Frame(out, event.anchor, mark))


def parse(text: str, file: str) -> Node | None:
    """Read one YAML document; None for one without any value.

    Raises
    ------
    TextError
        If the text is not one bounded YAML 1.2 document without tags and duplicate keys.
    """
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        line, col = (place.line + 1, place.column + 1) if place else (1, 1)
        words = " ".join(filter(None, (error.context, error.problem)))
        if "'\\t'" in words:
            words = "a tab cannot indent YAML; use spaces"
        raise TextError(f"not valid YAML: {words}", Mark(file, line, col, line, col + 1)) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position] if isinstance(error.position, int) else ""
        line, col = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        raise TextError(f"not plain text: {error.reason}", Mark(file, line, col, line, col + 1)) from None
    root = builder.root
    return None if root is None or root.value is None else root
