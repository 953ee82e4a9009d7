"""Texts of an event: bounded in bytes, without control characters."""

from __future__ import annotations

import re
from typing import Any, Final

from strata.events import MAX_USER_BYTES
from strata.v1 import event_pb2 as pb
from streaming.service.limits import MAX_EVENT_ID, MAX_LABEL
from streaming.service.violations import Violation

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


def read_texts(event: Any, faults: list[Violation]) -> tuple[str, str, str, str, str, str]:
    """User, event id, session, item, category and decision of an event; notes the faults of each.

    Looked at as one text first: nearly always that is short and plain, and then so is every part.
    """
    user, identity, session = event.user_id, event.event_id, event.session_id
    item, category, decision = event.item_id, event.category, event.decision_id
    whole = f"{user}{identity}{session}{item}{category}{decision}"
    if not (user and identity and len(whole) <= MAX_LABEL and whole.isascii() and whole.isprintable()):
        read_required(user, "user_id", MAX_USER_BYTES, faults)
        read_required(identity, "event_id", MAX_EVENT_ID, faults)
        read_text(session, "session_id", MAX_LABEL, faults)
        read_text(item, "item_id", MAX_LABEL, faults)
        read_text(category, "category", MAX_LABEL, faults)
        read_text(decision, "decision_id", MAX_LABEL, faults)
    return user, identity, session, item, category, decision


def read_required(value: str, field: str, limit: int, faults: list[Violation]) -> str:
    """As `read_text`; an empty text is a fault too."""
    if not value:
        faults.append(Violation(field, pb.VIOLATION_REASON_REQUIRED, f"is required: 1 to {limit} bytes"))
    return read_text(value, field, limit, faults)


def read_text(value: str, field: str, limit: int, faults: list[Violation]) -> str:
    """The text; notes a fault of one that is too long or holds a control character."""
    if value and (len(value) > limit or not (value.isascii() and value.isprintable())):
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
