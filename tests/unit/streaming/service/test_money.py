"""Amounts as exact cents."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.v1 import event_pb2 as pb
from streaming.service.money import read_cents
from streaming.service.violations import Violation

MAX = 10**12


def read(money: pb.Money) -> int | str:
    """Cents, or the reason."""
    faults: list[Violation] = []
    cents = read_cents(money, "value", faults)
    if not faults:
        return cents
    assert cents == 0
    return pb.ViolationReason.Name(faults[0].reason).removeprefix("VIOLATION_REASON_")


@pytest.mark.parametrize(
    ("units", "nanos", "found"),
    [
        (0, 0, 0), (1, 0, 100), (-1, -500_000_000, -150), (0, -10_000_000, -1), (0, 990_000_000, 99),
        (1, 1, "TOO_FINE"), (1, 5_000_000, "TOO_FINE"), (1, -10_000_000, "OUT_OF_RANGE"),
        (-1, 10_000_000, "OUT_OF_RANGE"),
        (0, 1_000_000_000, "OUT_OF_RANGE"), (MAX, 0, MAX * 100), (MAX, 10_000_000, "OUT_OF_RANGE"),
        ((1 << 63) - 1, 0, "OUT_OF_RANGE"), (-(1 << 63), 0, "OUT_OF_RANGE"),
    ],
)  # fmt: skip
def test_units_and_nanos(units: int, nanos: int, found: int | str) -> None:
    """As google.type.Money has them: of one sign, nanos within a unit."""
    assert read(pb.Money(units=units, nanos=nanos)) == found


@pytest.mark.parametrize(
    ("decimal", "found"),
    [
        ("12.34", 1_234), ("-0.5", -50), ("7", 700), ("1.500", 150), ("0", 0), ("-0", 0), ("00012", 1_200),
        ("1000000000000", MAX * 100), ("1000000000000.01", "OUT_OF_RANGE"), ("8.575", "TOO_FINE"),
        ("NaN", "NOT_FINITE"), ("-inf", "NOT_FINITE"), ("Infinity", "NOT_FINITE"),
        ("1e5", "MALFORMED"), ("+1", "MALFORMED"), (" 1", "MALFORMED"), ("1,5", "MALFORMED"), ("1.", "MALFORMED"),
        (".5", "MALFORMED"), ("\u0661", "MALFORMED"), ("9" * 1_000, "MALFORMED"), ("1\n", "MALFORMED"),
        ("0x1", "MALFORMED"),
    ],
)  # fmt: skip
def test_decimals(decimal: str, found: int | str) -> None:
    """Plain decimal numbers, as far as they are whole cents."""
    assert read(pb.Money(decimal=decimal)) == found


def test_one_way_at_a_time() -> None:
    """An amount said twice is no amount."""
    assert read(pb.Money(decimal="1", units=1)) == "CONFLICT"
    assert read(pb.Money(decimal="1", nanos=10_000_000)) == "CONFLICT"


@given(st.integers(-MAX * 100, MAX * 100))
def test_both_ways_say_the_same(cents: int) -> None:
    """Every amount of whole cents, written either way, is exactly that."""
    sign, (units, rest) = (-1 if cents < 0 else 1), divmod(abs(cents), 100)
    assert read(pb.Money(units=sign * units, nanos=sign * rest * 10_000_000)) == cents
    assert read(pb.Money(decimal=f"{Decimal(cents).scaleb(-2):f}")) == cents
