"""SQL for what a partial counts, over the columns of the table of events."""

from __future__ import annotations

from feature_repo.offline.conditions_sql import where_sql
from strata.features.conditions import TEXT_COLUMNS
from strata.features.definition import EVENT
from strata.features.functions.partials import Partial, PartialKind


def from_start(fold: str, start: str, only: str = "true") -> str:
    """An aggregate of the events from the start of a window on."""
    return f"{fold} FILTER (WHERE e.ts >= l.{start} AND {only})"


def kept(partial: Partial) -> str:
    """What of a column is compared: of an id the 32-bit fingerprint the kernel keeps (`matching.id_of`)."""
    if partial.kind is not PartialKind.IDS:
        return partial.of
    number = f"md5_number_lower({partial.of})" if partial.of in TEXT_COLUMNS else f"CAST({partial.of} AS BIGINT)"
    return f"CAST({number} & {0xFFFFFFFF} AS UINTEGER)"


def counted(partial: Partial) -> str:
    """Which events a partial is about."""
    where = where_sql(partial.where)
    return where if partial.of == EVENT else f"{partial.of} IS NOT NULL AND {where}"


def sum_of(partial: Partial, inside: str = "true") -> str:
    """How many, or how much."""
    fold = "count(*)" if partial.kind is PartialKind.COUNT else f"sum({partial.of})"
    return f"CAST({fold} FILTER (WHERE {counted(partial)} AND {inside}) AS BIGINT)"


def time_of(partial: Partial) -> str:
    """When the newest was."""
    return f"max(ts) FILTER (WHERE {counted(partial)})"


def value_of(partial: Partial) -> str:
    """What of an event is compared: its value, or its time."""
    return "ts" if partial.kind is PartialKind.MOMENT else partial.of


def greatest_of(partial: Partial) -> str:
    """Of the events of one instant, the greatest value."""
    return f"max({value_of(partial)}) FILTER (WHERE {counted(partial)})"


def at_newest(partial: Partial) -> str:
    """Of events of several instants, the greatest value of the newest."""
    value = value_of(partial)
    return f"arg_max({value}, (ts, {value})) FILTER (WHERE {counted(partial)})"
