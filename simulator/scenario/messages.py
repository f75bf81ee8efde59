"""From a validation error to a problem in the file: its place, and words a reader can act on."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from simulator.instruments.base import instrument_types
from simulator.instruments.fields import nearest
from simulator.scenario.nodes import Mark, Node, Path
from simulator.scenario.problems import Problem
from simulator.scenario.rules import fireable_types
from simulator.scenario.schema import ScenarioModel


def _is_event(place: tuple[Any, ...]) -> bool:
    """Whether a place is that of an event; the next segment of an error's place is then the instrument's type."""
    in_rule = len(place) == len(("rules", 0, "then", 0)) and place[0] == "rules" and place[2] == "then"
    return in_rule or (len(place) == len(("events", 0)) and place[0] == "events")


_EXPECTED = {
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "a mapping of `key: value` lines",
    "model_attributes_type": "a mapping of `key: value` lines",
    "dict_type": "a mapping of `key: value` lines",
    "finite_number": "a finite number",
    "string_type": "text; put it in quotes",
}
_LIMITS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}


def problem_of(error: Mapping[str, Any], root: Node, before: Path = ()) -> Problem:
    """Return the problem behind one item of ``ValidationError.errors()``.

    Parameters
    ----------
    error
        The item.
    root
        The merged document.
    before
        Where the validated part sits in the document, if not at the root.
    """
    loc: tuple[Any, ...] = (*before, *error["loc"])
    path, node = _walk(loc, root)
    kind = error["type"]
    if kind in ("union_tag_invalid", "union_tag_not_found") and _is_event(path):
        return _wrong_type(path, node)
    if kind == "extra_forbidden":
        key = str(loc[-1])
        owner = _owner(loc[:-1])
        known = owner.model_fields if owner else ()
        near = nearest(key, known)
        hint = f"; did you mean {near!r}?" if near else f"; known are {', '.join(known)}" if known else ""
        return Problem(f"unknown field of {_title(owner)}{hint}", node.key_mark or node.mark, path)
    if kind == "missing":
        return _missing(loc, path, node)
    return Problem(_words(kind, error), _shown_at(node), path)


def by_id(problem: Problem, root: Node) -> Problem:
    """Return a problem of an override with its event named by id, as the override does; any other as it is."""
    if problem.mark is None or problem.mark.line:
        return problem
    path: Path = ()
    node: Node | None = root
    for step in problem.path:
        node = node.child(step) if node is not None else None
        name = node.child("id") if node is not None and isinstance(step, int) else None
        path = (*path, name.value if name is not None and isinstance(name.value, str) else step)
    return replace(problem, path=path)


def _walk(loc: tuple[Any, ...], root: Node) -> tuple[Path, Node]:
    """Return the deepest node on the way; segments that only name a branch of a union are not in the file."""
    path: Path = ()
    node = root
    for index, step in enumerate(loc):
        if _is_event(loc[:index]):
            continue
        below = node.child(step)
        if below is not None:
            path, node = (*path, step), below
    return path, node


def _shown_at(node: Node) -> Mark:
    """Point at the value; at the key where the value spans lines."""
    if node.mark.end_line > node.mark.line and node.key_mark is not None:
        return node.key_mark
    return node.mark


def _wrong_type(path: Path, node: Node) -> Problem:
    types_known = instrument_types() if path[0] == "events" else fireable_types()
    kind = node.child("type")
    if kind is None:
        name = node.child("id")
        text = f"is missing; known are {', '.join(types_known)}"
        return Problem(text, name.mark if name is not None else _shown_at(node), (*path, "type"))
    if isinstance(kind.value, str) and kind.value in instrument_types():
        text = f"{kind.value!r} cannot be set off by a rule; a rule can set off {', '.join(types_known)}"
        return Problem(text, kind.mark, (*path, "type"))
    near = nearest(kind.value, types_known)
    hint = f"; did you mean {near!r}?" if near else f"; known are {', '.join(types_known)}"
    return Problem(f"{kind.value!r} is not known{hint}", kind.mark, (*path, "type"))


def _missing(loc: tuple[Any, ...], path: Path, node: Node) -> Problem:
    name = str(loc[-1])
    owner = _owner(loc[:-1])
    field = owner.model_fields.get(name) if owner else None
    meaning = f": {_first_sentence(field.description)}" if field is not None and field.description else ""
    at = node.child("type") if _is_event(path) else None
    mark = at.mark if at is not None else node.key_mark or node.mark
    return Problem(f"is missing; {_title(owner)} needs it{meaning}", mark, (*path, name))


def _first_sentence(text: str) -> str:
    return text.split("\n")[0].split(". ")[0].rstrip(".")


def _words(kind: str, error: Mapping[str, Any]) -> str:
    found, context = error.get("input"), error.get("ctx", {})
    shown = _shown(found)
    if kind == "rejected":
        return str(error["msg"])
    if kind in _EXPECTED:
        return f"{shown} is not {_EXPECTED[kind]}"
    if kind in _LIMITS:
        limit, words = _LIMITS[kind]
        return f"{shown} is not accepted; it must be {words} {context[limit]:g}"
    if kind == "literal_error":
        options = [part.strip("' ") for part in str(context.get("expected", "")).replace(" or ", ", ").split(",")]
        near = nearest(found, options)
        return f"{shown} is not accepted; write {', '.join(options)}" + (f"; did you mean {near!r}?" if near else "")
    if kind == "string_pattern_mismatch":
        return f"{shown} is not accepted; it must match {context.get('pattern')}"
    return f"{shown} is not accepted: {str(error['msg'])[:1].lower()}{str(error['msg'])[1:]}"


def _shown(value: object) -> str:
    """Return a value as the file would write it; a mapping or list by its kind alone."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return repr(value) if isinstance(value, str | int | float) else f"a {_kind(value)}"


