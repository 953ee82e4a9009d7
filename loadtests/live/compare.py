"""The ledger against what is counted. Every difference is a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from loadtests.live.ledger import Expected, Ledger

Held = Counter[tuple[str, str]]
"""How often the history holds each (user, event id)."""


def compare(ledger: Ledger, found: Mapping[str, Expected], targets: Mapping[str, str | None], held: Held) -> list[str]:
    """What differs; nothing when all is as it should be.

    `found` is what the state counts per user, `targets` who each aliased visitor is by the state.
    """
    differences = [ledger.fault] if ledger.fault else []
    lacking = ledger.purchases.keys() - ledger.acknowledged
    if lacking:
        differences.append(f"{len(lacking)} events were never acknowledged, for one {min(lacking)}")
    differences += _wrong_users(ledger, found, held)
    differences += [
        f"visitor {visitor} became {user}, and the state has {targets[visitor]}"
        for visitor, user in ledger.aliases.items()
        if targets[visitor] != user
    ]
    return differences + wrong_history(ledger, held)


def first_difference(expected: Mapping[str, Expected], found: Mapping[str, Expected]) -> str | None:
    """The first user whose counts differ."""
    return next((user for user, wanted in expected.items() if found[user] != wanted), None)


def _wrong_users(ledger: Ledger, found: Mapping[str, Expected], held: Held) -> list[str]:
    """The first user whose counts differ, with every event that counts for that user."""
    expected = ledger.expected()
    user = first_difference(expected, found)
    if user is None:
        return []
    wrong, wanted, counted = sum(expected[one] != found[one] for one in expected), expected[user], found[user]
    return [
        f"the state of {wrong} users is wrong; first {user}: {wanted.cents} cents in {wanted.sessions} visits were "
        f"acknowledged, {counted.cents} cents in {counted.sessions} visits are counted",
        *(
            f"  {event_id} of {one.user}: {one.cents} cents, {held[one.user, event_id]} in the history"
            for event_id, one in ledger.events_of(user)
        ),
    ]


def wrong_history(ledger: Ledger, held: Held) -> list[str]:
    """What the history lacks, holds twice, or holds though nobody sent it."""
    wanted = {(one.user, event_id) for event_id, one in ledger.purchases.items()}
    kinds = (
        ("lacks", sorted(wanted - held.keys())),
        ("holds twice", sorted(key for key, count in held.items() if count > 1)),
        ("has, though nobody sent them,", sorted(held.keys() - wanted)),
    )
    return [f"the history {what} {len(keys)} events, for one {keys[0]}" for what, keys in kinds if keys]
