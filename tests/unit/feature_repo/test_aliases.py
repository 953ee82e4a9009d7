"""Aliases in the history: who is whom at an instant, and what that makes of features and facts."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import oracle
import pytest
from event_factories import HOP_S, NOON_US, every_function
from history_files import random_events, write_aliases, write_events, write_facts

from feature_repo.offline.aliases import Alias, book_of
from feature_repo.offline.facts import facts_at
from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource
from feature_repo.offline.windowed import windowed_at
from strata.features.builder import fields, seconds
from strata.features.definition import definition_of

USERS = ("a", "b", "c", "d", "ü")
TAGS = [tags for _, _, tags in fields(every_function(), hop=seconds(HOP_S))]


def source_at(home: Path, kind: str = "events/*") -> ParquetSource:
    root = home / "history"
    return ParquetSource("s", str(root / kind / "*.parquet"), "event_time", "recorded_at", str(root))


def asked_of(pairs: list[tuple[str, int]]) -> Asked:
    return Asked(np.array([u for u, _ in pairs], dtype=object), np.array([t for _, t in pairs], dtype=np.int64))


def who_is(user: str, aliases: list[Alias], t_us: int) -> str:
    """By the rule: one alias after the other, each id once, to whom the target is by then, never to itself."""
    now: dict[str, str] = {}
    for alias in sorted(aliases):
        if alias.recorded_us > t_us:
            break
        target = now.get(alias.user_id, alias.user_id)
        if alias.alias_id not in now and target != alias.alias_id:
            now = {who: target if whom == alias.alias_id else whom for who, whom in now.items()}
            now[alias.alias_id] = target
    return now.get(user, user)


@pytest.mark.parametrize("seed", range(8))
def test_from_an_alias_on_both_ids_are_one_user(tmp_path: Path, seed: int) -> None:
    """Every function equals the oracle over the events of all who are the same user at t; chains and rings included."""
    chance = random.Random(seed)
    events = random_events(seed, 300, USERS)
    aliases = [
        Alias(
            NOON_US - chance.randrange(0, 200_000_000), f"x{n}", chance.choice((*USERS, "ghost")), chance.choice(USERS)
        )
        for n in range(5)
    ]
    write_events(tmp_path, events)
    write_aliases(tmp_path, aliases)
    ordered = sorted(events, key=lambda event: (event["recorded_us"], event["event_id"]))
    good = [e for e, v in zip(ordered, oracle.judged(ordered), strict=True) if v == "ACCEPTED"]
    edges = [alias.recorded_us for alias in aliases]
    times = [chance.choice((*edges, NOON_US)) + chance.choice((-1, 0, 1, 5_000_000)) for _ in range(80)]
    pairs = [(chance.choice((*USERS, "ghost")), t) for t in times]
    rows = []
    for user, t_us in pairs:
        same = {each for each in USERS if who_is(each, aliases, t_us) == who_is(user, aliases, t_us)}
        counted = [e for e in good if e["user_id"] in same and e["event_time_us"] <= t_us and e["recorded_us"] <= t_us]
        rows.append([np.nan if (v := oracle.feature(one, counted, t_us)) is None else v for one in TAGS])
    found = windowed_at(source_at(tmp_path), [definition_of(t) for t in TAGS], asked_of(pairs), as_known=True)
    np.testing.assert_array_equal(found.values, np.array(rows))


@pytest.mark.parametrize("seed", range(20))
def test_the_book_says_who_is_whom(seed: int) -> None:
    """For random aliases, at every instant, as applying them one by one does."""
    chance = random.Random(seed)
    aliases = [Alias(chance.randrange(20), f"{n}", chance.choice(USERS), chance.choice(USERS)) for n in range(8)]
    book = book_of(aliases)
    for t_us in range(21):
        assert {u: book.canonical(u, t_us) for u in USERS} == {u: who_is(u, aliases, t_us) for u in USERS}


def test_an_alias_has_the_facts_of_its_user(tmp_path: Path) -> None:
    """From the alias on; before it, its own. A row without any of the view's fields says nothing of it."""
    write_facts(
        tmp_path,
        [
            {"user_id": "cookie", "event_time_us": NOON_US - 100, "kids": "0"},
            {"user_id": "ann", "event_time_us": NOON_US - 90, "kids": "2"},
            {"user_id": "ann", "event_time_us": NOON_US - 80, "age_band": "25-34"},
        ],
    )
    write_aliases(tmp_path, [Alias(NOON_US - 50, "x", "cookie", "ann")])
    asked = asked_of([("cookie", NOON_US - 60), ("cookie", NOON_US), ("ann", NOON_US)])
    source = source_at(tmp_path, "profile")
    kids = facts_at(source, ["kids"], 0, asked, as_known=True).column("kids").to_pylist()
    assert kids == ["0", "2", "2"]
    both = facts_at(source, ["kids"], 0, asked, as_known=True, of=["kids", "age_band"]).column("kids").to_pylist()
    assert both == ["0", None, None]
