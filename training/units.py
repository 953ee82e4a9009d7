"""A quantity with its declared unit, in words that are right for one of it as well.

A file declares a unit in the plural, in any language, and no rule makes one of many of every word (`series`, `net
sales`, `Tage`). So one is said by a closed list of regular English words, and by what the file itself declares for one;
whatever else there is (`USD`, `%`, `per basket`) is said as it was declared.
"""

from __future__ import annotations

import re
from typing import Final

from training.sections import UnitForms

# What shops count, users among it. Not `times` in front of `as` and `the`, where it multiplies: 1 times the average.
_COUNTED: Final = re.compile(
    r"(second|minute|hour|day|week|month|quarter|year|basket|cart|order|purchase|return|invoice|receipt|item|product"
    r"|brand|coupon|voucher|visit|trip|session|view|click|event|point|euro|dollar|pound|cent|store|shop|user|household|customer"
    r"|time(?!s (?:as|the)\b))s(?![\w-])"
)


def with_unit(shown: str, unit: str | UnitForms) -> str:
    """The number as it is printed, and its unit; the unit follows what a reader sees, which may be rounded.

    >>> with_unit("1", "days since the last purchase"), with_unit("2", "days"), with_unit("1.5", "days")
    ('1 day since the last purchase', '2 days', '1.5 days')
    >>> with_unit("1", "USD"), with_unit("1", "items per basket"), with_unit("1", "times"), with_unit("3", "")
    ('1 USD', '1 item per basket', '1 time', '3')
    >>> with_unit("1", UnitForms(one="Tag", other="Tage")), with_unit("0", UnitForms(one="Tag", other="Tage"))
    ('1 Tag', '0 Tage')
    """
    if isinstance(unit, UnitForms):
        return f"{shown} {unit.one if shown == '1' else unit.other}"
    return f"{shown} {_of_one(unit) if shown == '1' else unit}".strip()


def _of_one(unit: str) -> str:
    """`days since the last purchase` -> `day since the last purchase`; as declared where the word is not known."""
    known = _COUNTED.match(unit)
    return unit if known is None else known[1] + unit[known.end() :]
