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

from simulator.model.rows import at_least, at_most, part, zeros

Floats = NDArray[np.float64]


class Deprivation:
    """What controls have kept from the buyers of one stage since they began."""

    def __init__(self, n: int, buyers: int) -> None:
        self._nothing = zeros(n, buyers)
        self.tonnes = self._nothing
        """(n, B) kept back and not made up for since, up to the stock a buyer means to hold; what it has laid in counts
        below zero."""

    def end(self) -> None:
        """No control holds: what was kept back, or laid in, counts no more."""
        self.tonnes = self._nothing

    def review(
        self,
        controlled: Floats | None,
        withheld: Floats,
        by_china: Floats | None,
        laid_in: Floats | None,
        held: Floats,
        ahead: Floats,
    ) -> Floats:
        """Book a review, and return the part (n, B) of its stock of ordinary supply that each buyer goes without.

        Parameters
        ----------
        controlled
            (n, B) 1 where a control holds that is younger than the model, else 0; None where none does.
        withheld
            (n, B) tonnes that policy keeps back now.
        by_china
            (n, B) tonnes that China keeps back now, below zero where licences make up for earlier ones; None for none.
        laid_in
            (n, B) tonnes bought ahead of a control; None for none.
        held
            (n, B) tonnes that buyers mean to hold.
        ahead
            (n, B) reviews until an order of today has arrived.
        """
        grown = self.tonnes + withheld
        if by_china is not None:
            grown += at_most(by_china, 0.0)
        np.minimum(grown, held, out=grown)
        if controlled is None:
            grown.fill(0.0)
        else:
            grown *= controlled
        if laid_in is not None:
            ready = laid_in > 0.0
            if controlled is not None:
                ready &= controlled == 0.0
            grown += np.where(ready, self.tonnes, 0.0)
            grown -= laid_in
        self.tonnes = grown
        lacking = withheld * ahead
        lacking += grown
        return part(at_least(lacking, 0.0, lacking), held)
