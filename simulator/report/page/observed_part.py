"""The section on what was observed: each figure beside the futures, before and after they are weighted by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.analysis.conditioning import LEAST_EFFECTIVE, Fit
from simulator.analysis.study import Study
from simulator.report.conditioning_document import amount, conditioning_text
from simulator.report.page.blocks import Block, Cell, Paragraph, Section, Table


def observed_sections(studies: Sequence[Study]) -> tuple[Section, ...]:
    """Return one section on the runs that observations weight; none where there is no such run."""
    weighted = [study for study in studies if study.verdict.conditioning is not None]
    if not weighted:
        return ()
    return (Section("observed", "Weighted by what was observed", tuple(_blocks(weighted))),)


def _blocks(studies: Sequence[Study]) -> Iterator[Block]:
    yield Paragraph(
        "A future counts as much as what was observed is likely in it. Observations may differ from a right model by "
        "the error of the figure, the scatter of months and a lasting bias of the model, by measure and grade "
        f"(observation_errors.csv). With fewer than {LEAST_EFFECTIVE} effective futures nothing would be said. "
        "Distance: of the observation from the mean of all futures, in standard deviations of both.",
        "small",
    )
    for number, study in enumerate(studies):
        for text in conditioning_text(study):
            yield Paragraph(f"{study.case.name}: {text}" if len(studies) > 1 else text)
        found = study.verdict.conditioning
        assert found is not None
        yield Table(
            key=f"observed-{number}",
            caption=f"{study.case.name}: median (5-95 % of futures) of what {study.futures:,} futures give",
            head=("of", "measure", "period", "observed", "all alike", "weighted", "distance", "grade", "source"),
            rows=tuple(map(_row, found.fits)),
            words=3,
            last_words=2,
            wide=True,
        )


def _row(item: Fit) -> tuple[Cell, ...]:
    of = item.observation
    origin = "" if of.origin == "WLD" else f" from {of.origin}"
    return (
        (of.stage or of.commodity).replace("_", " "),
        of.measure.replace("_", " ") + origin,
        of.period,
        amount(of, of.value),
        _spread(item, item.before),
        _spread(item, item.after),
        f"{item.surprise:.1f}",
        of.quality,
        of.source,
    )


def _spread(item: Fit, of: tuple[float, float, float]) -> str:
    low, middle, high = (amount(item.observation, value) for value in of)
    return f"{middle} ({low.removesuffix(' t')}-{high.removesuffix(' t')})"
