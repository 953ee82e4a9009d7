"""Money as exact cents."""

from __future__ import annotations

import re
from typing import Any, Final

from strata.events import VALUE_SCALE
from strata.v1 import event_pb2 as pb
from streaming.service.currencies import CURRENCIES
from streaming.service.limits import MAX_AMOUNT, MAX_CENTS
from streaming.service.violations import Violation

NANOS: Final = 1_000_000_000
NANOS_PER_CENT: Final = NANOS // VALUE_SCALE
DECIMAL: Final = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]{1,18}))?")


def read_cents(money: Any, field: str, faults: list[Violation]) -> int:
    """Cents of a Money; notes a fault of what is no amount, too large or finer than cents. 0 where there is a fault."""
    if money.decimal:
        return _of_decimal(money, field, faults)
    units, nanos = money.units, money.nanos
    if not nanos:
        cents = units * VALUE_SCALE
    else:
        cents, rest = divmod(nanos, NANOS_PER_CENT)
        if rest:
            faults.append(_too_fine(f"{field}.nanos"))
            return 0
        cents += units * VALUE_SCALE
        if not -NANOS < nanos < NANOS or (units > 0 > nanos) or (units < 0 < nanos):
            faults.append(
                Violation(
                    f"{field}.nanos", pb.VIOLATION_REASON_OUT_OF_RANGE,
                    "must be within one unit of zero and of the same sign as units",
                )
            )  # fmt: skip
            return 0
    return _bounded(cents, field, faults)


def check_currency(code: str, field: str, house: str, faults: list[Violation]) -> None:
    """Note a fault of a code that is no currency, or not the platform's (`house`; "" where it was told none)."""
    if code not in CURRENCIES:
        faults.append(Violation(field, pb.VIOLATION_REASON_MALFORMED, "is no currency code of ISO 4217, such as USD"))
    elif house and code != house:
        faults.append(
            Violation(field, pb.VIOLATION_REASON_OTHER_CURRENCY, f"is {code}; this platform counts in {house}")
        )


def _of_decimal(money: Any, field: str, faults: list[Violation]) -> int:
    if money.units or money.nanos:
        faults.append(
            Violation(f"{field}.decimal", pb.VIOLATION_REASON_CONFLICT, "stands instead of units and nanos; set one")
        )
        return 0
    found = DECIMAL.fullmatch(money.decimal)
    if found is None:
        strange = money.decimal.strip().lower().lstrip("+-") in ("nan", "inf", "infinity")
        reason = pb.VIOLATION_REASON_NOT_FINITE if strange else pb.VIOLATION_REASON_MALFORMED
        faults.append(Violation(f"{field}.decimal", reason, 'is no decimal number such as "-12.5"'))
        return 0
    sign, whole, fraction = found[1], found[2], (found[3] or "").rstrip("0")
    if len(fraction) > 2:
        faults.append(_too_fine(f"{field}.decimal"))
        return 0
    cents = int(whole) * VALUE_SCALE + int(fraction.ljust(2, "0"))
    return _bounded(-cents if sign else cents, field, faults)


def _bounded(cents: int, field: str, faults: list[Violation]) -> int:
    if -MAX_CENTS <= cents <= MAX_CENTS:
        return cents
    faults.append(Violation(field, pb.VIOLATION_REASON_OUT_OF_RANGE, f"is past {MAX_AMOUNT} units"))
    return 0


def _too_fine(field: str) -> Violation:
    return Violation(field, pb.VIOLATION_REASON_TOO_FINE, "is finer than hundredths, and would have to be rounded")
