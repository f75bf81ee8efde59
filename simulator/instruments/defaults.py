"""Values of fields that a scenario may leave to the catalogue."""

from __future__ import annotations


def given_or(value: float | None, name: str) -> float:
    """Return the value, or the catalogue's parameter ``name`` where none is given."""
    if value is not None:
        return value
    from simulator.catalogue.parameters import parameter

    return parameter(name).value
