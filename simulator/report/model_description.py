"""The parts of the model description that the program itself knows, written between markers.

``simulator/model/README.md`` describes the model in the order of the STRESS-DES guidelines. Lists in it that would go
stale (instruments, parameters, stages, draws ...) stand between ``<!-- generated: name -->`` and ``<!-- end -->``; they
are written anew by::

    python -m simulator.report.model_description
"""

from __future__ import annotations

import ast
import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from simulator.catalogue.chains import chains
from simulator.catalogue.inputs import inputs
from simulator.catalogue.parameters import parameters
from simulator.domain.facts import Fact, UncertainInput
from simulator.errors import CatalogueError
from simulator.instruments.base import instrument_types
from simulator.metrics.yardsticks import ON_REQUEST, YARDSTICKS
from simulator.report.yardstick_wording import limit_of

COMMAND: Final = "python -m simulator.report.model_description"
"""What brings the description up to date."""
PLACE: Final = Path(str(resources.files("simulator.model"))) / "README.md"
_PART: Final = re.compile(r"(<!-- generated: ([a-z]+) -->\n).*?(<!-- end -->)", re.S)
_GRADES: Final = ("reported", "estimated", "derived", "assumed")


def refreshed(text: str) -> str:
    """Return the description with every generated part written anew.

    Raises
    ------
    CatalogueError
        If a marker names a part that does not exist, or a part has no marker.
    """
    found = [match.group(2) for match in _PART.finditer(text)]
    if sorted(found) != sorted(PARTS):
        raise CatalogueError(f"{PLACE.name} marks the parts {sorted(found)}; there are {sorted(PARTS)}")
    return _PART.sub(lambda match: f"{match.group(1)}\n{PARTS[match.group(2)]()}\n\n{match.group(3)}", text)


def instruments() -> str:
    """Return every instrument with its meaning in one line."""
    types = instrument_types()
    return _table(("instrument", "meaning"), ((f"`{name}`", _first(kind.__doc__)) for name, kind in types.items()))


def yardsticks() -> str:
    """Return every yardstick with its metric, its usual limits and whether unmet demand fails it."""
    rows = []
    for name, item in (YARDSTICKS | ON_REQUEST).items():
        unmet = f"{item.default.max_unmet_share:.0%}".replace("%", " %") if item.counts_unmet else "not asked"
        window = f"{item.default.window_days} days"
        rows.append((f"`{name}`", item.definition, limit_of(item.default), unmet, window, item.source))
    return _table(("yardstick", "met when", "threshold", "unmet demand at most", "window", "source"), rows)


def stages() -> str:
    """Return the modelled and the collapsed stages of every commodity, and how much of its data is assumed."""
    rows = []
    for chain in chains():
        modelled = [f"**{s.name}**" if i == chain.verdict_stage else s.name for i, s in enumerate(chain.stages)]
        assumed = sum(fact.quality == "assumed" for fact in chain.facts)
        left_out = ", ".join(name for name, _ in chain.not_modelled)
        grade = chain.grade + ("" if chain.headline else ", outside the headline")
        rows.append((chain.commodity, " > ".join(modelled), left_out, grade, f"{assumed} of {len(chain.facts)}"))
    header = ("commodity", "modelled stages, **judged** in bold", "not modelled", "data grade", "numbers assumed")
    return _table(header, rows)


def uncertain() -> str:
    """Return the uncertain inputs by role, with grades and sources."""
    roles: dict[str, list[UncertainInput]] = {}
    for item in inputs():
        roles.setdefault(item.name.partition("/")[0], []).append(item)
    rows = [
        (f"`{role}`", items[0].unit, str(len(items)), _grades(items), str(len({item.source for item in items})))
        for role, items in roles.items()
    ]
    return _table(("input", "unit", "inputs", "grades", "sources"), rows)


