"""What became of the precision a run was asked for, in words and as JSON values."""

from __future__ import annotations

import math
from typing import Any

from simulator.analysis.precision import Precision
from simulator.analysis.study import Study


def precision_document(found: Precision) -> dict[str, Any]:
    """Return the precision asked for and reached."""
    return {
        "wanted": found.wanted,
        "half_width": found.half_width,
        "of": found.of,
        "reached": found.reached,
        "looks": list(found.looks),
        "most": found.most,
        "needed": found.needed,
    }


def precision_text(study: Study) -> str:
    """Say at how many futures a run stopped, and why."""
    found = study.precision
    assert found is not None, "asked of runs with a precision"
    if not found.reached:
        return f"Precision: {not_reached(study)}."
    return (
        f"Precision: stopped at {study.replications:,} futures, where the widest 95 % interval of the headline "
        f"({found.of}) is +/- {found.half_width:.3f}, as +/- {found.wanted:g} was asked for."
    )


def not_reached(study: Study) -> str:
    """Say how far a run is from its precision, and how many futures that would take."""
    found = study.precision
    assert found is not None, "asked of runs with a precision"
    if math.isnan(found.half_width):
        return f"+/- {found.wanted:g} not reached: nothing of the headline can be estimated"
    return (
        f"+/- {found.wanted:g} not reached with {study.replications:,} futures: {found.of} is known to "
        f"+/- {found.half_width:.3f}; about --replications {found.needed} would do"
    )
