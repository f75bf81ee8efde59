"""Layouts of provenance labels: goods carry what has been done to them, each label in one place."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from simulator.model.labels import Labels
from tests.support import worlds

STAGES = (1, 2, 3)


def labels_of(stages: int) -> Labels:
    chain = worlds.chain()
    return Labels(replace(chain, stages=chain.stages[-stages:]))


@pytest.mark.parametrize("stages", STAGES)
def test_every_label_has_one_place_and_every_place_a_label(stages: int) -> None:
    for s, layout in enumerate(labels_of(stages).layouts):
        partners = range(layout.partners.start, layout.partners.stop)
        places = {*partners, *layout.china, *layout.bounds, *layout.runner_ups}
        assert places == set(range(layout.size))
        assert len(layout.exposed_at) == s + 1
        assert len(layout.runner_ups) == min(s + 1, stages - 1)
        assert layout.apart.stop == layout.mixing.start
        assert layout.mixing.stop == layout.size


@pytest.mark.parametrize("stages", STAGES[1:])
def test_labels_of_the_stage_before_keep_their_order(stages: int) -> None:
    layouts = labels_of(stages).layouts
    for before, layout in pairwise(layouts):
        shift = layout.mixing.start - before.mixing.start
        assert layout.received.stop - layout.received.start == before.mixing.stop - before.mixing.start
        assert layout.partners.start == before.partners.start + shift
        assert layout.exposed == before.exposed + shift
        assert layout.runner_ups[: len(before.runner_ups)] == tuple(k + shift for k in before.runner_ups)
        if before.apart.stop:  # goods of the first stage have one label for both
            assert layout.exposed_at[:-1] == tuple(k + shift for k in before.exposed_at)


def test_processing_in_china_makes_all_of_it_exposed_and_keeps_what_was_done_before() -> None:
    labels = labels_of(3)
    producers = ("CHN", "KAZ", "ROW")
    before, layout = labels.layouts[0], labels.layouts[1]
    received = np.zeros((1, len(producers), before.size))
    received[:, :, before.nowhere], received[:, :, before.exposed] = 10.0, 4.0
    sold = np.zeros((1, len(producers), layout.size))
    sold[:, :, layout.received] = received[:, :, before.mixing]
    labels.relabel(sold, np.full((1, 3), 10.0), 1, producers)
    assert sold[0, :, layout.exposed].tolist() == [10.0, 4.0, 4.0]
    assert sold[0, :, layout.exposed_at[0]].tolist() == [4.0, 4.0, 4.0]
    assert sold[0, :, layout.exposed_at[1]].tolist() == [10.0, 0.0, 0.0]
    assert sold[0, 0, list(layout.bounds)].tolist() == [10.0, 10.0]
    assert sold[0, :, layout.nowhere].tolist() == [10.0, 0.0 if "KAZ" in labels.partner_names else 10.0, 10.0]
    assert sold[0, :, layout.partners].sum(axis=1).tolist() == [10.0, 10.0, 10.0]
