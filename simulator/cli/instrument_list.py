"""Instruments as a reader of scenario files needs them: one line each, an example, and every field."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator

from pydantic.fields import FieldInfo

from simulator.errors import UsageError
from simulator.instruments.base import Instrument, instrument_types
from simulator.instruments.fields import nearest

WIDTH = 110
"""Characters to a line of text."""


def every_instrument() -> str:
    """Return each type with its meaning in one line and its example."""
    types = instrument_types()
    width = max(map(len, types))
    blocks = [
        f"{name:<{width}}  {meaning(kind)}\n{textwrap.indent(example(kind), '    ')}" for name, kind in types.items()
    ]
    return "\n\n".join(blocks)


def one_instrument(name: str) -> str:
    """Return what an instrument does, its fields with defaults and units, and its example."""
    types = instrument_types()
    if name not in types:
        near = nearest(name, types)
        hint = f"did you mean {near!r}?" if near else f"known are {', '.join(types)}"
        raise UsageError(f"{name!r} is not an instrument; {hint}")
    kind = types[name]
    own = [field for field in kind.model_fields if field not in Instrument.model_fields or field == "at"]
    common = [field for field in Instrument.model_fields if field not in (*own, "type")]
    parts = [
        f"{name}: {_plain(inspect.cleandoc(kind.__doc__ or ''))}",
        "Fields:\n" + _fields(kind, own),
        "Fields of every instrument:\n" + _fields(kind, common),
        "Example, as it stands under `events:`\n" + textwrap.indent(example(kind), "  "),
    ]
    return "\n\n".join(parts)


def meaning(kind: type[Instrument]) -> str:
    """Return the first line of an instrument's docstring."""
    return _plain((kind.__doc__ or "").strip().splitlines()[0])


def example(kind: type[Instrument]) -> str:
    """Return an instrument's example without the indentation of its class."""
    return textwrap.dedent(kind.example).strip()


def _fields(kind: type[Instrument], names: list[str]) -> str:
    return "\n".join(line for name in names for line in _field(name, kind.model_fields[name]))


def _field(name: str, field: FieldInfo) -> Iterator[str]:
    yield f"  {name}  ({'required' if field.is_required() else _default(field)})"
    text = _plain(" ".join((field.description or "").split()))
    yield from textwrap.wrap(text, WIDTH, initial_indent="      ", subsequent_indent="      ")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value == "" or value == ():
        return "may be left out"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{shown} where not given"


def _plain(text: str) -> str:
    """Return text with the marks of code that the rest of the program prints."""
    return text.replace("``", "`")
