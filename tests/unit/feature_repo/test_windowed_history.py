"""Windowed features from the history, against the plain-Python oracle."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import oracle
import pytest
from event_factories import HOP_S, NOON_US, every_function, make_event
from history_files import random_events, write_events

from feature_repo.offline import counted, windowed
from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource
from feature_repo.offline.windowed import windowed_at
from feature_repo.parity.oracle import UserOracle
from strata.features.builder import (
    count,
    days,
    distinct,
    event_type,
    fields,
    hours,
    recent_events,
    seconds,
    session_depth,
    session_duration,
    sessions,
    total,
)
from strata.features.definition import WindowDefinition, definition_of
from strata.features.matching import hash64

USERS = ("a", "b", "ü", "it's")
TAGS = [tags for _, _, tags in fields(every_function(), hop=seconds(HOP_S))]
DEFINITIONS = [definition_of(tags) for tags in TAGS]


def source_at(home: Path) -> ParquetSource:
    return ParquetSource("events", str(home / "history/events/*/*.parquet"), "event_time", "recorded_at")


def asked_of(pairs: list[tuple[str, int]]) -> Asked:
    users = np.array([user for user, _ in pairs], dtype=object)
    return Asked(users, np.array([t for _, t in pairs], dtype=np.int64))


def tricky_pairs(events: list[dict], seed: int, count: int) -> list[tuple[str, int]]:
    """Pairs at event times, recorded times, and window and tile edges of them, each +-1 us; an unknown user too."""
    chance = random.Random(seed)
    shifts = (0, 30_000_000, 100_000_000, HOP_S * 1_000_000)
    pairs = []
    for _ in range(count):
        event = chance.choice(events)
        base = chance.choice((event["event_time_us"], event["recorded_us"], NOON_US))
        pairs.append((chance.choice((*USERS, "nobody")), base + chance.choice(shifts) + chance.choice((-1, 0, 1))))
    return pairs


def expected(
    events: list[dict], pairs: list[tuple[str, int]], tags: list[dict], *, as_known: bool, quota: int = 10_000
) -> np.ndarray:
    events = sorted(events, key=lambda event: (event["recorded_us"], event["event_id"]))
    verdicts = oracle.judged(events, quota=quota)
    good = [event for event, verdict in zip(events, verdicts, strict=True) if verdict == "ACCEPTED"]
    rows = []
    for user, t in pairs:
        counted = [e for e in good if e["user_id"] == user and e["event_time_us"] <= t]
        counted = [e for e in counted if e["recorded_us"] <= t or not as_known]
        values = [oracle.feature(one, counted, t) for one in tags]
        rows.append([np.nan if value is None else value for value in values])
    return np.array(rows)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("as_known", [True, False])
def test_every_function_equals_the_oracle(tmp_path: Path, seed: int, as_known: bool) -> None:
    """Each function over each window equals the oracle bit for bit, late events and edges included."""
    events = random_events(seed, 400, USERS)
    write_events(tmp_path, events)
    pairs = tricky_pairs(events, seed, 150)
    found = windowed_at(source_at(tmp_path), DEFINITIONS, asked_of(pairs), as_known=as_known)
    np.testing.assert_array_equal(found.values, expected(events, pairs, TAGS, as_known=as_known))


def test_rows_keep_their_order_and_repeat(tmp_path: Path) -> None:
    """Asking twice for the same user and instant gives two equal rows, in the order asked."""
    write_events(tmp_path, random_events(1, 200, USERS))
    pairs = [("b", NOON_US), ("a", NOON_US), ("b", NOON_US), ("nobody", NOON_US), ("a", NOON_US - 50_000_000)]
    found = windowed_at(source_at(tmp_path), DEFINITIONS, asked_of(pairs), as_known=True).values
    np.testing.assert_array_equal(found[0], found[2])
    assert np.isnan(found[3]).all()
    assert not np.array_equal(found[0], found[1], equal_nan=True)


def test_views_with_other_hops_share_a_pass(tmp_path: Path) -> None:
    """Definitions of different hops, asked for together, each keep their own tile edges."""
    events = random_events(2, 300, USERS)
    write_events(tmp_path, events)
    hops = (seconds(10), seconds(100), hours(1))
    triples = [
        triple
        for hop in hops
        for triple in fields([count("n", window=hours(1)), total("v", of="value", window=hours(2))], hop=hop)
    ]
    tags = [tags for _, _, tags in triples]
    pairs = tricky_pairs(events, 2, 60)
    found = windowed_at(source_at(tmp_path), [definition_of(t) for t in tags], asked_of(pairs), as_known=True)
    np.testing.assert_array_equal(found.values, expected(events, pairs, tags, as_known=True))


def test_a_history_without_files_is_all_missing(tmp_path: Path) -> None:
    """Before the first import every value is missing, and nothing fails."""
    definition = WindowDefinition("count", "*", (), days(1), hours(1))
    found = windowed_at(source_at(tmp_path), [definition], asked_of([("a", NOON_US)]), as_known=True)
    assert np.isnan(found.values).all()
    assert not found.seen.any()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("as_known", [True, False])
def test_repeats_count_once_while_they_are_remembered(tmp_path: Path, seed: int, as_known: bool) -> None:
    """A repeat within H of the remembered event's time is dropped, a later one is a new event; so says the oracle."""
    events, chance = random_events(seed, 200, USERS), random.Random(seed)
    day_us = 86_400_000_000
    for event in chance.sample(events, 60):
        later = event["recorded_us"] + chance.choice((0, 1, 5_000_000, 7 * day_us - 1, 7 * day_us, 7 * day_us + 1))
        moved = event["event_time_us"] + chance.choice((0, 1_000_000, 7 * day_us))
        events.append({**event, "recorded_us": later, "event_time_us": min(moved, later), "value": 7})
    write_events(tmp_path, events)
    pairs = tricky_pairs(events, seed, 100)
    found = windowed_at(source_at(tmp_path), DEFINITIONS, asked_of(pairs), as_known=as_known)
    np.testing.assert_array_equal(found.values, expected(events, pairs, TAGS, as_known=as_known))


