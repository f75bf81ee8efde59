"""The command ``simulator``: finds the subcommand, and turns errors into messages and exit codes.

Nothing heavy is imported here, so that ``--help`` is quick: a subcommand's module is imported when
the subcommand is asked for.
"""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import click

from simulator import __version__
from simulator.errors import SimulatorError

EXIT_BUG = 70
EXIT_INTERRUPTED = 130

SUBCOMMANDS = {
    "run": ("simulator.cli.run:run", "Simulate scenarios and print how the target holds up."),
    "report": ("simulator.cli.report:report", "Make a page, Markdown or a table of kept runs."),
    "rerun": ("simulator.cli.rerun:rerun", "Simulate a kept run again and compare the bytes."),
    "compare": ("simulator.cli.compare:compare", "Compare scenarios on the same random futures."),
    "solve": ("simulator.cli.solve:solve", "Find the smallest change that reaches a goal."),
    "sweep": ("simulator.cli.sweep:sweep", "Run every combination of some values laid over a scenario."),
    "baseline": ("simulator.cli.baseline:baseline", "Hold scenarios against the numbers committed before."),
    "stress": ("simulator.cli.stress:stress", "Cut off a country or corridor: how long supply holds, what it costs."),
    "backtest": ("simulator.cli.backtest:backtest", "Hold the model against what happened after controls of the past."),
    "calibrate": ("simulator.cli.calibrate:calibrate", "Calibrate behavioural inputs on past episodes."),
    "explain": ("simulator.cli.explain:explain", "Say what each event, deal and project adds to the verdict."),
    "sensitivity": ("simulator.cli.sensitivity:sensitivity", "Find which uncertain inputs move the verdict."),
    "trace": ("simulator.cli.lots:trace", "Show every lot of one random future."),
    "validate": ("simulator.cli.scenario_commands:validate", "Check scenario files without running them."),
    "schema": ("simulator.cli.scenario_commands:schema", "Print the JSON schema of scenario files."),
    "init": ("simulator.cli.scenario_commands:init", "Write a commented starter scenario."),
    "data": ("simulator.cli.data:data_group", "Show the catalogue with sources and grades."),
}
"""Subcommand -> where it lives, and its line in the help (so that help imports none of them)."""


class _ReaderGone(Exception):
    """Whoever read stdout has left, as ``| head`` does; click would call it a failure."""


class LazyGroup(click.Group):
    """A group that imports a subcommand only to run it or to show its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which a new user needs them."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the subcommand, or None when there is none of that name."""
        if cmd_name not in SUBCOMMANDS:
            return None
        module, _, attribute = SUBCOMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand; output that nobody reads any more ends it."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _ReaderGone from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands from their stored lines, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in SUBCOMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, param, value: _version(ctx) if value else None,
    help="Show versions and the digest of the data, and exit.",
)
def cli() -> None:
    """Ask how a critical-mineral independence target holds up.

    \b
    Example:
      simulator run scenarios/baseline.yaml
      simulator run scenarios/baseline.yaml --commodity gallium --json

    The result goes to stdout, everything else to stderr. Exit codes: 0 done, 1 a check said no,
    2 usage, 3 a file is missing or invalid, 4 incomplete, 5 not comparable, 70 our bug, 130 interrupted.
    """


def _version(ctx: click.Context) -> NoReturn:
    """Print the program's version, those of what it computes with, and which data it ships."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from simulator.catalogue.tables import data_sha256

    click.echo(f"simulator, version {__version__}")
    parts = [f"python {platform.python_version()}"]
    for name in ("numpy", "scipy", "simpy", "pydantic"):
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            parts.append(f"{name} unknown")
    click.echo(f"{', '.join(parts)}\ndata sha256 {data_sha256()}")
    ctx.exit(0)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with a code of the contract; never returns."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    code = exit_code(arguments)
    if code == EXIT_INTERRUPTED:
        # CPython ends itself by SIGINT when the interrupt passed through generated code (as in an import),
        # caught or not; leave by hand, once everything that waits for the end has run.
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    sys.exit(code)


def exit_code(arguments: list[str]) -> int:
    """Run ``arguments`` and return the exit code, with any failure told on stderr (and as JSON if asked)."""
    try:
        result = cli.main(args=arguments, prog_name="simulator", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return int(stop.exit_code)
    except click.ClickException as error:
        error.show()
        return _failed(arguments, error.format_message(), "UsageError", error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return _failed(arguments, "interrupted", "InterruptedRun", EXIT_INTERRUPTED)
    except SimulatorError as error:
        click.echo(f"error: {error}", err=True)
        return _failed(arguments, str(error), type(error).__name__, error.exit_code)
    except _ReaderGone:
        # Python must not complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        place = _keep_traceback()
        message = f"internal error: {type(error).__name__}: {error}; the traceback is in {place}"
        click.echo(f"{message}\nThis is a bug of ours; please report it with that file.", err=True)
        return _failed(arguments, message, type(error).__name__, EXIT_BUG)


def _failed(arguments: list[str], message: str, kind: str, code: int) -> int:
    """Print the failure as one JSON document where ``--json`` was asked for; return ``code``."""
    if "--json" in arguments:
        import json

        verb = next((word for word in arguments if word in SUBCOMMANDS), "simulator")
        document = {
            "schema": f"simulator.{verb}/1",
            "error": {"kind": kind, "message": message, "exit_code": code},
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    return code


def _keep_traceback() -> str:
    handle, place = tempfile.mkstemp(prefix="simulator-traceback-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        traceback.print_exc(file=file)
    return place
