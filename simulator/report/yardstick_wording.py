"""What each yardstick means, in words: of a published one by its source, of a user's own by its metric."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.domain.target import Criterion, ListRule
from simulator.metrics.registry import metrics
from simulator.metrics.yardsticks import ON_REQUEST, published
from simulator.report.wording import percent


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is said of a yardstick beside its threshold."""

    short: str
    definition: str
    formula: str
    source: str
    metric: str
    unit: str
    counts_unmet: bool


def meaning_of(criterion: Criterion) -> Meaning:
    """Return what a criterion's yardstick means."""
    found = published(criterion)
    if found is None:
        known = metrics()[str(criterion.metric)]
        first = " ".join(str(known.compute.__doc__).split("\n\n")[0].split()).rstrip(".")
        sign = ">=" if criterion.at_least else "<="
        what = known.name + (f" of {criterion.of}" if criterion.of else " of each" if known.axis else "")
        return Meaning(
            short=what,
            definition=f"The scenario's own: {first}{f', of {criterion.of}' if criterion.of else ''}.",
            formula=f"{what} {sign} {criterion.threshold:g} {known.unit} over {criterion.window_days} days",
            source="the scenario",
            metric=known.name,
            unit=known.unit,
            counts_unmet=False,
        )
    name = found.measure.__name__
    return Meaning(
        found.short, found.definition, found.formula, found.source, name, metrics()[name].unit, found.counts_unmet
    )


def limit_of(criterion: Criterion) -> str:
    """Return the threshold in words, such as ``at most 50 %``.

    >>> limit_of(Criterion("direct")), limit_of(Criterion("nminus1", threshold=1.0, at_least=True))
    ('at most 50 %', 'at least 1')
    """
    meaning = meaning_of(criterion)
    sign = "at least" if criterion.at_least else "at most"
    is_share = meaning.unit == "1" and (meaning.metric.endswith("_share") or "_share_" in meaning.metric)
    if is_share:
        return f"{sign} {percent(criterion.threshold)} %"
    return f"{sign} {criterion.threshold:g}" + ("" if meaning.unit == "1" else f" {meaning.unit}")


def sentence_of(criterion: Criterion) -> str:
    """Return what meets a yardstick, in a sentence without its full stop."""
    meaning = meaning_of(criterion)
    text = f"{criterion.yardstick}: {meaning.short} {limit_of(criterion)}"
    if meaning.counts_unmet:
        text += f" and unmet demand at most {percent(criterion.max_unmet_share)} %"
    if criterion.yardstick not in ON_REQUEST:
        text += f" over {criterion.window_days} days"
    return text + (f" by {criterion.deadline}" if criterion.deadline is not None else "")


def rule_in_words(rule: ListRule, of: int) -> str:
    """Return when a list of so many commodities meets a yardstick.

    >>> rule_in_words(ListRule("at_least", 3), 5), rule_in_words(ListRule("weighted", 0.8), 5)
    ('at least 3 of 5', 'at least 80 % by weight')
    """
    if rule.kind == "at_least":
        return f"at least {min(int(rule.least), of)} of {of}"
    return f"all {of}" if rule.kind == "all" else f"at least {percent(rule.least)} % by weight"
