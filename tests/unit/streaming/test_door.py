"""What the door lets in, and why it keeps the rest out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_imports import SHOP, bring_in, events_of, quarantined, rows, shop, write_rows

from strata.clock import parse_instant
from strata.errors import DefinitionInvalid, InputInvalid
from streaming.importing import import_file


def reasons(tmp_path: Path, *changes: dict[str, Any], text: str = SHOP) -> list[str | None]:
    """The reason of each row, in order; None for those let in."""
    path = write_rows(tmp_path / "rows.csv", rows(*changes))
    done = bring_in(path, tmp_path / "home", text)
    found = dict(quarantined(tmp_path / "home"))
    assert done.totals.reasons == {r: list(found.values()).count(r) for r in set(found.values())}
    return [found.get(number) for number in range(2, 2 + len(changes))]


def test_an_event_as_the_history_keeps_it(tmp_path: Path) -> None:
    """A plain row becomes one event: cents, UTC, local offset, recorded when it happened."""
    bring_in(write_rows(tmp_path / "rows.csv", rows({"id": "7"})), tmp_path / "home")
    when = "epoch_us(event_time), epoch_us(recorded_at), utc_offset_s"
    kept = events_of(tmp_path / "home", f"event_id, user_id, event_type, {when}, session_id, item_id, value, quantity")
    at_us = parse_instant("2023-07-01T11:00:00Z")
    assert kept == [("shop|7", "ann", "purchase", at_us, at_us, 3600, None, "tea", 150, 2)]


def test_reasons(tmp_path: Path) -> None:
    """Each fault has its own reason, and a row with several has the first."""
    assert reasons(
        tmp_path,
        {},
        {"user": " "},
        {"user": "u" * 257},
        {"user": "é" * 129},
        {"user": "u" * 256},
        {"at": ""},
        {"at": "never"},
        {"at": "2024-01-01T00:00:01"},
        {"at": "2024-01-01T00:00:00"},
        {"price": ""},
        {"price": "free"},
        {"price": "nan"},
        {"price": "1e999"},
        {"price": "1000000000001"},
        {"price": "0"},
        {"price": "0.001"},
        {"price": "-1"},
        {"units": "1.5"},
        {"units": "-1"},
        {"units": ""},
        {"id": ""},
        {"id": "i" * 600},
        {"user": "", "price": "free"},
    ) == [
        None, "missing_user", "user_too_long", "user_too_long", None, "missing_time", "bad_time", "future_time", None,
        "missing_value", "bad_value", "bad_value", "bad_value", "absurd_value", "zero_value", "zero_value",
        "negative_value", "bad_quantity", None, None, "missing_event_id", "event_id_too_long", "missing_user",
    ]  # fmt: skip


def test_types_by_rules(tmp_path: Path) -> None:
    """The first rule that holds decides, and signs are judged by type."""
    text = SHOP.replace("event_type: purchase", (
        "event_type: {otherwise: purchase, rules: [{type: return, when: [{column: id, starts_with: C}]},"
        " {type: cart, when: [{column: units, less_than: 0}, {column: item, one_of: [tea, 7]}]}]}"
    )).replace("allow: positive", "allow: {purchase: positive, return: negative}")  # fmt: skip
    changes = [{"id": "C1", "price": "-1"}, {"id": "C2"}, {"units": "-1", "price": "0"}, {"price": "-1"}]
    assert reasons(tmp_path, *changes, text=text) == [None, "positive_value", None, "negative_value"]
    assert events_of(tmp_path / "home", "event_type, value") == [("cart", 0), ("return", -100)]


def test_types_by_column(tmp_path: Path) -> None:
    """A column's own names pass, its values can be renamed, and any other is rejected."""
    text = SHOP.replace("event_type: purchase", "event_type: {column: item, values: {SALE: purchase, '2': return}}")
    changes = [{"item": "view"}, {"item": "SALE"}, {"item": "2"}, {"item": "tea"}, {"item": ""}]
    assert reasons(tmp_path, *changes, text=text) == [None, None, None, "unknown_event_type", "unknown_event_type"]
    assert events_of(tmp_path / "home", "event_type") == [("view",), ("purchase",), ("return",)]


