"""How a person writes windowed features: one call each, checked at once.

>>> purchase = event_type.eq("purchase")
>>> view = [count("frequency_30d", window=days(30), where=purchase),
...         total("monetary_30d", of="value", window=days(30), where=purchase)]
>>> [(name, dtype) for name, dtype, _ in fields(view, hop=hours(1))]
[('frequency_30d', 'int64'), ('monetary_30d', 'float64')]

`fields` returns (name, dtype, tags) triples: what `view_spec` takes, and what a Feast view's fields are made of.
Money columns (`value`, `discount`) come out in whole units (scale 100) unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from strata.errors import DefinitionInvalid
from strata.features.conditions import Condition, Conjunction, Scalar, conjunction
from strata.features.definition import EVENT, SECOND_US, WHOLE, WindowDefinition
from strata.features.spec import view_spec

FieldTriple = tuple[str, str, dict[str, str]]
MONEY_SCALE: Final = 100
"""Money columns are int64 cents (contract 1)."""
MONEY_COLUMNS: Final = frozenset({"value", "discount"})


def seconds(number: int) -> int:
    """A duration in microseconds."""
    return number * SECOND_US


def hours(number: int) -> int:
    """A duration in microseconds."""
    return seconds(number * 3_600)


def days(number: int) -> int:
    """A duration in microseconds; a day is 24 hours, not a calendar day."""
    return hours(number * 24)


@dataclass(frozen=True)
class Filter:
    """A conjunction of conditions; join two with `&`. `Filter()` is every event."""

    conditions: Conjunction = ()

    def __and__(self, other: Filter) -> Filter:
        return Filter(conjunction(self.conditions + other.conditions))


EVERY: Final = Filter()


@dataclass(frozen=True)
class Column:
    """An event column to filter on. A null never satisfies a condition."""

    name: str

    def eq(self, value: Scalar) -> Filter:
        return self._filter("eq", value)

    def ne(self, value: Scalar) -> Filter:
        return self._filter("ne", value)

    def isin(self, *values: Scalar) -> Filter:
        return self._filter("in", values)

    def gt(self, value: int) -> Filter:
        return self._filter("gt", value)

    def ge(self, value: int) -> Filter:
        return self._filter("ge", value)

    def lt(self, value: int) -> Filter:
        return self._filter("lt", value)

    def le(self, value: int) -> Filter:
        return self._filter("le", value)

    def _filter(self, op: str, value: Scalar | tuple[Scalar, ...]) -> Filter:
        return Filter((Condition(self.name, op, value),))


event_type = Column("event_type")
item_id = Column("item_id")
category = Column("category")
session_id = Column("session_id")
value = Column("value")
quantity = Column("quantity")
discount = Column("discount")
hour = Column("hour")
weekday = Column("weekday")
CLICK: Final = event_type.eq("click")
IMPRESSION: Final = event_type.eq("impression")


@dataclass(frozen=True)
class Feature:
    """A windowed feature before its view gives it a hop."""

    name: str
    fn: str
    of: str
    window_us: int
    where: Filter = EVERY
    base: Filter | None = None
    per: str | None = None
    scale: int | None = None
    keep: int | None = None
    slot: int | None = None
    types: tuple[str, ...] | None = None

    def triple(self, hop_us: int) -> FieldTriple:
        """(name, dtype, tags). Raises DefinitionInvalid, naming the feature."""
        try:
            tags = WindowDefinition(
                fn=self.fn,
                of=self.of,
                where=self.where.conditions,
                window_us=self.window_us,
                hop_us=hop_us,
                scale=self._scale(),
                base=None if self.base is None else self.base.conditions,
                per=self.per,
                keep=self.keep,
                slot=self.slot,
                types=self.types,
            ).tags()
        except DefinitionInvalid as error:
            raise DefinitionInvalid(f"feature {self.name}: {error}") from None
        return self.name, "int64" if self.fn in WHOLE else "float64", tags

    def _scale(self) -> int:
        if self.scale is not None:
            return self.scale
        quotient = self.fn in WHOLE or self.fn == "share"
        return MONEY_SCALE if self.of in MONEY_COLUMNS and not quotient else 1


def count(name: str, *, window: int, where: Filter = EVERY, of: str = EVENT) -> Feature:
    """How many events; of a column, how many where it is not null. 0 when there are none."""
    return Feature(name, "count", of, window, where)


def total(name: str, *, of: str, window: int, where: Filter = EVERY, scale: int | None = None) -> Feature:
    """The sum of a column. 0 when there are no events."""
    return Feature(name, "total", of, window, where, scale=scale)


def mean(
    name: str, *, of: str, window: int, where: Filter = EVERY, per: str | None = None, scale: int | None = None
) -> Feature:
    """The mean of a column over its events, or its total per distinct `per`. Missing when there are none."""
    return Feature(name, "mean", of, window, where, per=per, scale=scale)


def minimum(name: str, *, of: str, window: int, where: Filter = EVERY, scale: int | None = None) -> Feature:
    """The least value. Missing when there is none."""
    return Feature(name, "minimum", of, window, where, scale=scale)


def maximum(name: str, *, of: str, window: int, where: Filter = EVERY, scale: int | None = None) -> Feature:
    """The greatest value. Missing when there is none."""
    return Feature(name, "maximum", of, window, where, scale=scale)


def last(name: str, *, of: str, window: int, where: Filter = EVERY, scale: int | None = None) -> Feature:
    """The newest value; of several at one time, the greatest. Missing when there is none."""
    return Feature(name, "last", of, window, where, scale=scale)


def distinct(name: str, *, of: str, window: int, where: Filter = EVERY) -> Feature:
    """How many different values of an id column. 0 when there are none."""
    return Feature(name, "distinct", of, window, where)


def recency(name: str, *, window: int, where: Filter = EVERY) -> Feature:
    """Days since the newest event. Missing when the window holds none."""
    return Feature(name, "recency", EVENT, window, where)


def share(name: str, *, window: int, where: Filter, base: Filter = EVERY, of: str | None = None) -> Feature:
    """`of` (default: the number of events) where both `base` and `where` hold, over `of` where `base` holds.

    Missing when the denominator is 0.
    """
    return Feature(name, "share", of or EVENT, window, base & where, base=base)


def click_through(
    name: str,
    *,
    window: int,
    clicks: Filter = CLICK,
    impressions: Filter = IMPRESSION,
) -> Feature:
    """Clicks over impressions. Missing when nothing was shown."""
    return Feature(name, "share", EVENT, window, clicks, base=impressions)


def sessions(name: str, *, window: int, where: Filter = EVERY, of: str = EVENT) -> Feature:
    """How many sessions end in the window: events no more than 30 minutes apart, or `of="session_id"`."""
    return Feature(name, "sessions", of, window, where)


def session_duration(name: str, *, window: int, where: Filter = EVERY, of: str = EVENT) -> Feature:
    """Mean seconds from the first to the last event of a session. Missing when there is none."""
    return Feature(name, "session_duration", of, window, where)


def session_depth(name: str, *, window: int, where: Filter = EVERY, of: str = EVENT) -> Feature:
    """Mean events per session. Missing when there is none."""
    return Feature(name, "session_depth", of, window, where)


def recent_events(
    name: str, *, window: int, types: Sequence[str], keep: int = 64, where: Filter = EVERY
) -> list[Feature]:
    """The newest events, newest first: `<name>_type_00`, `_item_00`, `_category_00`, `_gap_00`, then `_01` and so on.

    A type is its place in `types`, items and categories are 32-bit fingerprints, a gap the seconds to the next newer
    event, to now for the newest. Missing past the user's events in the window, and for what is null or undeclared.
    """

    def feature(part: str, slot: int) -> Feature:
        listed = tuple(types) if part == "type" else None
        title, fn = f"{name}_{part}_{slot:02}", f"recent_{part}"
        return Feature(title, fn, EVENT, window, where, keep=keep, slot=slot, types=listed)

    return [feature(part, slot) for slot in range(keep) for part in ("type", "item", "category", "gap")]


def fields(features: Iterable[Feature], *, hop: int = hours(1)) -> list[FieldTriple]:
    """The features of one view, checked together, as (name, dtype, tags). Raises DefinitionInvalid."""
    triples: Sequence[FieldTriple] = [feature.triple(hop) for feature in features]
    view_spec("(unnamed)", "windowed", triples)
    return list(triples)