def _kind(value: object) -> str:
    return "mapping" if isinstance(value, dict) else "list" if isinstance(value, list | tuple) else type(value).__name__


def _title(owner: type[BaseModel] | None) -> str:
    if owner is None:
        return "this mapping"
    if owner is ScenarioModel:
        return "a scenario"
    kind = owner.model_fields.get("type")
    return str(kind.default) if kind is not None else _NAMES.get(owner.__name__, owner.__name__)


_NAMES = {
    "CatalogueChoice": "catalogue",
    "CompanyModel": "a company",
    "Rule": "a rule",
    "Condition": "a condition",
    "TargetModel": "target",
    "CriterionModel": "a criterion",
    "OwnYardstick": "a yardstick of one's own",
    "ListRuleModel": "a list rule",
    "InputRange": "an input's range",
    "SignedBefore": "agreements",
    "LognormalShape": "lognormal",
    "TriangularShape": "triangular",
    "UniformShape": "uniform",
    "NormalShape": "normal",
    "ChoiceShape": "choice",
}


def _owner(loc: tuple[Any, ...]) -> type[BaseModel] | None:
    """Return the model a place belongs to, walking the annotations of the file format."""
    owner: type[BaseModel] | None = ScenarioModel
    candidates: list[type[BaseModel]] = []
    for index, step in enumerate(loc):
        if _is_event(loc[:index]):
            owner = instrument_types().get(str(step))
            continue
        if owner is not None and isinstance(step, str) and step in owner.model_fields:
            candidates = list(_models(owner.model_fields[step].annotation))
            owner = candidates[0] if len(candidates) == 1 else None
        elif owner is None and isinstance(step, str):
            owner = next((model for model in candidates if next(iter(model.model_fields)) == step), None)
            if owner is None:
                owner = next((model for model in candidates if model.__name__ == step), None)
    return owner


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Annotated, Union, types.UnionType, tuple, dict):
        for part in get_args(annotation):
            yield from _models(part)
