"""Events and views for tests: plain events, a batch of them, and Hypothesis strategies for both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from strata.features.builder import (
    Feature,
    category,
    count,
    discount,
    distinct,
    event_type,
    fields,
    hour,
    last,
    maximum,
    mean,
    minimum,
    quantity,
    recency,
    seconds,
    share,
    total,
    value,
    weekday,
)
from strata.features.events import EventBatch
from strata.features.plan import Plan, compile_view
from strata.features.spec import view_spec

NOON_US = 1_500_000_000_000_000
"""2017-07-14 02:40 UTC, on a 10-second edge."""
HOP_S = 10
NAMES = (
    "user_id", "event_id", "event_type", "event_time_us", "recorded_us", "utc_offset_s", "session_id", "item_id",
    "category", "value", "quantity", "discount",
)  # fmt: skip
_numbering = iter(range(10**12))


def make_event(**columns: Any) -> dict[str, Any]:
    """A purchase of 1.00 at NOON_US by `u`, with any column replaced; its id is new."""
    at = columns.get("event_time_us", NOON_US)
    return {
        "user_id": "u", "event_id": f"e{next(_numbering)}", "event_type": "purchase", "event_time_us": at,
        "recorded_us": at, "utc_offset_s": 0, "session_id": "s1", "item_id": "i1", "category": "food", "value": 100,
        "quantity": 1, "discount": None, **columns,
    }  # fmt: skip


def batch_of(events: Iterable[Mapping[str, Any]]) -> EventBatch:
    """The events in columns."""
    events = list(events)
    return EventBatch.from_columns({name: [event[name] for event in events] for name in NAMES})


def plan_of(*features: Feature, hop_s: int = HOP_S, name: str = "view") -> Plan:
    """A compiled windowed view."""
    return compile_view(view_spec(name, "windowed", fields(features, hop=seconds(hop_s))))


def every_function() -> tuple[Feature, ...]:
    """Each function, over two windows, with filters of every kind."""
    bought, back = event_type.eq("purchase"), event_type.isin("return", "view")
    features: list[Feature] = []
    for window_s in (30, 100):
        at = {"window": seconds(window_s)}
        tag = f"{window_s}s"
        features += [
            count(f"count_{tag}", **at),
            count(f"bought_{tag}", where=bought, **at),
            count(f"in_session_{tag}", of="session_id", where=event_type.ne("view"), **at),
            total(f"spent_{tag}", of="value", where=bought, **at),
            total(f"units_{tag}", of="quantity", where=value.gt(0) & quantity.le(3), **at),
            mean(f"price_{tag}", of="value", where=bought, **at),
            mean(f"basket_{tag}", of="value", per="session_id", where=bought, **at),
            minimum(f"least_{tag}", of="value", where=back, **at),
            maximum(f"most_{tag}", of="value", **at),
            maximum(f"latest_hour_{tag}", of="hour", where=discount.lt(50), **at),
            last(f"last_{tag}", of="value", where=bought, **at),
            last(f"last_discount_{tag}", of="discount", **at),
            distinct(f"sessions_{tag}", of="session_id", **at),
            distinct(f"items_{tag}", of="item_id", where=bought, **at),
            distinct(f"days_{tag}", of="day", **at),
            recency(f"recency_{tag}", where=back, **at),
            share(f"food_{tag}", where=category.eq("food"), base=bought, **at),
            share(f"food_value_{tag}", of="value", where=category.isin("food", "ü"), **at),
            share(f"morning_{tag}", where=hour.lt(3) & weekday.eq(4), **at),
        ]
    return tuple(features)


def _near_edges() -> st.SearchStrategy[int]:
    """Microseconds from NOON_US: anywhere, or within 1 us of a tile edge."""
    hop = HOP_S * 1_000_000
    anywhere = st.integers(-20 * hop, 0)
    edges = st.builds(lambda tile, off: tile * hop + off, st.integers(-20, 0), st.integers(-1, 1))
    return anywhere | edges


def event_strategy(
    *, users: tuple[str, ...] = ("u",), delays_us: tuple[int, ...] = ()
) -> st.SearchStrategy[dict[str, Any]]:
    """Events of the last 200 s before NOON_US, with nulls, ties, negatives and odd text.

    Recorded within 5 s, or after one of `delays_us`.
    """
    delay = st.integers(0, 5_000_000)
    if delays_us:
        delay = delay | st.sampled_from(delays_us)

    def event(at: int, wait: int, **columns: Any) -> dict[str, Any]:
        return make_event(event_time_us=NOON_US + at, recorded_us=NOON_US + at + wait, **columns)

    numbers = st.none() | st.integers(-300, 300) | st.sampled_from([-(2**40), 2**31, 2**40, 2**40 + 1])
    return st.builds(
        event,
        at=_near_edges(),
        wait=delay,
        user_id=st.sampled_from(users),
        event_type=st.sampled_from(["purchase", "return", "view"]),
        utc_offset_s=st.sampled_from([0, -18_000, 34_200]),
        session_id=st.none() | st.sampled_from(["s1", "s2", "s3", "日本"]),
        item_id=st.none() | st.sampled_from([f"i{n}" for n in range(8)]),
        category=st.none() | st.sampled_from(["food", "ü", ""]),
        value=numbers,
        quantity=st.none() | st.integers(-3, 9),
        discount=st.none() | st.integers(0, 99),
    )