@pytest.mark.parametrize("seed", range(3))
def test_the_first_events_of_a_block_count(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the quota an event is refused, and its id is not remembered."""
    monkeypatch.setattr(counted, "QUOTA_EVENTS", 25)
    events, chance = random_events(seed, 200, USERS), random.Random(seed)
    events += [{**event, "recorded_us": event["recorded_us"] + 1} for event in chance.sample(events, 40)]
    write_events(tmp_path, events)
    pairs = tricky_pairs(events, seed, 100)
    found = windowed_at(source_at(tmp_path), DEFINITIONS, asked_of(pairs), as_known=True)
    np.testing.assert_array_equal(found.values, expected(events, pairs, TAGS, as_known=True, quota=25))


def test_small_chunks_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few events and questions are held at a time."""
    events = random_events(9, 300, USERS)
    write_events(tmp_path, events)
    asked = asked_of(tricky_pairs(events, 9, 100))
    whole = windowed_at(source_at(tmp_path), DEFINITIONS, asked, as_known=True)
    for limit in ("EVENTS_AT_A_TIME", "QUESTIONS_AT_A_TIME"):
        monkeypatch.setattr(windowed, limit, 10)
    parts = windowed_at(source_at(tmp_path), DEFINITIONS, asked, as_known=True)
    np.testing.assert_array_equal(whole.values, parts.values)
    np.testing.assert_array_equal(whole.seen, parts.seen)


def test_distinct_counts_fingerprints(tmp_path: Path) -> None:
    """Two items whose 32-bit fingerprints are one count once, as in the kernel."""
    low: dict[int, str] = {}
    name = next(
        (word, other)
        for number in itertools.count()
        if (other := low.setdefault(hash64(word := f"item-{number}") & 0xFFFFFFFF, word)) != word
    )
    events = [make_event(user_id="a", item_id=item, event_time_us=NOON_US - 1_000_000) for item in (*name, "third")]
    write_events(tmp_path, events)
    _, _, tags = fields([distinct("items", of="item_id", window=seconds(30))], hop=seconds(HOP_S))[0]
    found = windowed_at(source_at(tmp_path), [definition_of(tags)], asked_of([("a", NOON_US)]), as_known=True)
    assert found.values[0, 0] == 2


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("as_known", [True, False])
def test_sessions_and_recent_events_equal_the_oracle(tmp_path: Path, seed: int, as_known: bool) -> None:
    """By pause and by id, and every slot of the newest events, with events spread over days and known late."""
    chance, hour_us = random.Random(seed), 3_600_000_000
    events = []
    for event in random_events(seed, 150, USERS, late_share=0):
        at = NOON_US - chance.choice((0, 1, hour_us // 2, hour_us // 2 + 1, 24 * hour_us, 24 * hour_us + 1))
        at -= chance.randrange(0, 60) * hour_us
        wait = chance.choice((0, 0, 1, hour_us, 30 * hour_us))
        events.append({**event, "event_time_us": at, "recorded_us": at + wait})
    write_events(tmp_path, events)
    made = [
        *(fn(f"{fn.__name__}_{of[0]}", of=of, window=days(2), where=where)
          for fn in (sessions, session_duration, session_depth)
          for of, where in (("*", event_type.ne("view")), ("session_id", event_type.ne("return")))),
        *recent_events("lately", window=days(2), types=("view", "purchase"), keep=5),
    ]  # fmt: skip
    tags = [tags for _, _, tags in fields(made, hop=hours(1))]
    pairs = tricky_pairs(events, seed, 100)
    found = windowed_at(source_at(tmp_path), [definition_of(t) for t in tags], asked_of(pairs), as_known=as_known)
    wanted = expected(events, pairs, tags, as_known=as_known)
    np.testing.assert_array_equal(found.values, wanted)
    if as_known:
        for row, (user, t_us) in enumerate(pairs):
            own = [event for event in events if event["user_id"] == user]
            quick = UserOracle({name: [event[name] for event in own] for name in events[0]})
            np.testing.assert_array_equal(wanted[row], np.array(quick.values(tags, t_us), dtype=float))
