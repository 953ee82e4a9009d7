"""The history's schema: what one event is, wherever it is kept. See docs/architecture.md, contract 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow

VALUE_SCALE: Final = 100
"""Money is int64 cents."""

MAX_USER_BYTES: Final = 256

EVENT_TYPES: Final = (
    "view", "search", "cart", "purchase", "return", "impression", "click", "coupon_redemption", "custom",
)  # fmt: skip

DAY_US: Final = 86_400_000_000


def event_schema() -> pyarrow.Schema:
    """The Arrow schema of `history/events`."""
    import pyarrow as pa

    instant = pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            pa.field("event_id", pa.string(), nullable=False),
            pa.field("user_id", pa.string(), nullable=False),
            pa.field("event_type", pa.string(), nullable=False),
            pa.field("event_time", instant, nullable=False),
            pa.field("recorded_at", instant, nullable=False),
            pa.field("utc_offset_s", pa.int32(), nullable=False),
            pa.field("session_id", pa.string()),
            pa.field("item_id", pa.string()),
            pa.field("category", pa.string()),
            pa.field("value", pa.int64()),
            pa.field("quantity", pa.int64()),
            pa.field("discount", pa.int64()),
        ]
    )


def alias_schema() -> pyarrow.Schema:
    """The Arrow schema of `history/aliases`: from `recorded_at` on, `alias_id` is `user_id`."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("alias_id", pa.string(), nullable=False),
            pa.field("user_id", pa.string(), nullable=False),
            pa.field("recorded_at", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("event_id", pa.string(), nullable=False),
        ]
    )
