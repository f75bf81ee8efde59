"""``simulator validate``, ``schema`` and ``init``: scenario files without running them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.options import print_notices, sets_option
from simulator.cli.own_data import own_data
from simulator.errors import InputError, SimulatorError, UsageError

if TYPE_CHECKING:
    from simulator.scenario import Scenario

SCHEMA_FILE = "scenarios/scenario.schema.json"
STARTER = "scenario.yaml"

_STARTER_TEXT = """\
# yaml-language-server: $schema={schema}
# A scenario of the critical-mineral supply simulator. Check it: simulator validate {name}
# Run it:                                            simulator run {name}
name: My scenario
question: What happens to US antimony supply if China bans it again in 2027?
expected: Less antimony arrives than without the ban.   # what common sense says, in one line

# extends: baseline.yaml     # lay this file over another: mappings merge, events merge by id, null deletes
start: 2025-11-06            # day 0; days may be written +18mo or +90d from here
as_of: 2025-11-06            # facts published later are not used
# commodities: [antimony]    # all of the catalogue where not given

catalogue:
  agreements: known          # known, none, or {{signed_before: 2025-10-01}}
  projects: known            # known or none
  project_dates: evidence    # evidence, or promised: every announced date comes true

# inputs:                    # other values or ranges for the uncertain inputs
#   truce_renewal/ALL: {{low: 0.2, median: 0.5, high: 0.8}}

events:                      # all instruments and their fields: simulator schema --list
  - id: antimony_ban
    type: export_ban
    imposer: CHN             # countries are ISO 3166-1 alpha-3 codes
    target: USA
    commodities: [antimony]
    announced: 2026-12-15    # buyers pull orders forward from here
    at: 2027-01-15
    probability: 0.5         # happens in half of the futures
    leakage: {{triangular: {{low: 0, mode: 0.05, high: 0.2}}}}   # any number may be a distribution
    source: a hypothesis

target:
  deadline: +18mo
  criteria:
    - {{yardstick: reliance, window_days: 90, max_share: 0.50, max_unmet_share: 0.05}}

sources:
  - Where the dated facts of this scenario come from.
