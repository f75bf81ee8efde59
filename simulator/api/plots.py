"""Figures of a result by name; matplotlib is imported when the first is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.analysis.study import HEADLINE, Study

if TYPE_CHECKING:
    from simulator.report.figures.style import Axes


def displayed(ax: Axes) -> Axes:
    """Return axes that a notebook shows as their figure when they are the last value of a cell.

    The figure is drawn when shown, so what is done to the axes before counts. matplotlib's own figures are shown by its
    plotting module alone, which a figure that is made by a function should not depend on.
    """
    from simulator.report.figures.style import figure_of, svg

    ax._repr_svg_ = lambda: svg(figure_of(ax))  # type: ignore[attr-defined]  # how IPython asks any object
    return ax


class Plots:
    """What ``result.plot`` offers; ``ax=None`` makes a figure of its own, which a notebook shows."""

    def __init__(self, study: Study) -> None:
        self._study = study

    def fan(self, commodity: str, ax: Axes | None = None, *, yardstick: str = HEADLINE) -> Axes:
        """Share that a yardstick judges month by month, with the target's threshold and deadline.

        ``yardstick`` is ``reliance`` (China-exposed share of use), ``complete`` or ``direct`` (share of imports).
        """
        from simulator.report.figures.fan import fan

        return displayed(fan(self._study, commodity, ax, yardstick=yardstick))

    def survival(self, commodities: str | tuple[str, ...] | None = None, ax: Axes | None = None) -> Axes:
        """Share of futures without a shortage so far; those commodities that most often fall short when None."""
        from simulator.report.figures.survival import survival

        return displayed(survival(self._study, commodities, ax))

    def first_met(
        self, commodities: str | tuple[str, ...] | None = None, ax: Axes | None = None, *, yardstick: str = HEADLINE
    ) -> Axes:
        """Share of futures that have not met a yardstick yet; the headline commodities that are open when None."""
        from simulator.report.figures.first_met import first_met

        return displayed(first_met(self._study, commodities, yardstick, ax))

    def drivers(self, commodity: str, ax: Axes | None = None) -> Axes:
        """Uncertain inputs that move the commodity's dependence on China, by rank correlation."""
        from simulator.report.figures.drivers import drivers

        return displayed(drivers(self._study, commodity, ax))

    def flows(self, commodity: str, ax: Axes | None = None) -> Axes:
        """Tonnes by declared origin and by provenance, now and at the deadline, as an alluvial chart."""
        from simulator.report.figures.flows import flows

        return displayed(flows(self._study, commodity, ax))

    def months(self, ax: Axes | None = None) -> Axes:
        """P(shortage) by commodity and month, as a heat map."""
        from simulator.report.figures.months import months

        return displayed(months(self._study, ax))

    def differences(self, reference: Study, measure: str = "reliance", ax: Axes | None = None) -> Axes:
        """Paired differences of this result to a reference, commodity by commodity."""
        from simulator.report.figures.differences import differences

        return displayed(differences(reference, self._study, measure, ax))