def constants() -> str:
    """Return every parameter of the model's rules with value, range, unit and grade; and counts over all."""
    facts = parameters()
    rows = [(f"`{name}`", _value(fact), fact.unit, fact.quality) for name, fact in facts.items()]
    sources = len({fact.source for fact in facts.values()})
    counted = f"{len(facts)} parameters from {sources} sources: {_grades(facts.values())}."
    return f"{counted}\n\n{_table(('parameter', 'value (range)', 'unit', 'grade'), rows)}"


def draws() -> str:
    """Return the name of every random stream the model asks for, and what for, read from its source."""
    rows = sorted({(f"`{name}`", asked, f"`{module}`") for name, asked, module in _streams()})
    return _table(("stream", "asked by", "module"), rows)


def modules() -> str:
    """Return the modules of the model, each with its subject."""
    folder = PLACE.parent
    rows = []
    for path in sorted(folder.glob("*.py")):
        if path.stem != "__init__":
            rows.append((f"`{path.name}`", _first(ast.get_docstring(ast.parse(path.read_text("utf-8"))))))
    return _table(("module", "subject"), rows)


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "instruments": instruments,
    "yardsticks": yardsticks,
    "stages": stages,
    "inputs": uncertain,
    "parameters": constants,
    "draws": draws,
    "modules": modules,
}
"""Name in the marker -> what writes the part."""


def _streams() -> Iterator[tuple[str, str, str]]:
    """Yield (name, what asks for it, module) of every ``uniform(cause, width)`` in the model and of events."""
    package = PLACE.parents[1]
    for path in [*sorted((package / "model").glob("*.py")), package / "instruments" / "base.py"]:
        module = ast.parse(path.read_text("utf-8"))
        subject = ast.get_docstring(module)
        for function in ast.walk(module):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "uniform" and len(call.args) > 1:
                    asked = re.sub(r"^\(n[^)]*\) ", "", _first(ast.get_docstring(function) or subject))
                    for name in _names(call.args[0], function):
                        yield name, asked, f"{path.parent.name}/{path.name}"


def _names(cause: ast.expr, function: ast.FunctionDef) -> Iterator[str]:
    """Yield the patterns a cause may take; a variable is looked up where the function sets it."""
    if isinstance(cause, ast.Constant):
        yield str(cause.value)
    elif isinstance(cause, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else f"<{_word(part)}>" for part in cause.values)
        yield "".join(str(part) for part in parts)
    elif isinstance(cause, ast.IfExp):
        yield from _names(cause.body, function)
        yield from _names(cause.orelse, function)
    elif isinstance(cause, ast.Name):
        for step in ast.walk(function):
            if isinstance(step, ast.Assign) and any(getattr(name, "id", "") == cause.id for name in step.targets):
                yield from _names(step.value, function)


def _word(part: ast.expr) -> str:
    """Name what stands in a pattern: ``market.stage.name`` is a stage, ``stage.producers[p]`` a producer."""
    if isinstance(part, ast.FormattedValue):
        return _word(part.value)
    if isinstance(part, ast.Subscript):
        return _word(part.value).removesuffix("s")
    if isinstance(part, ast.Attribute):
        return _word(part.value) if part.attr in {"id", "name"} else part.attr.removesuffix("_id")
    name = part.id if isinstance(part, ast.Name) else ast.unparse(part)
    return {"cause": "commodity>/<stage"}.get(name, name)


def _value(fact: Fact) -> str:
    ends = "" if fact.low is None or fact.high is None else f" ({fact.low:g} to {fact.high:g})"
    return f"{fact.value:.4g}{ends}"


def _grades(items: Iterable[Fact | UncertainInput]) -> str:
    counts = Counter(item.quality for item in items)
    return ", ".join(f"{counts[grade]} {grade}" for grade in _GRADES if counts[grade])


def _first(doc: str | None) -> str:
    """Return the first sentence of a docstring on one line."""
    paragraph = " ".join(inspect.cleandoc(doc or "").partition("\n\n")[0].split())
    return re.split(r"(?<=[a-z)`])\.(?: |$)", paragraph)[0].replace("``", "`")


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def main() -> None:
    """Write every generated part of the description anew."""
    PLACE.write_text(refreshed(PLACE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
