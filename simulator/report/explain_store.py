"""Keep an attribution beside the run it explains, and read it back for the report of that run."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self

from pydantic import Field, model_validator

from simulator.errors import InputError
from simulator.report.document import text
from simulator.report.explain_document import EXPLAIN_SCHEMA, explain_document
from simulator.report.json_files import Finite, Name, Part, checked, read_json
from simulator.report.run_directory import EXPLAINED, check_folder, results_id, slug, write_whole
from simulator.report.run_manifest import MANIFEST, read_manifest
from simulator.report.run_reader import read_case

if TYPE_CHECKING:
    from simulator.analysis.explain import Attribution
    from simulator.analysis.study import Study
    from simulator.scenario.case import Case
    from simulator.scenario.loader import Scenario

MAX_BYTES: Final = 16 * 1024 * 1024


class Explained(Part):
    """What a report needs of a kept attribution."""

    class Row(Part):
        """One contribution."""

        commodity: str
        measure: str
        part: str
        who: str
        value: Finite | None
        ci: tuple[Finite | None, Finite | None] = Field(strict=False)
        n: int
        orders: int

    class Scenario(Part):
        """The scenario explained."""

        name: str
        sha256: str

    class Data(Part):
        """The facts it rests on."""

        sha256: str

    class Lever(Part):
        """One thing that was left out."""

        lever: Name
        kind: Name
        whose: Name

    class Group(Part):
        """Things that come and go together."""

        group: Name
        members: list[str]

    document_schema: Literal["simulator.explain/1"] = Field(alias="schema")
    scenario: Scenario
    data: Data
    seed: int
    replications: int
    yardstick: Name
    grouping: str
    complete: bool
    levers: list[Lever]
    groups: list[Group]
    contributions: list[Row]

    @model_validator(mode="after")
    def _of_what_is_listed(self) -> Self:
        known = {"group": {item.group for item in self.groups}, "lever": {item.lever for item in self.levers}}
        for row in self.contributions:
            if row.who not in known.get(row.part, {row.who}):
                raise ValueError(f"contributions name a {row.part} that is not listed")
        return self

    def rows(self, commodity: str, measure: str, part: str) -> dict[str, Row]:
        """Return group or lever -> contribution, where the number is known."""
        return {
            row.who: row
            for row in self.contributions
            if (row.commodity, row.measure, row.part) == (commodity, measure, part) and None not in (row.value, *row.ci)
        }


@dataclass(frozen=True, slots=True)
class Kept:
    """A run directory whose verdict is to be explained."""

    folder: Path
    scenario: Scenario
    case: Case
    seed: int
    replications: int


def kept_run(path: str) -> Kept | None:
    """Return the run that a path names; None where it names no folder and no manifest, so a scenario file.

    Raises
    ------
    InputError
        If the folder is not a whole run directory.
    """
    folder = Path(path)
    if folder.name == MANIFEST and folder.is_file():
        folder = folder.parent
    if not folder.is_dir():
        return None
    manifest = read_manifest(folder)
    scenario, case, _ = read_case(folder, manifest)
    return Kept(folder, scenario, case, manifest.seed.root, manifest.replications.requested)


def place_of(case: Case, replications: int, seed: int, out: str | None) -> Path | None:
    """Return the folder in which an attribution is kept: a run directory named, or the one of the same run below it.

    Raises
    ------
    InputError
        If the run in it is one of another scenario, or nothing can be written there.
    """
    if out is None:
        return None
    folder = Path(out)
    if (folder / MANIFEST).exists():
        manifest = read_manifest(folder)
        if (manifest.scenario.sha256, manifest.data.sha256) != (case.sha256, case.data_sha256):
            raise InputError(
                f"--out {out}: is a run of {manifest.scenario.name!r} ({manifest.scenario.sha256[:12]}) on data "
                f"{manifest.data.sha256[:12]}, not of this scenario ({case.sha256[:12]}) on this data "
                f"({case.data_sha256[:12]}); name its parent folder, or explain the run itself"
            )
        return folder
    check_folder(out)
    return folder / f"{slug(case.name)}-{results_id(case, replications, seed)[:8]}"


def keep_explained(found: Attribution, folder: Path) -> Path:
    """Write an attribution into a folder and return the file; equal attributions are the same bytes."""
    file = folder / EXPLAINED
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(file, text(explain_document(found)).encode())
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror or error}") from error
    return file


def read_explained(folder: Path, study: Study) -> Explained | None:
    """Return the attribution kept beside a run; None where there is none.

    Raises
    ------
    InputError
        If it is damaged, or one of another scenario or other facts.
    """
    file = folder / EXPLAINED
    advice = f"write it again with `simulator explain {shlex.quote(str(folder))}`, or remove it"
    try:
        document = read_json(file, MAX_BYTES, "an attribution", advice)
    except FileNotFoundError:
        return None
    found = checked(Explained, document, file, EXPLAIN_SCHEMA, advice)
    if (found.scenario.sha256, found.data.sha256) != (study.case.sha256, study.case.data_sha256):
        raise InputError(f"{file}: explains another scenario or other facts than the run beside it; {advice}")
    return found
