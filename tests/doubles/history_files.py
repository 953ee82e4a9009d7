"""Histories on disk for tests: contract 1's Parquet from plain events and facts."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from event_factories import HOP_S, NOON_US, make_event

from strata.events import alias_schema, event_schema
from strata.settings import Settings

FACT_FIELDS = ("age_band", "income_band", "household_size", "kids")


def write_events(home: Path, events: Iterable[Mapping[str, Any]], name: str = "a") -> None:
    """The events as one file of the history below `home`."""
    rows = [{**event, "event_time": event["event_time_us"], "recorded_at": event["recorded_us"]} for event in events]
    schema = event_schema()
    columns = [pa.array([row[field.name] for row in rows], field.type) for field in schema]
    folder = home / "history" / "events" / "month=2017-07"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns, schema=schema), folder / f"{name}.parquet")


def write_facts(home: Path, facts: Iterable[Mapping[str, Any]], fields: Sequence[str] = FACT_FIELDS) -> None:
    """Profile facts: `user_id`, `event_time_us`, `recorded_us` and string fields, absent ones null."""
    rows = list(facts)
    instant = pa.timestamp("us", tz="UTC")
    table = pa.table(
        {
            "user_id": pa.array([row["user_id"] for row in rows], pa.string()),
            "event_time": pa.array([row["event_time_us"] for row in rows], instant),
            "recorded_at": pa.array([row.get("recorded_us", row["event_time_us"]) for row in rows], instant),
            **{name: pa.array([row.get(name) for row in rows], pa.string()) for name in fields},
        }
    )
    folder = home / "history" / "profile"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "a.parquet")


def write_aliases(home: Path, aliases: Iterable[Any]) -> None:
    """Aliases: objects with `alias_id`, `user_id`, `recorded_us` and `event_id`."""
    rows = [
        {"alias_id": a.alias_id, "user_id": a.user_id, "recorded_at": a.recorded_us, "event_id": a.event_id}
        for a in aliases
    ]
    schema = alias_schema()
    columns = [pa.array([row[field.name] for row in rows], field.type) for field in schema]
    folder = home / "history" / "aliases"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns, schema=schema), folder / "a.parquet")


def random_events(seed: int, count: int, users: Sequence[str], *, late_share: float = 0.1) -> list[dict[str, Any]]:
    """Events of the 200 s before NOON_US, many on tile edges +-1 us; some recorded late, some beyond H."""
    chance = random.Random(seed)
    hop_us = HOP_S * 1_000_000
    events = []
    for _ in range(count):
        edge = chance.randrange(-20, 1) * hop_us + chance.choice((-1, 0, 1))
        at = NOON_US + (edge if chance.random() < 0.5 else chance.randrange(-20 * hop_us, 1))
        late_us = chance.choice((1, 3_000_000, 90_000_000, 8 * 86_400_000_000))
        wait = late_us if chance.random() < late_share else 0
        events.append(
            make_event(
                user_id=chance.choice(users),
                event_type=chance.choice(("purchase", "return", "view")),
                event_time_us=at,
                recorded_us=at + wait,
                utc_offset_s=chance.choice((0, -18_000, 34_200)),
                session_id=chance.choice((None, "s1", "s2", "s3")),
                item_id=chance.choice((None, *(f"i{n}" for n in range(8)))),
                category=chance.choice((None, "food", "ü", "it's")),
                value=chance.choice((None, chance.randrange(-300, 300), 2**45)),
                quantity=chance.choice((None, chance.randrange(-3, 9))),
                discount=chance.choice((None, chance.randrange(0, 99))),
            )
        )
    return events


YEAR_START_US = 1_483_228_800_000_000
"""2017-01-01 UTC."""
HOUR_US = 3_600_000_000


def shop_events(seed: int, users: Sequence[str], count: int, *, late_share: float = 0.05) -> list[dict[str, Any]]:
    """A year of purchases and coupon redemptions for the demonstration's views, many on hour edges +-1 us."""
    chance = random.Random(seed)
    events = []
    for number in range(count):
        hours = chance.randrange(0, 360 * 24)
        at = YEAR_START_US + hours * HOUR_US + chance.choice((-1, 0, 1, chance.randrange(HOUR_US)))
        wait = chance.choice((1, HOUR_US, 3 * 24 * HOUR_US, 9 * 24 * HOUR_US)) if chance.random() < late_share else 0
        bought = chance.random() < 0.9
        events.append(
            make_event(
                user_id=chance.choice(users),
                event_id=f"shop-{seed}-{number}",
                event_type="purchase" if bought else "coupon_redemption",
                event_time_us=at,
                recorded_us=at + wait,
                utc_offset_s=-18_000,
                session_id=f"basket-{hours}" if bought else None,
                item_id=f"item-{chance.randrange(40)}",
                category=chance.choice(("GROCERY", "DRUG GM", "PRODUCE", "MEAT", "DELI", "FUEL", None)),
                value=chance.randrange(1, 5_000) if bought else None,
                quantity=chance.randrange(0, 5) if bought else None,
                discount=chance.choice((0, 0, 50, None)) if bought else None,
            )
        )
    return events


def shipped_home(home: Path, events: list[dict[str, Any]], facts: list[dict[str, Any]]) -> Settings:
    """A home with this history and the shipped definitions applied."""
    from feature_repo.apply import apply_definitions

    made = Settings.model_validate({"home": home, "repo": Path(__file__).parents[2] / "feature_repo"})
    write_events(home, events)
    write_facts(home, facts)
    apply_definitions(made)
    return made
