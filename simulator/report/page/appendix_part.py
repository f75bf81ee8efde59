"""The last sections: what to keep in mind, then assumptions, sources and where the numbers came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from simulator import __version__
from simulator.analysis.study import Study
from simulator.domain.facts import UncertainInput
from simulator.instruments.names import commodity_names
from simulator.report.explain_store import Explained
from simulator.report.page.blocks import Block, Paragraph, Section, Table
from simulator.report.page.figures_part import data_tables
from simulator.report.run_directory import RANDOM_SCHEME, run_id
from simulator.report.terminal import missing_futures
from simulator.scenario.case import Case

GRADES: Final = ("reported", "estimated", "derived", "assumed")


def caveats_section(studies: Sequence[Study], notices: Sequence[str]) -> Section:
    """Say the few things that matter most before anybody quotes a number."""
    study = studies[0]
    inputs = inputs_used(study.case)
    assumed = sum(item.quality == "assumed" for item in inputs)
    facts = [fact for chain in study.case.chains for fact in chain.facts]
    guessed = sum(fact.quality == "assumed" for fact in facts)
    told = f"{guessed:,} of {len(facts):,} numbers behind the chains"
    texts = [
        f"Probabilities hold under stated priors: {assumed} of {len(inputs)} uncertain inputs and {told} are assumed.",
        "Intervals say how far a finite number of futures can mislead. They say nothing of what the model leaves out.",
    ]
    weak = [chain.name for chain in study.case.chains if chain.grade == "C"]
    if weak:
        texts.append(
            f"Data are too thin for a verdict (grade C) on {', '.join(weak)}; these stand apart from the headline."
        )
    texts += [f"{item.case.name}: {' '.join(missing_futures(item))}" for item in studies if not item.complete]
    return Section("caveats", "Before you quote this", tuple(Paragraph(text) for text in (*texts, *notices)))


def appendix_sections(studies: Sequence[Study], explained: Explained | None = None) -> tuple[Section, ...]:
    """Return the numbers behind the figures, the inputs with sources and grades, and the manifest."""
    study = studies[0]
    return (
        Section("data", "Numbers behind the figures", data_tables(studies, explained)),
        Section("inputs", "Assumptions, sources and grades", tuple(_inputs(study))),
        Section("manifest", "Manifest", tuple(_manifests(studies))),
    )


def inputs_used(case: Case) -> list[UncertainInput]:
    """Return the uncertain inputs about the commodities of a case, or about all."""
    others = set(commodity_names()) - {chain.commodity for chain in case.chains}
    return [item for item in case.inputs if item.name.partition("/")[2].partition("/")[0] not in others]


def _inputs(study: Study) -> Iterator[Block]:
    case = study.case
    inputs = inputs_used(case)
    yield Table(
        key="uncertain-inputs",
        caption=f"Uncertain inputs, one value per future: {len(inputs)} used, assumptions first",
        head=("input", "median", "5-95 %", "unit", "grade", "source or reason"),
        rows=tuple(
            (
                item.name.removesuffix("/ALL"),
                f"{item.median:.3g}",
                f"{item.low:.3g}-{item.high:.3g}",
                item.unit,
                item.quality,
                item.source or item.note,
            )
            for item in sorted(inputs, key=lambda item: (item.quality != "assumed", item.name))
        ),
        wide=True,
    )
    rows = []
    for chain in case.chains:
        count = Counter(fact.quality for fact in chain.facts)
        rows.append((chain.name, chain.grade, *(f"{count[grade]:,}" for grade in GRADES), chain.grade_reason))
    yield Table(
        key="chain-facts",
        caption="Numbers behind each chain by grade (`simulator data show COMMODITY` lists them)",
        head=("commodity", "data grade", *GRADES, "why this grade"),
        rows=tuple(rows),
        wide=True,
    )
    sources = Counter(fact.source for chain in case.chains for fact in chain.facts if fact.quality != "assumed")
    ranked = sorted(sources.items(), key=lambda item: (-item[1], item[0]))
    yield Table(
        key="sources",
        caption=f"Sources of the chains' numbers: {len(sources)}, and how many rest on each",
        head=("numbers", "source"),
        rows=tuple((f"{count:,}", source) for source, count in ranked),
        wide=True,
    )
    changed = {name: origin for name, origin in study.scenario.origins.items() if origin != "default"}
    yield Table(
        key="scenario-values",
        caption=f"{case.name}: {len(changed):,} values given by files or options, the rest are defaults",
        head=("value", "is", "given by"),
        # A folder of somebody's machine is nobody else's business.
        rows=tuple((name, str(study.scenario.values[name]), Path(origin).name) for name, origin in changed.items()),
        wide=True,
    )


def _manifests(studies: Sequence[Study]) -> Iterator[Block]:
    rows = [
        (
            study.case.name,
            study.case.sha256[:16],
            study.case.data_sha256[:16],
            str(study.seed),
            f"{study.replications:,} of {study.requested:,}",
            f"{study.case.start}, {study.case.as_of}, {study.case.deadline}",
            run_id(study)[:16],
        )
        for study in studies
    ]
    yield Table(
        key="manifest-table",
        caption=f"oresight {__version__}, random numbers {RANDOM_SCHEME}",
        head=("scenario", "its digest", "data digest", "seed", "futures", "start, known as of, deadline", "run"),
        rows=tuple(rows),
        wide=True,
    )
    yield Paragraph(
        "Same scenario, data, seed and number of futures: the same bytes. `simulator rerun RUN_DIR` checks it.", "small"
    )
