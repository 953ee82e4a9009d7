"""Specs, filters and the builder: what is accepted, what is refused, and what a fingerprint covers."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from event_factories import batch_of, make_event

from strata.errors import DefinitionInvalid
from strata.features import builder
from strata.features.builder import (
    category,
    count,
    days,
    distinct,
    event_type,
    fields,
    hours,
    mean,
    recency,
    seconds,
    share,
    total,
    value,
)
from strata.features.conditions import canonical, parse
from strata.features.definition import definition_of
from strata.features.matching import column_of
from strata.features.spec import view_spec

GOOD = {
    "strata.fn": "total",
    "strata.of": "value",
    "strata.where": "[]",
    "strata.window_s": "60",
    "strata.hop_s": "10",
    "strata.scale": "100",
}


def test_the_builder_writes_the_tags_that_carry_the_definition() -> None:
    """What a person wrote is in the field tags, and reads back the same."""
    name, dtype, tags = share(
        "share_grocery_90d", of="value", window=days(90), where=category.eq("GROCERY"), base=event_type.eq("purchase")
    ).triple(hours(1))
    assert (name, dtype) == ("share_grocery_90d", "float64")
    assert tags == {
        "strata.fn": "share",
        "strata.of": "value",
        "strata.where": '[["category","eq","GROCERY"],["event_type","eq","purchase"]]',
        "strata.base": '[["event_type","eq","purchase"]]',
        "strata.window_s": "7776000",
        "strata.hop_s": "3600",
        "strata.scale": "1",
    }
    assert definition_of(tags).tags() == tags


def test_money_comes_out_in_whole_units_and_the_rest_as_it_is() -> None:
    """Cents are divided by 100 once; a scale given wins."""
    features = [
        total("m", of="value", window=days(1)),
        total("q", of="quantity", window=days(1)),
        mean("b", of="discount", per="session_id", window=days(1)),
        total("cents", of="value", window=days(1), scale=1),
        count("n", window=days(1)),
    ]
    assert [tags["strata.scale"] for _, _, tags in fields(features)] == ["100", "1", "100", "1", "1"]
    assert [dtype for _, dtype, _ in fields(features)] == ["float64", "float64", "float64", "float64", "int64"]


def test_equal_filters_have_one_text_however_they_were_written() -> None:
    """Order, repeats and spacing do not change a fingerprint."""
    one = event_type.isin("b", "a", "a") & value.gt(0)
    other = value.gt(0) & event_type.isin("a", "b") & value.gt(0)
    assert (
        canonical(one.conditions) == canonical(other.conditions) == '[["event_type","in",["a","b"]],["value","gt",0]]'
    )
    assert parse(' [["value","gt",0], ["event_type","in",["b","a"]]]') == parse(canonical(one.conditions))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"strata.fn": "median"}, "no function 'median'"),
        ({"strata.of": "price"}, "total of 'price'"),
        ({"strata.of": "*"}, "total of '\\*'"),
        ({"strata.of": "category"}, "total of 'category'"),
        ({"strata.window_s": "65"}, "not a multiple"),
        ({"strata.window_s": "0"}, "not a multiple"),
        ({"strata.hop_s": "0"}, "at least 1"),
        ({"strata.hop_s": "ten"}, "not a whole number"),
        ({"strata.scale": "0"}, "scale"),
        ({"strata.where": "all"}, "not a filter"),
        ({"strata.where": '[["price","eq",1]]'}, "no column 'price'"),
        ({"strata.where": '[["category","gt","a"]]'}, "cannot be compared"),
        ({"strata.where": '[["value","like",1]]'}, "cannot be compared"),
        ({"strata.where": '[["value","eq","1"]]'}, "needs int"),
        ({"strata.where": '[["value","eq",1.5]]'}, "needs int"),
        ({"strata.where": '[["category","in",[]]]'}, "never empty"),
        ({"strata.base": "[]"}, "belongs to share"),
        ({"strata.per": "session_id"}, "only a mean"),
        ({"strata.windows": "60"}, "unknown: strata.windows"),
    ],
)
def test_a_wrong_tag_is_refused_naming_the_feature(change: dict[str, str], sentence: str) -> None:
    """A mistyped tag never makes a feature silently something else."""
    with pytest.raises(DefinitionInvalid, match=sentence) as caught:
        view_spec("spend", "windowed", [("m", "float64", {**GOOD, **change})])
    assert "view spend, feature m" in str(caught.value)


@pytest.mark.parametrize("tag", sorted(GOOD))
def test_a_missing_tag_is_refused(tag: str) -> None:
    """All six belong to every windowed feature."""
    with pytest.raises(DefinitionInvalid, match=f"missing: {tag}"):
        view_spec("spend", "windowed", [("m", "float64", {k: v for k, v in GOOD.items() if k != tag})])


@pytest.mark.parametrize(
    ("kind", "triples", "sentence"),
    [
        ("stream", [("m", "float64", GOOD)], "neither"),
        ("windowed", [], "1 to"),
        ("windowed", [("m", "float64", GOOD)] * 2, "twice"),
        ("windowed", [("m", "int64", GOOD)], "is float64"),
        ("windowed", [("m", "float64", GOOD), ("o", "float64", {**GOOD, "strata.hop_s": "20"})], "different hops"),
        ("row", [("m", "int32", {})], "dtype"),
        ("row", [("m", "string", {})], "strata.categories"),
        ("row", [("m", "int64", {"strata.categories": '["a"]'})], "strata.categories"),
        ("row", [("m", "string", {"strata.categories": '["a","a"]'})], "twice"),
        ("row", [("m", "string", {"strata.categories": "a"})], "JSON list"),
        ("row", [("m", "int64", GOOD)], "only tag"),
    ],
)
def test_a_wrong_view_is_refused(kind: str, triples: list[Any], sentence: str) -> None:
    """One sentence says what is wrong with which field."""
    with pytest.raises(DefinitionInvalid, match=sentence):
        view_spec("spend", kind, triples)


def test_the_builder_refuses_what_the_spec_refuses_naming_the_feature() -> None:
    """Before any registry sees it."""
    with pytest.raises(DefinitionInvalid, match="feature n: a window of 90 s"):
        fields([count("n", window=seconds(90))])
    with pytest.raises(DefinitionInvalid, match="used twice"):
        fields([count("n", window=days(1)), recency("n", window=days(1))])
    with pytest.raises(DefinitionInvalid, match="distinct of 'value'"):
        fields([distinct("n", of="value", window=days(1))])
    with pytest.raises(DefinitionInvalid, match="no column"):
        builder.Column("price").gt(1)


def test_the_fingerprint_covers_what_changes_a_row_and_nothing_else() -> None:
    """Name, kind, order, dtype and our tags; not a description."""
    base = view_spec("spend", "windowed", [("m", "float64", GOOD), ("n", "float64", {**GOOD, "strata.window_s": "30"})])
    first, second = [(f.name, f.dtype, dict(f.tags)) for f in base.fields]
    noted = view_spec("spend", "windowed", [(*first[:2], {"note": "x", **first[2]}), second])
    assert base.fingerprint == noted.fingerprint
    assert len(base.fingerprint) == 16
    int(base.fingerprint, 16)
    others = [
        view_spec("spent", "windowed", [first, second]),
        view_spec("spend", "windowed", [second, first]),
        view_spec("spend", "windowed", [first]),
        view_spec("spend", "windowed", [first, ("n", "float64", {**GOOD, "strata.window_s": "20"})]),
    ]
    assert len({base.fingerprint, *(other.fingerprint for other in others)}) == 5


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    """It is carried by rows and packages: no hash seed may decide it."""
    code = (
        "from strata.features.builder import *; from strata.features.spec import view_spec\n"
        "print(view_spec('v', 'windowed', fields([count('n', window=days(1), where=event_type.isin('a', 'b', 'c'))]))"
        ".fingerprint)"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(prints) == 1


def test_local_hours_and_days_follow_the_offset_with_monday_first() -> None:
    """2017-07-17 was a Monday: 03:00 UTC there is still Sunday evening at UTC-5."""
    monday_3h_us = 1_500_260_400_000_000
    events = batch_of(
        [make_event(event_time_us=monday_3h_us, utc_offset_s=offset_s) for offset_s in (0, -5 * 3_600, 21 * 3_600)]
    )
    hour, weekday, day, week = (
        [column_of(event, name) for event in events.packed()] for name in ("hour", "weekday", "day", "week")
    )
    assert hour == [3, 22, 0]
    assert weekday == [0, 6, 1]
    assert np.diff(day).tolist() == [-1, 2]
    assert np.diff(week).tolist() == [-1, 1]
