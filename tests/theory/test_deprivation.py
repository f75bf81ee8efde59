"""What a denial does to a buyer's stock of ordinary supply: closed forms of one buyer denied half of what it uses."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.model.deprivation import Deprivation

USE, HELD = 10.0, 60.0
"""Tonnes used in a review; six reviews of it are held."""


def column(value: float) -> np.ndarray:
    """One buyer in one replication."""
    return np.full((1, 1), value)


def review(
    buyer: Deprivation, *, controlled: bool = True, withheld: float = 0.0, made_up: float = 0.0, laid_in: float = 0.0,
    ahead: float = 0.0,
) -> float:  # fmt: skip
    """Part of its stock that the buyer goes without after one review."""
    return float(
        buyer.review(
            column(float(controlled)), column(withheld), column(-made_up), column(laid_in), column(HELD), column(ahead)
        )[0, 0]
    )


def test_a_stock_lasts_as_long_as_what_is_kept_from_it() -> None:
    buyer = Deprivation(1, 1)
    seen = [review(buyer, withheld=USE / 2) for _ in range(20)]
    expected = [min(1.0, (k + 1) * USE / 2 / HELD) for k in range(20)]
    assert seen == pytest.approx(expected)


def test_what_was_laid_in_is_lived_on_first() -> None:
    buyer = Deprivation(1, 1)
    assert review(buyer, controlled=False, laid_in=USE) == 0.0
    seen = [review(buyer, withheld=USE / 2) for _ in range(4)]
    assert seen == pytest.approx([0.0, 0.0, USE / 2 / HELD, USE / HELD])


def test_an_order_looks_ahead_to_its_arrival() -> None:
    buyer = Deprivation(1, 1)
    assert review(buyer, withheld=USE / 2, ahead=3.0) == pytest.approx(4 * USE / 2 / HELD)


def test_licences_make_up_and_the_end_of_a_control_ends_it() -> None:
    buyer = Deprivation(1, 1)
    for _ in range(4):
        review(buyer, withheld=USE)
    assert review(buyer, made_up=3 * USE) == pytest.approx(USE / HELD)
    assert review(buyer, controlled=False) == 0.0
    assert review(buyer, withheld=USE) == pytest.approx(USE / HELD), "nothing is remembered of the control before"


def test_nobody_goes_without_more_than_all() -> None:
    buyer = Deprivation(1, 1)
    for _ in range(50):
        review(buyer, withheld=USE)
    assert float(buyer.tonnes[0, 0]) == HELD, "so that one lot under licence counts at once"
