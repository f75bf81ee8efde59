"""Results as pandas tables, for those who have pandas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simulator.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


def optional(library: str, wanted_by: str, extra: str = "analysis") -> Any:
    """Import a library that only some need.

    Parameters
    ----------
    library
        Its import name.
    wanted_by
        What needs it, as the error begins.
    extra
        The optional part of the package that installs it.

    Raises
    ------
    UsageError
        If it is not installed; the text is the command that installs it.
    """
    try:
        return import_module(library)
    except ImportError as error:
        raise UsageError(f"{wanted_by} needs {library}: python -m pip install 'oresight[{extra}]'") from error


def dataframe(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row per mapping, columns in the order of the first.

    Raises
    ------
    UsageError
        If pandas, an optional dependency, is not installed; the text is the command that installs it.
    """
    pd = optional("pandas", "to_dataframe")
    return pd.DataFrame(list(rows))
