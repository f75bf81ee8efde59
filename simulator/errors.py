"""Every error raised on purpose derives from ``SimulatorError`` and knows its exit code."""

from __future__ import annotations

import traceback


class SimulatorError(Exception):
    """Base of all errors a user can cause or mend; ``exit_code`` follows the command-line contract.

    In a notebook it shows as its message alone: the place in the scenario and the fix, not the way through our code.
    """

    exit_code = 70

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(SimulatorError):
    """A bad option, value or name on the command line or in a call."""

    exit_code = 2


class TooFewReplicationsError(UsageError):
    """The replications asked for do not carry what was asked of them; the message says how many would."""


class InputError(SimulatorError):
    """A named file is missing or invalid; the message carries every problem, one block each."""

    exit_code = 3


class CatalogueError(SimulatorError):
    """The shipped or user-supplied data tables contradict themselves."""

    exit_code = 3


class IncompleteError(SimulatorError):
    """A run stopped early; what was finished is kept."""

    exit_code = 4


class InterruptedRun(IncompleteError):
    """The user stopped the run with Ctrl-C."""

    exit_code = 130


class NotComparableError(SimulatorError):
    """Two results do not rest on the same futures, data or measures, so their difference would mean nothing."""

    exit_code = 5


class ModelError(SimulatorError):
    """The model broke one of its own invariants (mass balance, clock): our bug."""

    exit_code = 70

    def _render_traceback_(self) -> list[str]:
        """Return the whole traceback: whoever mends it needs the way through our code."""
        return [line.rstrip("\n") for line in traceback.format_exception(self)]