def test_filters(tmp_path: Path) -> None:
    """Rows the mapping does not keep are counted and can be looked up."""
    text = SHOP + "keep: [{column: item, equals: tea}, {column: user, missing: false}]\n"
    changes = [{}, {"item": "ale"}, {"item": ""}, {"user": ""}]
    assert reasons(tmp_path, *changes, text=text) == [None, "filtered", "filtered", "filtered"]


def test_discounts_products_and_rounding(tmp_path: Path) -> None:
    """Discounts add up, prices multiply, half cents go to even and are counted."""
    text = SHOP.replace("price, allow: positive", "price, times: units") + "discount: {columns: [off, coupon]}\n"
    changes = [{"off": "0.5", "coupon": ""}, {"off": "-1", "coupon": "0"}, {"off": "x", "coupon": "0"}]
    assert reasons(tmp_path, *changes, text=text) == [None, "bad_discount", "bad_discount"]
    assert events_of(tmp_path / "home", "value, discount") == [(300, 50)]
    path = write_rows(tmp_path / "more.csv", rows({"id": "h", "price": "0.125", "units": "1"}))
    assert bring_in(path, tmp_path / "home").totals.rounded == 1
    assert events_of(tmp_path / "home", "value")[1] == (12,)


def test_a_product_past_all_doubles_is_absurd(tmp_path: Path) -> None:
    """Two large numbers whose product overflows are an absurd value, not a crash."""
    text = SHOP.replace("price, allow: positive", "price, times: units")
    assert reasons(tmp_path, {"price": "1e300", "units": "1e300"}, text=text) == ["absurd_value"]


def test_categories_by_lookup(tmp_path: Path) -> None:
    """A lookup beside the source gives the category; an unknown key has none; a lookup that is not there is named."""
    text = SHOP + "category: {column: item, lookup: {file: shelves.csv, key: item, value: shelf}}\n"
    path = write_rows(tmp_path / "rows.csv", rows({"id": "1"}, {"id": "2", "item": "ale"}))
    with pytest.raises(InputInvalid, match=r"shelves.csv, which is neither beside"):
        bring_in(path, tmp_path / "home", text)
    (tmp_path / "shelves.csv").write_text("item,shelf\ntea,dry\n", encoding="utf-8")
    bring_in(path, tmp_path / "home", text)
    assert events_of(tmp_path / "home", "category") == [("dry",), (None,)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (SHOP.replace("user: user", "user: usr"), "has no column 'usr', which the mapping reads; did you mean 'user'?"),
        (SHOP.replace("name: shop", "name: shop\nformat: parquet"), "cannot be read as Parquet"),
    ],
)
def test_a_mapping_for_another_file(tmp_path: Path, text: str, sentence: str) -> None:
    """A mapping that does not fit the file is refused before anything is written."""
    path = write_rows(tmp_path / "rows.csv", rows({}))
    with pytest.raises(InputInvalid) as caught:
        bring_in(path, tmp_path / "home", text)
    assert sentence in str(caught.value)
    assert events_of(tmp_path / "home") == []


def test_files_that_are_none(tmp_path: Path) -> None:
    """A missing file, a folder, an unknown ending and an empty file each get their sentence."""
    (tmp_path / "rows.txt").write_text("x", encoding="utf-8")
    (tmp_path / "empty.csv").write_bytes(b"")
    for name, sentence in {
        "none.csv": "there is no file", "": "is a folder", "rows.txt": "ends in none of", "empty.csv": "is empty",
    }.items():  # fmt: skip
        with pytest.raises(InputInvalid, match=sentence):
            import_file(tmp_path / name, shop(), tmp_path / "home", 0)


def test_facts_wait_for_events(tmp_path: Path) -> None:
    """Facts dated by the earliest event need one; a constant that is no time is the mapping's fault."""
    text = "name: facts\nkind: facts\nuser: user\ntime: {at: WHEN, zone: UTC}\nfields: {drink: {column: item}}\n"
    path = write_rows(tmp_path / "rows.csv", rows({}))
    with pytest.raises(InputInvalid, match="import events first"):
        bring_in(path, tmp_path / "home", text.replace("WHEN", "earliest-event"))
    with pytest.raises(DefinitionInvalid, match=r"time.at"):
        bring_in(path, tmp_path / "home", text.replace("WHEN", "once"))
