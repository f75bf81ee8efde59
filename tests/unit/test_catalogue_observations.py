from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from simulator.catalogue.observations import read_observations
from simulator.errors import InputError

HEAD = "commodity,measure,origin,destination,period_start,period_end,value,unit,source,quality"


def file(folder: Path, *lines: str, head: str = HEAD) -> Path:
    path = folder / "observed.csv"
    path.write_text("\n".join((head, *lines)) + "\n", "utf-8")
    return path


def test_a_row_says_what_was_observed_when_and_by_whom(tmp_path: Path) -> None:
    line = 'antimony,imports,CHN,USA,2026-01-01,2026-01-31,151126,kg,"Census, monthly",reported'
    ((found, at),) = read_observations(file(tmp_path, line))
    assert (found.commodity, found.origin, found.value, found.unit) == ("antimony", "CHN", 151126.0, "kg")
    assert (found.period_end, found.days, found.source) == (date(2026, 1, 31), 31, "Census, monthly")
    assert (found.quality, found.sd, found.stage, at) == ("reported", None, "", 2)


def test_columns_may_stand_in_any_order_and_an_empty_origin_is_the_world(tmp_path: Path) -> None:
    head = "value,unit,quality,source,period_end,period_start,measure,commodity,sd,note"
    ((found, _),) = read_observations(
        file(tmp_path, "3,t,derived,s,2026-02-28,2026-02-01,stocks,gallium,0.2,", head=head)
    )
    assert (found.origin, found.destination, found.sd) == ("WLD", "", 0.2)


GOOD = "antimony,imports,CHN,USA,2026-01-01,2026-01-31,1,t,s,reported"


@pytest.mark.parametrize(
    ("good", "wrong", "told"),
    [
        ("CHN", "China", "18: 'China' is not a country code; did you mean 'CHN'?"),
        (",1,", ",1 t,", "'1 t' is not a number"),
        ("2026-01-01", "2026-02-01", "is before the period begins, on 2026-02-01"),
        ("2026-01-01", "2026-1-1", "'2026-1-1' is not a day"),
        (",s,", ",,", "source is empty; every observation states it"),
        ("reported", "good", "'good' is not a grade; reported, estimated"),
        (",1,t,s,reported", "", "6 cells where the header has 10"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, good: str, wrong: str, told: str) -> None:
    path = file(tmp_path, GOOD.replace(good, wrong, 1))
    with pytest.raises(InputError) as caught:
        read_observations(path)
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"{path}:2:")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = file(tmp_path, "a,imports,XX,,2026-01-01,2026-01-31,one,t,s,reported", "a,imports,,,2026-01-01,x,1,t,s,")
    with pytest.raises(InputError) as caught:
        read_observations(path)
    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == ["2", "2", "3", "3"]


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (HEAD.replace("origin", "orign"), "'orign' is not a column of observations; did you mean 'origin'?"),
        (HEAD.replace("unit,", ""), "columns are missing: unit"),
        (HEAD + ",value", "column 'value' stands twice"),
    ],
)
def test_a_wrong_header_is_told(tmp_path: Path, head: str, told: str) -> None:
    with pytest.raises(InputError, match=told.replace("?", r"\?")):
        read_observations(file(tmp_path, head=head))


def test_a_file_without_rows_or_that_is_not_there_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no observation; its columns are commodity,measure"):
        read_observations(file(tmp_path))
    with pytest.raises(InputError, match=r"none\.csv:1:1: cannot be read"):
        read_observations(tmp_path / "none.csv")
