"""Texts of an event: bounded in bytes, without control characters."""

from __future__ import annotations

import re
from typing import Final

from strata.v1 import event_pb2 as pb
from streaming.service.violations import Violation

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


def read_text(value: str, field: str, limit: int, faults: list[Violation]) -> str | None:
    """The text, or None for an empty one; notes a fault of one that is too long or holds a control character."""
    if not value:
        return None
    if len(value) > limit or not (value.isascii() and value.isprintable()):
        _look_closer(value, field, limit, faults)
    return value


def read_required(value: str, field: str, limit: int, faults: list[Violation]) -> str:
    """As `read_text`; an empty text is a fault too."""
    if not value:
        faults.append(Violation(field, pb.VIOLATION_REASON_REQUIRED, f"is required: 1 to {limit} bytes"))
    elif len(value) > limit or not (value.isascii() and value.isprintable()):
        _look_closer(value, field, limit, faults)
    return value


def check_name(value: str, field: str, faults: list[Violation]) -> None:
    """Note a fault of what is no name of a profile field or a custom type."""
    if not NAME.fullmatch(value):
        faults.append(
            Violation(
                field, pb.VIOLATION_REASON_MALFORMED,
                "is no name: a lower-case letter, then up to 63 lower-case letters, digits or underscores",
            )
        )  # fmt: skip


def _look_closer(value: str, field: str, limit: int, faults: list[Violation]) -> None:
    size = len(value) if value.isascii() else len(value.encode())
    if size > limit:
        faults.append(Violation(field, pb.VIOLATION_REASON_TOO_LONG, f"has {size} bytes; at most {limit}"))
    if CONTROL.search(value):
        faults.append(Violation(field, pb.VIOLATION_REASON_CONTROL_CHARACTER, "holds a control character"))
