"""Events and facts into the state. No Feast in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from feature_repo.online.stored import MAX_HOPS, stored_layout
from strata.features.events import EventBatch
from strata.features.facts import decode_row
from strata.features.fold import Verdict, fold_batch, fold_moved, fold_users, target_of
from strata.features.layout import Layout
from strata.features.merged import forwarded_id
from strata.features.packed import PackedEvent, RecordKind, pack_event
from strata.features.plan import Plan
from strata.state.ports import Rows, State, StateWriter


def fold_events(state: State, defined: Mapping[str, Layout], events: EventBatch) -> int:
    """Fold events into every table; one transaction each. Returns how many events a table newly took.

    Folding again what was folded before changes nothing, so a push that failed half way is simply repeated.
    """
    accepted = 0
    for table in defined:
        layout = stored_layout(state, table, defined)
        assert layout is not None  # the definitions have one
        accepted = max(accepted, _fold_into(state, layout, events))
    return accepted


def put_newest(state: StateWriter, plan: Plan, newest: Mapping[str, tuple[tuple[int, int], bytes]]) -> int:
    """Write rows that are not older than what is held."""

    def change(user: str, held: bytes | None) -> bytes | None:
        times, row = newest[user]
        fact = None if held is None else decode_row(plan, held)
        return row if fact is None or (fact.event_us, fact.recorded_us) <= times else None

    return state.update(plan.spec.name, sorted(newest, key=str.encode), change)


def _fold_into(state: State, layout: Layout, events: EventBatch) -> int:
    words = events.users.words
    publishers = sorted({words[code] for code in np.unique(events.users.codes)}, key=str.encode)
    users = _with_targets(state, layout.table, publishers)
    place = {user: at for at, user in enumerate(users)}
    index = np.array([place.get(word, -1) for word in words], dtype=np.int64)[events.users.codes]
    accepted = 0

    def change(held: Rows) -> Rows:
        nonlocal accepted
        if any(row is not None and target_of(row) is not None for row in held):
            new, accepted = _fold_apart(layout, users, held, events)
        else:
            folded = fold_batch(layout, held, events, index)
            new, accepted = folded.rows, int((folded.verdicts == Verdict.ACCEPTED).sum())
        return [None if row == before else row for row, before in zip(new, held, strict=True)]

    state.transform(layout.table, users, change)
    return accepted


def _with_targets(state: State, table: str, users: Sequence[str]) -> list[str]:
    """The users, and those they have become."""
    found, asked = list(users), list(users)
    for _ in range(MAX_HOPS):
        rows = state.read(table, asked) if asked else []
        targets = (target_of(row) for row in rows if row is not None)
        asked = sorted({target for target in targets if target is not None and target not in found}, key=str.encode)
        found += asked
    return found


def _fold_apart(layout: Layout, users: Sequence[str], held: Rows, events: EventBatch) -> tuple[Rows, int]:
    """The same where some users are tombstones: their events are judged there and count for who they became."""
    rows = dict(zip(users, held, strict=True))
    waiting: dict[str, list[PackedEvent]] = {}
    for event in events.packed():
        waiting.setdefault(event.user_id, []).append(event)
    accepted = 0
    for _ in range(MAX_HOPS):
        sent: dict[str, list[PackedEvent]] = {}
        for user, own in waiting.items():
            row, offsets = rows[user], np.full(len(own), -1, dtype=np.int64)
            target = None if row is None else target_of(row)
            records = [pack_event(event) for event in own]
            if row is None or target is None:
                folded = fold_users(layout, [row], records, np.zeros(len(own)), offsets)
                accepted += int((folded.verdicts == Verdict.ACCEPTED).sum())
            else:
                folded = fold_moved(layout, row, records, offsets)
                passed = (e for e, verdict in zip(own, folded.verdicts, strict=True) if verdict == Verdict.ACCEPTED)
                sent.setdefault(target, []).extend(forwarded(event, target) for event in passed)
            rows[user] = folded.rows[0]
        waiting = sent
    return [rows[user] for user in users], accepted


def forwarded(event: PackedEvent, target: str) -> PackedEvent:
    """An event of a user who became `target`, as it is folded there."""
    known = event.kind == RecordKind.FORWARD
    name = event.event_id if known else forwarded_id(event.user_id, event.event_id)
    return replace(event, user_id=target, event_id=name, kind=RecordKind.FORWARD)
