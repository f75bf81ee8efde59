"""Whatever is done to a scenario file, it is read or refused; nothing else escapes."""

from __future__ import annotations

import random
import re
from pathlib import Path

from simulator.errors import InputError, UsageError
from simulator.scenario import load

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"
TOKENS = (
    "null [] {} -1 1e400 .nan true ALL CHN +1mo 0001-01-01 +9999mo [1,2] [[]] {a: 1} {input: x} &a *a !x ? - : \t # "
    "' \" { } [ ] ~ | > % @ ` 99999999999999999999 0x1F \u2028 \ufeff {normal: {mean: 1e308, sd: 1e308}}"
).split(" ")
TRIES = 150


def damaged(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        key, colon, _ = lines[at].partition(":")
        token = chance.choice(TOKENS)
        if colon and chance.random() < 0.6:
            lines[at] = f"{key}: {token}"
        elif chance.random() < 0.5:
            lines[at] = lines[chance.randrange(len(lines))]
        else:
            cut = chance.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:cut] + token + lines[at][cut:]
    return "\n".join(lines)


def refusal(path: Path, *sets: str) -> str | None:
    try:
        load(path, sets)
    except (InputError, UsageError) as error:
        return str(error)
    return None


def test_a_damaged_scenario_is_read_or_refused_with_a_place(tmp_path: Path) -> None:
    chance = random.Random(20251106)
    text = BASELINE.read_text()
    path = tmp_path / "damaged.yaml"
    reports = []
    for _ in range(TRIES):
        path.write_text(damaged(text, chance))
        reports.append(refusal(path))
    refused = [report for report in reports if report is not None]
    assert 0 < len(refused) < TRIES
    for report in refused:
        assert re.match(rf"{re.escape(str(path))}:\d+:\d+: ", report)


def test_an_override_of_any_value_is_taken_or_refused() -> None:
    chance = random.Random(20270506)
    paths = [re.sub(r"\[(\d+)\]", r".\1", path) for path in load(BASELINE).values]
    overrides = [f"{chance.choice(paths)}={chance.choice(TOKENS)}" for _ in range(TRIES)]
    reports = {override: refusal(BASELINE, override) for override in overrides}
    assert any(report is None for report in reports.values())
    for report in reports.values():
        assert report is None or report.startswith(("--set ", str(BASELINE)))
