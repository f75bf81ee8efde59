"""A file that says which events, deals, projects and partners stand together in an attribution."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from simulator.errors import InputError
from simulator.scenario.layers import read_node
from simulator.scenario.nodes import Mark, Node
from simulator.scenario.problems import Problem, report

Check = Callable[[Mapping[str, Sequence[str]]], Sequence[tuple[str, int, str]]]
"""Groups -> group, place in its list (-1 for its name) and problem."""


def read_groups(path: str | os.PathLike[str], check: Check) -> dict[str, tuple[str, ...]]:
    """Read a YAML mapping of group names to lists of names.

    Parameters
    ----------
    path
        The file.
    check
        Finds what is wrong with the names.

    Raises
    ------
    InputError
        If the file is missing, is no such mapping, or names are wrong; the text reports every problem with its place.
    """
    lines: dict[str, list[str]] = {}
    node = read_node(Path(path), lines, "the file is empty; write groups as `name: [id, id]` lines")
    found = list(_shape(node))
    if not found:
        groups = {name: tuple(item.value for item in child.value) for name, child in node.value.items()}
        found = [Problem(text, _mark(node, group, place), (group,)) for group, place, text in check(groups)]
        if not found:
            return groups
    raise InputError(report(found, lines))


def _shape(node: Node) -> Iterator[Problem]:
    if not isinstance(node.value, dict):
        yield Problem("groups are a mapping of `name: [id, id]` lines", node.mark)
        return
    for name, child in node.value.items():
        if not isinstance(child.value, list) or not child.value:
            yield Problem("a group is a list of at least one event, agreement, project or partner", child.mark, (name,))
            continue
        for place, item in enumerate(child.value):
            if not isinstance(item.value, str):
                yield Problem(f"{item.plain()!r} is not a name", item.mark, (name, place))


def _mark(node: Node, group: str, place: int) -> Mark | None:
    child = node.child(group)
    assert child is not None
    item = child.child(place) if place >= 0 else None
    return child.key_mark if item is None else item.mark
