"""Rows of users who became others, and of those they became, as the stream would have made them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from feature_repo.offline.aliases import AliasBook
from feature_repo.online.write_rows import forwarded
from strata.features.build import at_position
from strata.features.events import EventBatch
from strata.features.fold import Verdict, fold_moved, fold_users, moved_row
from strata.features.layout import Layout
from strata.features.merged import REBUILT, merge_key
from strata.features.packed import PackedEvent, pack_event

PositionOf = Callable[[str], int]


def build_aliased(
    layout: Layout,
    book: AliasBook,
    groups: Mapping[str, Sequence[str]],
    events: EventBatch,
    position_of: PositionOf,
) -> Iterator[tuple[str, bytes]]:
    """Tombstones of the ids of some of the book's groups, rows of the users they are, and the ledger's entries.

    `events` are all those of these groups. Events of an id count for its user under their forwarded names, so that
    one sent on later is known.
    """
    own = {user: sorted(part.packed(), key=_place) for user, part in events.by_user()}
    for user, aliases in groups.items():
        sent: list[PackedEvent] = []
        for alias in aliases:
            tombstone, passed = _tombstone(layout, book, alias, own.get(alias, []))
            sent += [forwarded(event, user) for event in passed]
            yield alias, at_position(tombstone, position_of(alias))
            yield from ((merge_key(alias, name), REBUILT) for name in book.chain(alias))
        row, _ = _fold(layout, sorted([*own.get(user, []), *sent], key=_place))
        if row is not None:
            yield user, at_position(row, position_of(user))


def _tombstone(
    layout: Layout, book: AliasBook, alias: str, events: Sequence[PackedEvent]
) -> tuple[bytes, list[PackedEvent]]:
    """The id's tombstone, and its events that count: judged by its row until it became another, by that after."""
    named = book.named[alias]
    before = [event for event in events if event.recorded_us < named.recorded_us]
    after = events[len(before) :]
    row, passed = _fold(layout, before)
    tombstone = moved_row(layout, row, named.user_id, -1)
    if after:
        records, nothing = [pack_event(event) for event in after], np.full(len(after), -1, dtype=np.int64)
        judged = fold_moved(layout, tombstone, records, nothing)
        passed += [e for e, verdict in zip(after, judged.verdicts, strict=True) if verdict == Verdict.ACCEPTED]
        tombstone = judged.rows[0] or tombstone
    return tombstone, passed


def _fold(layout: Layout, events: Sequence[PackedEvent]) -> tuple[bytes | None, list[PackedEvent]]:
    nothing = np.full(len(events), -1, dtype=np.int64)
    folded = fold_users(layout, [None], [pack_event(event) for event in events], np.zeros(len(events)), nothing)
    passed = [e for e, verdict in zip(events, folded.verdicts, strict=True) if verdict == Verdict.ACCEPTED]
    return folded.rows[0], passed


def _place(event: PackedEvent) -> tuple[int, bytes]:
    return event.recorded_us, event.event_id.encode()
