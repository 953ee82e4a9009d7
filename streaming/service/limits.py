"""What the door lets pass. `protos/strata/v1/event.proto` tells callers the same; docs/events.md says why."""

from __future__ import annotations

from typing import Final

from strata.events import VALUE_SCALE

MAX_EVENTS: Final = 1_000
MAX_REQUEST_BYTES: Final = 4 << 20
"""gRPC's own default. A thousand plain events are 0.2 MB."""
MAX_EVENT_ID: Final = 512
"""As for imports (`streaming.door.event_ids`)."""
MAX_LABEL: Final = 256
"""Session, item, category, decision: the bytes of a user id."""
MAX_ATTRIBUTES: Final = 16 << 10
MAX_FACTS: Final = 64
MAX_FACT: Final = 1_024
MAX_VIOLATIONS: Final = 8
"""Told of one event: with all of a batch refused, a reply of 1 MB, where gRPC's clients take 4."""

SKEW_US: Final = 2_000_000
"""A sender's clock may be ahead by this; kept clocks (NTP) are within milliseconds."""
MAX_AMOUNT: Final = 10**12
"""As for imports (`streaming.columns.numbers.ABSURD`): past this a value or quantity is a fault."""
MAX_CENTS: Final = MAX_AMOUNT * VALUE_SCALE
MAX_OFFSET_S: Final = 64_800
"""18 hours, what java.time allows; places on Earth are within 14."""
EARLIEST_US: Final = -2_208_988_800_000_000
"""1900, and below 2200, as for imports."""
LATEST_US: Final = 7_258_118_400_000_000
