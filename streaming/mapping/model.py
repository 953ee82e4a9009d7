"""The mapping file as typed, frozen objects. docs/events.md explains every key to a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Union

from pydantic import Field, field_validator, model_validator

from strata.events import EVENT_TYPES
from streaming.mapping.conditions import Condition, Part, Rule

Allowed = Literal["positive", "negative", "nonzero", "any"]
FORMAT_DIRECTIVES = "YmdHMSfzy"


class TimeColumn(Part):
    """When a row happened.

    A stamp with its own offset is an instant. One without is wall time in `written_in`, which defaults to `zone`.
    `zone` is where it happened: the event's local hour and weekday come from it.
    """

    column: str
    zone: str
    written_in: str | None = None
    format: str | None = None
    """strptime directives out of %Y %y %m %d %H %M %S %f %z; ISO 8601 when left out."""
    unit: Literal["s", "ms", "us", "ns"] | None = None
    """For numbers since 1970-01-01 UTC."""
    precision: Literal["instant", "day"] = "instant"
    """`day`: only the local date is known, and the row counts from the last microsecond of that day."""

    @field_validator("format")
    @classmethod
    def _directives(cls, value: str | None) -> str | None:
        if value is None:
            return value
        letters = [value[at + 1 : at + 2] for at, char in enumerate(value) if char == "%"]
        if any(letter not in FORMAT_DIRECTIVES or not letter for letter in letters):
            raise ValueError("a time format is made of %Y %y %m %d %H %M %S %f %z and plain characters")
        if len(set(letters)) != len(letters) or not {"m", "d"} <= set(letters) or not {"Y", "y"} & set(letters):
            raise ValueError("a time format names year, month and day, and nothing twice")
        return value


class TimeConstant(Part):
    """One instant for every row: local ISO time in `zone` (a date is its start), or the history's earliest event."""

    at: str
    zone: str

    @property
    def earliest(self) -> bool:
        return self.at == "earliest-event"


class TypeColumn(Part):
    """The event type from a column; `values` renames, and a value that is in neither is rejected."""

    column: str
    values: dict[str, str] = Field(default_factory=dict)


class TypeRules(Part):
    """The first rule that holds decides, else `otherwise`."""

    rules: tuple[Rule, ...]
    otherwise: str


class IdColumns(Part):
    """The id is `prefix|value|value...` of columns that identify a row."""

    columns: tuple[str, ...] = Field(min_length=1)
    prefix: str | None = None
    """Defaults to the mapping's name, so that two sources cannot collide; empty for ids that are unique as they are."""


class IdHash(Part):
    """The id is a hash of these columns and, for rows alike, of their occurrence number within the file.

    The second of two identical lines of one file is another event; the same line in another file is the same event.
    """

    hash: tuple[str, ...] = Field(min_length=1)
    occurrence: bool = True
    prefix: str | None = None


class Lookup(Part):
    """A small table that gives each key a value: CSV or Parquet, beside the source file or beside the mapping."""

    file: str
    key: str
    value: str


class CategoryColumn(Part):
    """The category from a column, or from a lookup by that column."""

    column: str
    lookup: Lookup | None = None


class Value(Part):
    """Money: `column` (times `times`) in units of `scale` of the currency, kept in cents."""

    column: str
    scale: float = Field(default=1.0, gt=0, le=1e6, allow_inf_nan=False)
    times: str | None = None
    allow: Allowed | dict[str, Allowed] = "any"
    """Which signs pass, for all rows or by event type (types that are not named: any)."""


class Quantity(Part):
    """Units, whole."""

    column: str
    allow: Allowed = "any"


class Discount(Part):
    """The sum of columns, in units of `scale` of the currency; never negative. A missing part counts as none."""

    columns: tuple[str, ...] = Field(min_length=1)
    scale: float = Field(default=1.0, gt=0, le=1e6, allow_inf_nan=False)


class FactField(Part):
    """A profile field; with `categories`, any other value is rejected."""

    column: str
    categories: tuple[str, ...] | None = None


class Base(Part):
    """What every mapping has."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    description: str = ""
    format: Literal["csv", "parquet", "jsonl"] | None = None
    """Read from the file's name when left out."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    user: str
    keep: tuple[Condition, ...] = ()
    """Rows that fail one of these are quarantined as `filtered`."""

    @field_validator("delimiter")
    @classmethod
    def _plain_delimiter(cls, value: str) -> str:
        if not value.isascii() or value in '"\r\n\0':
            raise ValueError("a delimiter is one ASCII character and no quote or line end")
        return value


class EventMapping(Base):
    """Rows that are events."""

    kind: Literal["events"] = "events"
    event_id: IdColumns | IdHash
    event_type: str | TypeColumn | TypeRules
    time: TimeColumn
    value: Value | None = None
    discount: Discount | None = None
    quantity: Quantity | None = None
    session: str | None = None
    item: str | None = None
    category: str | CategoryColumn | None = None

    @model_validator(mode="after")
    def _known_types(self) -> EventMapping:
        allow = self.value.allow if self.value else "any"
        named = [*_types_of(self.event_type), *(allow if isinstance(allow, dict) else ())]
        strange = sorted({name for name in named if name not in EVENT_TYPES})
        if strange:
            raise ValueError(f"{', '.join(strange)} is no event type; there are {', '.join(EVENT_TYPES)}")
        return self


class FactMapping(Base):
    """Rows that are facts about users."""

    kind: Literal["facts"]
    time: TimeConstant | TimeColumn
    fields: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")], FactField] = Field(min_length=1)

    @field_validator("fields")
    @classmethod
    def _own_names(cls, value: dict[str, FactField]) -> dict[str, FactField]:
        taken = {"user_id", "event_time", "recorded_at"} & set(value)
        if taken:
            raise ValueError(f"{', '.join(sorted(taken))} is a column of every fact; name the field otherwise")
        return value


Mapping = Annotated[Union[EventMapping, FactMapping], Field(discriminator="kind")]  # noqa: UP007 - pydantic reads it


def _types_of(rule: str | TypeColumn | TypeRules) -> Iterator[str]:
    if isinstance(rule, str):
        yield rule
    elif isinstance(rule, TypeColumn):
        yield from rule.values.values()
    else:
        yield from (entry.type for entry in rule.rules)
        yield rule.otherwise
