"""Enums, instants and spans of a message as Python has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any


def word_of(enum: Any, number: int) -> str:
    """`live` for ASSIGNMENT_SOURCE_LIVE, nothing for UNSPECIFIED; a number this client does not know, as it is."""
    if not number:
        return ""
    try:
        name: str = enum.Name(number)
    except ValueError:
        return str(number)
    return name.removeprefix(_prefix(enum)).lower()


def _prefix(enum: Any) -> str:
    zero: str = enum.Name(0)
    return zero.removesuffix("UNSPECIFIED")


def to_instant(message: Any) -> datetime:
    moment: datetime = message.ToDatetime(tzinfo=UTC)
    return moment


def to_span(message: Any) -> timedelta:
    span: timedelta = message.ToTimedelta()
    return span
