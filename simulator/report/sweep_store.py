"""Finished combinations of a sweep, a folder each, so that a sweep that was stopped goes on where it stood.

A folder is named after the scenario and a digest of everything the combination's numbers follow from
(scenario with its values, data, futures, commodities, version), so it can serve any sweep that comes by the same
combination and never one that does not.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from simulator.analysis.deadline import HEADLINES, MEANS, Measured
from simulator.analysis.intervals import Estimate
from simulator.errors import InputError
from simulator.metrics.yardsticks import criteria
from simulator.report.document import data_of, text, without_nan
from simulator.report.json_files import Finite, Part, checked, read_json
from simulator.report.run_directory import check_folder, refuse_links, results_id, slug, write_whole
from simulator.scenario.case import Case

POINT_SCHEMA: Final = "simulator.sweep.point/1"
_MOST_BYTES: Final = 4 * 1024 * 1024
FILE: Final = "deadline.json"
"""Name of the one file of a folder; it is moved into place whole, so where it is, the combination is finished."""


class _Point(Part):
    class Row(Part):
        commodity: str
        measure: str
        value: Finite | None
        ci: tuple[Finite | None, Finite | None] = Field(strict=False)
        n: int = Field(ge=0)

    point_schema: Literal["simulator.sweep.point/1"] = Field(alias="schema")
    results_id: str
    measures: list[Row]


class FolderStore:
    """Keeps combinations in a folder each, inside one parent folder."""

    def __init__(self, parent: str) -> None:
        check_folder(parent)
        self._parent = Path(parent)

    def find(self, case: Case, replications: int, seed: int) -> tuple[Measured, ...] | None:
        """Return what stands in the combination's folder, None where it is not finished.

        Raises
        ------
        InputError
            If the folder holds something that is not this combination.
        """
        identity = results_id(case, replications, seed)
        path = self._folder(case, identity) / FILE
        advice = "remove it, and the combination is simulated again"
        try:
            document = read_json(path, _MOST_BYTES, "a finished combination", advice)
        except FileNotFoundError:
            return None
        kept = checked(_Point, document, path, POINT_SCHEMA, advice)
        if kept.results_id != identity:
            raise InputError(f"{path}: holds something other than this combination; choose another --out")
        found = tuple(map(_measured, kept.measures))
        if wrong := _wrong(found, case, replications):
            raise InputError(f"{path}: not a finished combination: {wrong}; {advice}")
        return found

    def keep(self, case: Case, replications: int, seed: int, measures: tuple[Measured, ...]) -> None:
        """Write a combination into its folder.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        identity = results_id(case, replications, seed)
        folder = self._folder(case, identity)
        document = {
            "schema": POINT_SCHEMA,
            "results_id": identity,
            "scenario": {"name": case.name, "sha256": case.sha256},
            "data": data_of(case),
            "seed": seed,
            "replications": replications,
            "measures": [measured_values(item) for item in measures],
        }
        refuse_links(folder)
        try:
            folder.mkdir(exist_ok=True)
            write_whole(folder / FILE, text(document).encode())
        except OSError as error:
            raise InputError(f"cannot write {folder}: {error.strerror or error}") from error

    def _folder(self, case: Case, identity: str) -> Path:
        return self._parent / f"{slug(case.name)}-{identity[:16]}"


def measured_values(item: Measured) -> dict[str, Any]:
    """Return one number with its interval as JSON values, nan as null."""
    found = item.estimate
    ends = without_nan([found.value, found.low, found.high])
    assert isinstance(ends, list)
    return {
        "commodity": item.commodity,
        "measure": item.measure,
        "value": ends[0],
        "ci": ends[1:],
        "n": found.n,
    }


def _measured(kept: _Point.Row) -> Measured:
    value, low, high = (math.nan if end is None else end for end in (kept.value, *kept.ci))
    return Measured(kept.commodity, kept.measure, Estimate(value, low, high, kept.n))


def _wrong(found: tuple[Measured, ...], case: Case, replications: int) -> str:
    """Return how numbers are not those that a sweep keeps of a case; nothing where they are."""
    names = [(item.commodity, item.measure) for item in found]
    yardsticks = {f"met/{item.yardstick}" for item in criteria(case.target)}
    commodities = {chain.commodity for chain in case.chains}
    lacking = {(commodity, name) for commodity in commodities for name in (*MEANS, *yardsticks)} - {*names}
    if lacking:
        return f"{'/'.join(min(lacking))} is not there"
    if len(names) > len(set(names)):
        return "a number stands there twice"
    if {name.partition(":")[0] for name, _ in names} - {*commodities, HEADLINES}:
        return "it names other commodities than the scenario"
    return "it counts more futures than were asked for" if any(item.estimate.n > replications for item in found) else ""
