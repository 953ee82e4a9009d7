"""Mapping files."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_imports import SHOP

from strata.errors import DefinitionInvalid
from streaming.mapping.load import LoadedMapping, load_mapping, parse_mapping, shipped_mappings
from streaming.mapping.needed import needed_columns


def test_shipped_mappings_are_valid() -> None:
    """Every mapping that is shipped loads by its name, and is called what its file is."""
    assert set(shipped_mappings()) == {
        "complete_journey_demographics", "complete_journey_purchases", "complete_journey_redemptions", "online_retail",
    }  # fmt: skip
    for name in shipped_mappings():
        assert load_mapping(name).mapping.name == name


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("valeu: {column: price}", "valeu is not a key of a mapping"),
        ("value: {column: price, allowed: any}", "value.allowed is not a key of a mapping"),
        ("event_type: purchased", "purchased is no event type"),
        ("value: {column: price, allow: {buy: any}}", "buy is no event type"),
        ("time: {column: at, zone: Mars/Olympus}", "'Mars/Olympus' is no time zone"),
        ("time: {column: at, zone: ../../etc/passwd}", "is no time zone"),
        ("time: {column: at, zone: UTC, format: '%Q'}", "a time format is made of"),
        ("time: {column: at, zone: UTC, format: '%H:%M'}", "names year, month and day"),
        ("keep: [{column: a, equals: b, less_than: 3}]", "compares in exactly one way"),
        ("keep: [{column: a}]", "compares in exactly one way"),
        ("delimiter: '\"'", "a delimiter is one ascii character"),
        ("value: {column: price, scale: .inf}", "value.scale is wrong"),
        ("kind: stories", "kind"),
    ],
)
def test_a_wrong_mapping_is_explained(change: str, sentence: str) -> None:
    """A fault is named by its key, in a sentence that starts with the mapping's name."""
    key = change.split(":", maxsplit=1)[0]
    kept = [line for line in SHOP.strip().splitlines() if not line.startswith(f"{key}:")]
    with pytest.raises(DefinitionInvalid) as caught:
        parse_mapping("\n".join([*kept, change]), "mine.yaml")
    assert sentence in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a\n", "a: [", "{" * 2000, "\x00", "a: !!python/object:os.system {}"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    """Any text that is not a mapping gets a sentence."""
    with pytest.raises(DefinitionInvalid, match=r"mapping mine.yaml"):
        parse_mapping(text, "mine.yaml")


def test_a_mapping_that_is_not_there(tmp_path: Path) -> None:
    """A wrong name is answered with the names there are."""
    with pytest.raises(DefinitionInvalid, match="shipped are complete_journey_demographics"):
        load_mapping(str(tmp_path / "none.yaml"))


def test_needed_columns() -> None:
    """A mapping asks for the columns it reads, each once."""
    retail = load_mapping("online_retail").mapping
    assert set(needed_columns(retail)) == {
        "CustomerID", "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "Country",
    }  # fmt: skip


def test_digest_follows_the_meaning() -> None:
    """Comments and order of keys do not change a mapping's digest; what it says does."""
    here = Path("shop.yaml")
    plain = LoadedMapping(parse_mapping(SHOP, "a"), here).digest()
    turned = "\n".join(reversed(SHOP.strip().splitlines()))
    assert LoadedMapping(parse_mapping("# note\n" + turned, "b"), here).digest() == plain
    assert LoadedMapping(parse_mapping(SHOP.replace("Europe/London", "UTC"), "c"), here).digest() != plain
