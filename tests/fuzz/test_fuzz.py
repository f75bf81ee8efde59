"""Minutes of hostile input: ``python -m pytest -m fuzz``."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, seeds

pytestmark = pytest.mark.fuzz
ROOT = Path(__file__).parents[2]
MEMORY = 512 << 20
PIECES = st.sampled_from(
    [b"", b"\0", b"\xff\xfe", b"../", b"[", b"{", b"}", b": ", b"\n- ", b"&a ", b"*a", b"!!x ", b'"', b"'", b"null",
     b"1e400", b"-1", b"NaN", b"9999999999999999999", b"\xe2\x80\xa8", b"<script>", b"PK\x03\x04", b"\n\n", b"\t",
     b","]
)  # fmt: skip
STRANGE = st.sampled_from(
    [None, True, -1, 0, 1e308, 2**70, "", "\0", "../x", "x" * 5000, [], {}, [[]], {"a": 1}, "NaN", "2025-13-40", "<b>"]
)


@cache
def sound() -> dict[str, bytes]:
    return seeds()


@st.composite
def damaged(draw: st.DrawFn, target: str) -> bytes:
    """A sound file with pieces put in, taken out and repeated."""
    content = sound()[target]
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content)))
        gone = draw(st.sampled_from([0, 0, 1, 5, 200, 10_000]))
        piece = draw(st.one_of(PIECES, st.binary(max_size=12)))
        content = content[:at] + piece * draw(st.sampled_from([1, 1, 1, 50])) + content[at + gone :]
    return content


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, child in items for found in places(child, (*path, key)))]


@st.composite
def rearranged(draw: st.DrawFn, target: str) -> bytes:
    """A sound JSON file with other values in some places."""
    document = json.loads(sound()[target])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(document)))
        if not path:
            continue
        node = document
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = draw(STRANGE)
    return json.dumps(document).encode()


@pytest.mark.parametrize("target", TARGETS)
def test_a_damaged_file_is_read_or_refused(target: str) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(damaged(target))
    def check(content: bytes) -> None:
        TARGETS[target](content)

    check()


@pytest.mark.parametrize("target", ["baseline", "manifest", "combination", "batch", "attributed"])
def test_a_file_of_other_values_is_read_or_refused(target: str) -> None:
    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rearranged(target))
    def check(content: bytes) -> None:
        TARGETS[target](content)

    check()


def test_the_hostile_corpus_costs_little_time_and_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.corpus"], cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["files"] > 500
    assert told["peak_bytes"] < MEMORY
    assert told["slowest_s"] < 20.0, told
