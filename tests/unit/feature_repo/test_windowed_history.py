"""Windowed features from the history, against the plain-Python oracle."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import oracle
import pytest
from event_factories import HOP_S, NOON_US, every_function
from history_files import random_events, write_events

from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource
from feature_repo.offline.windowed import windowed_at
from strata.features.builder import count, days, fields, hours, seconds, total
from strata.features.definition import WindowDefinition, definition_of

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


def expected(events: list[dict], pairs: list[tuple[str, int]], tags: list[dict], *, as_known: bool) -> np.ndarray:
    rows = []
    for user, t in pairs:
        counted = oracle.accepted([e for e in events if e["user_id"] == user and e["event_time_us"] <= t])
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
