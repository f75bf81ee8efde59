"""How bare of ordinary supply a control has left its buyers: what decides how much of a denial they bid for.

A buyer with full stocks pays no more. One that is denied lives on its stock and on what it has laid in, and then on
goods of others and on re-routed ones. These come for the price that the shortage makes: a stock filled with them is no
reason to bid less, or the price would drop as soon as it has worked, and they would stop. So what counts is how much
has been kept back since the control began, beyond what was laid in, of the stock that a buyer means to hold, by the
time an order of today arrives. A denial of weeks leaves a buyer with stocks alone; one of a year moves the price.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.model.rows import part, zeros

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Deprivation:
    """What controls have kept from the buyers of one stage since they began."""

    def __init__(self, n: int, buyers: int) -> None:
        self.tonnes = zeros(n, buyers)
        """(n, B) kept back and not made up for since, up to the stock a buyer means to hold; what it has laid in counts
        below zero."""

    def review(
        self, controlled: Mask, withheld: Floats, made_up: Floats, laid_in: Floats, held: Floats, ahead: Floats
    ) -> Floats:
        """Book a review, and return the part (n, B) of its stock of ordinary supply that each buyer goes without.

        Parameters
        ----------
        controlled
            (n, B) whether a control holds that is younger than the model.
        withheld
            (n, B) tonnes that policy keeps back now.
        made_up
            (n, B) tonnes of earlier denial that licences make up for now.
        laid_in
            (n, B) tonnes bought ahead of a control.
        held
            (n, B) tonnes that buyers mean to hold.
        ahead
            (n, B) reviews until an order of today has arrived.
        """
        grown = np.minimum(self.tonnes + withheld - made_up, held)
        self.tonnes = np.where(controlled, grown, np.where(laid_in > 0.0, self.tonnes, 0.0)) - laid_in
        return part(np.maximum(self.tonnes + withheld * ahead, 0.0), held)
