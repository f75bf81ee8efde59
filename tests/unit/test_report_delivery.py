"""What agreements and partners deliver: credited once per agreement, never more than the plants make."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.analysis.delivery import agreement_deliveries, partner_deliveries
from simulator.analysis.study import Study, run
from simulator.analysis.verdict import Quantiles
from simulator.cli.main import exit_code
from simulator.metrics.delivery import ACCESSIBLE, OUTPUT, PARTNERS, deliveries, groups
from simulator.metrics.outcome import moments_of
from simulator.report.delivery_document import agreement_documents, partner_documents
from simulator.report.delivery_text import delivery_tables
from simulator.report.layout import WIDTH
from simulator.report.wording import tonnes
from simulator.scenario import Scenario, resolve
from tests.support import worlds

BASELINE = Scenario.load(Path(__file__).parents[2] / "scenarios" / "baseline.yaml")
SIGNED = date(2026, 6, 1)


@cache
def study() -> Study:
    late = {
        "id": "late",
        "type": "agreement",
        "partners": ["MYS"],
        "commodities": ["ree_heavy"],
        "at": SIGNED.isoformat(),
    }
    drawn = late | {"id": "perhaps", "at": "2025-11-06", "probability": 0.5}
    scenario = BASELINE.with_event(**late).with_event(**drawn)
    return run(scenario, replications=64, commodities=("ree_heavy", "gallium"))


def delivered(name: str) -> dict[tuple[str, str], Any]:
    (item,) = (found for found in agreement_deliveries(study().case, study().outcome) if found.agreement.id == name)
    return {(one.commodity, one.stage): one for one in item.delivered}


def test_every_agreement_of_the_case_is_listed_once_with_what_it_promised() -> None:
    listed = {item["agreement"]: item for item in agreement_documents(study())}
    events = [event for event in study().case.instruments if event.type == "agreement"]
    assert list(listed) == [event.id for event in events]
    assert listed["ALCOA_JAGA_GA_2025"]["promised_t_per_year"] == 100
    assert listed["JPN_LYC_HRE_2023"]["delivered"][0]["projects"] == ["MYS_LAMP_DYTB", "MYS_LAMP_HRE2"]
    assert listed["USA_THA_2025"]["delivered"] == []


def test_an_agreement_is_credited_with_what_its_plants_make_from_its_day_on() -> None:
    case = study().case
    trace = worlds.run(case, 16)
    (chain,) = (item for item in trace.chains if item.commodity == "ree_heavy")
    found = deliveries(chain, case, tuple(moments_of(case).values()))
    plants = [j for j, name in enumerate(chain.projects) if name in ("MYS_LAMP_DYTB", "MYS_LAMP_HRE2")]
    series = chain.project_output[:, :, plants].sum(axis=2)

    def made(begin: float, end: float) -> Any:
        return np.array([np.interp(end, chain.days, row) - np.interp(begin, chain.days, row) for row in series])

    deadline = float(case.day(case.deadline))
    assert found["agreement/JPN_LYC_HRE_2023/separation"][:, 1, OUTPUT] == pytest.approx(made(0.0, deadline))
    assert found["agreement/late/separation"][:, 1, OUTPUT] == pytest.approx(made(float(case.day(SIGNED)), deadline))
    assert (found["agreement/late/separation"][:, 0] == 0).all()
    assert found["partner/MYS/separation"][:, 1, OUTPUT] == pytest.approx(made(0.0, deadline))


def test_what_is_accessible_is_never_more_than_what_is_made() -> None:
    for chain in study().outcome.chains:
        for name, values in chain.values.items():
            if name.count("/") == 2:
                assert (values[..., ACCESSIBLE] <= values[..., OUTPUT] * (1 + 1e-12)).all(), name


def test_offtake_tied_to_japan_is_not_accessible_to_the_united_states() -> None:
    """65 % of the Malaysian heavy rare earths are Japan's by contract."""
    one = delivered("JPN_LYC_HRE_2023")["ree_heavy", "separation"]
    assert one.accessible.p95 <= 0.35 * one.output.p95 * (1 + 1e-9)
    assert one.any_output.value >= one.any_accessible.value > 0


def test_where_an_agreement_is_not_signed_it_delivers_nothing() -> None:
    always, perhaps = (delivered(name)["ree_heavy", "separation"] for name in ("USA_MYS_2025", "perhaps"))
    assert perhaps.any_output.value == pytest.approx(0.5 * always.any_output.value, abs=0.2)
    assert perhaps.output.p05 == 0.0


def test_partners_are_the_eight_states_of_the_question() -> None:
    found = partner_documents(study())
    assert (
        [item["partner"] for item in found]
        == list(PARTNERS)
        == ["KAZ", "KGZ", "TJK", "TKM", "UZB", "JPN", "MYS", "THA"]
    )
    (turkmenistan,) = (item for item in partner_deliveries(study().case, study().outcome) if item.partner == "TKM")
    assert (turkmenistan.flows, turkmenistan.delivered) == ((), ())
    malaysia = next(item for item in found if item["partner"] == "MYS")
    assert {flow["commodity"] for flow in malaysia["flows"]} >= {"ree_heavy"}


def test_no_group_holds_a_project_twice() -> None:
    case = resolve(BASELINE)
    for commodity in ("ree_light", "ree_heavy", "antimony", "tungsten", "gallium"):
        for group in groups(case, commodity):
            assert len(set(group.projects)) == len(group.projects)


def test_the_tables_fit_and_name_everything() -> None:
    text = delivery_tables(study())
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    for word in ("JPN_LYC_HRE_2023", "Tonnes by agreement", "Tonnes by partner country", *PARTNERS):
        assert word in text


def test_tonnes_read_as_people_write_them() -> None:
    assert tonnes(Quantiles(0.0, 0.0, 0.0)) == "0"
    assert tonnes(Quantiles(0.0, 0.0123, 1234567.0)) == "0.012 (0-1,230,000)"
    assert tonnes(Quantiles(float("nan"), float("nan"), float("nan"))) == "-"


def test_the_command_prints_the_tables_on_request_and_always_lists_them_in_json(capsys: Any) -> None:
    small = ["run", str(BASELINE.path), "--commodity", "gallium", "--replications", "16", "--jobs", "1", "--quiet"]
    assert exit_code(small) == 0
    assert "Tonnes by agreement" not in capsys.readouterr().out
    assert exit_code([*small, "--agreements"]) == 0
    assert "ALCOA_JAGA_GA_2025" in capsys.readouterr().out
    assert exit_code([*small, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"agreements", "partners"} <= document.keys()
