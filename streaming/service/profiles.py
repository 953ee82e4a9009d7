"""A profile update as the tail of a PROFILE record: a JSON object, profile field to value."""

from __future__ import annotations

import json
from typing import Any, Final

from strata.v1 import event_pb2 as pb
from streaming.service.limits import MAX_FACT, MAX_FACTS
from streaming.service.texts import check_name, read_text
from streaming.service.violations import Violation

CONSENT: Final = "consent_"
MAX_PURPOSE: Final = 64 - len(CONSENT)
TAKEN: Final = frozenset({"user_id", "event_time", "recorded_at"})
"""Columns of every fact of the history."""


def read_profile(update: Any, faults: list[Violation]) -> bytes:
    """The tail; notes a fault of an empty or too large update, and of each name or value that cannot be used."""
    facts, consents = update.facts, update.consents
    count = len(facts) + len(consents)
    if not count:
        faults.append(
            Violation("profile_update", pb.VIOLATION_REASON_REQUIRED, "names no fact and no consent; at least one")
        )
    if count > MAX_FACTS:
        faults.append(
            Violation("profile_update", pb.VIOLATION_REASON_TOO_LARGE, f"has {count} fields; at most {MAX_FACTS}")
        )
        return b""
    found: dict[str, str | bool] = {}
    for name, value in sorted(facts.items()):
        field = f"profile_update.facts.{name[:64]}"
        check_name(name, field, faults)
        if name in TAKEN or name.startswith(CONSENT):
            faults.append(Violation(field, pb.VIOLATION_REASON_CONFLICT, "is a name with another meaning"))
        if read_text(value, field, MAX_FACT, faults):
            found[name] = value
    for purpose, agreed in sorted(consents.items()):
        field = f"profile_update.consents.{purpose[:64]}"
        check_name(purpose, field, faults)
        read_text(purpose, field, MAX_PURPOSE, faults)
        found[CONSENT + purpose] = agreed
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
