"""Results as pandas tables, for those who have pandas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from simulator.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


def dataframe(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row per mapping, columns in the order of the first.

    Raises
    ------
    UsageError
        If pandas, an optional dependency, is not installed; the text is the command that installs it.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise UsageError("to_dataframe needs pandas: python -m pip install 'oresight[analysis]'") from error
    return pd.DataFrame(list(rows))