"""


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--show-origins", is_flag=True, help="Print every value with the line, override or default it comes from."
)
@sets_option("Override a value; events go by id.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@own_data
def validate(files: tuple[str, ...], show_origins: bool, sets: tuple[str, ...], as_json: bool) -> None:
    """Check scenario files without running them.

    \b
    Example:
      simulator validate scenarios/*.yaml
      simulator validate scenarios/snapback_2026.yaml --show-origins

    Every problem of every file is reported with its place. Exit code 0 if all are valid, 3 if not. An event that
    can do nothing is valid; a notice on stderr says so.
    """
    results: list[dict[str, Any]] = []
    failures: list[SimulatorError] = []
    for file in files:
        try:
            scenario, told = _checked(file, sets)
        except SimulatorError as error:
            failures.append(error)
            results.append({"file": file, "valid": False, "report": str(error)})
            continue
        results.append(_valid(file, scenario, told, show_origins))
        if not as_json:
            _print_valid(file, scenario, show_origins)
            print_notices(told, file)
    if as_json:
        click.echo(json.dumps({"schema": "simulator.validate/1", "files": results}, indent=2, ensure_ascii=False))
    if not failures:
        return
    if as_json:  # the document already carries the report
        raise click.exceptions.Exit(_exit_code(failures))
    report = "\n\n".join(str(failure) for failure in failures)
    raise (InputError if _exit_code(failures) == InputError.exit_code else UsageError)(report)


def _exit_code(failures: list[SimulatorError]) -> int:
    """Invalid files weigh more than bad overrides."""
    return max(failure.exit_code for failure in failures)


def _checked(file: str, sets: tuple[str, ...]) -> tuple[Scenario, tuple[str, ...]]:
    """Load and resolve, which is all that ``run`` does before it simulates; return what is noticed, too."""
    from simulator.scenario import load, resolve
    from simulator.scenario.notices import notices

    scenario = load(file, sets)
    return scenario, notices(resolve(scenario))


def _valid(file: str, scenario: Scenario, told: tuple[str, ...], show_origins: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "file": file,
        "valid": True,
        "name": scenario.name,
        "sha256": scenario.sha256,
        "notices": list(told),
    }
    if show_origins:
        entry["values"] = [
            {"path": path, "value": value, "origin": scenario.origins[path]} for path, value in scenario.values.items()
        ]
    return entry


def _print_valid(file: str, scenario: Scenario, show_origins: bool) -> None:
    events = len(scenario.model.events)
    click.echo(f"{file}: valid ({scenario.name}; {events} {'event' if events == 1 else 'events'})")
    if not show_origins:
        return
    rows = [
        (path, json.dumps(value, ensure_ascii=False), scenario.origins[path]) for path, value in scenario.values.items()
    ]
    widths = [min(60, max(len(row[column]) for row in rows)) for column in (0, 1)]
    for path, value, origin in rows:
        click.echo(f"  {path:<{widths[0]}}  {value:<{widths[1]}}  {origin}")


@click.command()
@click.argument("instrument", required=False, metavar="[TYPE]")
@click.option("--write", is_flag=True, help=f"Update {SCHEMA_FILE} instead of printing.")
@click.option("--list", "listing", is_flag=True, help="Print the instruments, each with its meaning and an example.")
def schema(instrument: str | None, write: bool, listing: bool) -> None:
    """Print the JSON Schema of scenario files, or explain the instruments in words.

    \b
    Example:
      simulator schema > scenario.schema.json
      simulator schema --list
      simulator schema export_ban

    TYPE prints one instrument: what it does, its fields with units and defaults, and an example.
    """
    if write and (listing or instrument):
        raise UsageError("--write goes with neither --list nor TYPE")
    if listing or instrument:
        from simulator.cli.instrument_list import every_instrument, one_instrument

        click.echo(one_instrument(instrument) if instrument else every_instrument())
        return
    from simulator.scenario.schema import json_schema

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if not write:
        click.echo(text, nl=False)
        return
    target = Path(SCHEMA_FILE)
    if not target.parent.is_dir():
        raise UsageError(f"--write updates {SCHEMA_FILE}: there is no folder {target.parent}/ here")
    _replace(target, text)
    click.echo(f"wrote {target}", err=True)


@click.command()
@click.argument("file", default=STARTER, metavar="[FILE]")
def init(file: str) -> None:
    """Write a commented starter scenario to FILE (scenario.yaml where not given).

    \b
    Example:
      simulator init my_scenario.yaml

    An existing file is never overwritten.
    """
    target = Path(file)
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {str(target.parent)!r} to write {target.name!r} into")
    nearby = target.parent / "scenario.schema.json"
    where = "./scenario.schema.json" if nearby.exists() else _schema_from(target.parent)
    try:
        with target.open("x", encoding="utf-8") as out:
            out.write(_STARTER_TEXT.format(name=file, schema=where))
    except FileExistsError:
        raise UsageError(f"{file!r} exists already; name another file") from None
    except OSError as error:
        raise UsageError(f"{file!r} cannot be written: {error.strerror}") from None
    click.echo(f"wrote {file}; check it with: simulator validate {file}", err=True)
    if not (target.parent / where).exists():
        click.echo(f"for completion in an editor: simulator schema > {nearby}", err=True)


def _schema_from(folder: Path) -> str:
    """Path of the project's schema seen from the folder, or the name `simulator schema` is told to write."""
    schema_file = Path(SCHEMA_FILE)
    if schema_file.exists():
        return Path(os.path.relpath(schema_file, folder)).as_posix()
    return "./scenario.schema.json"


def _replace(target: Path, text: str) -> None:
    """Write under a temporary name first, so that the file is never half written."""
    temporary = target.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, target)
