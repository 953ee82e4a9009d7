"""An anonymous id becomes a known user: its state merges into theirs, once.

    alias a -> u    read in a's partition: a's rows travel as a MERGE record to u's partition, then a's rows become
                    tombstones that point to u; a's later events are judged there and forwarded
    merge           read in u's partition: the rows that came are merged into u's; a ledger beside the rows says
                    which record of a merge was the first, so that one sent twice is merged once

Each step is durable before the next begins, so a kill anywhere repeats a step that then changes nothing.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from strata.errors import StrataError
from strata.features.fold import header_of, merge_rows, moved_row, target_of
from strata.features.layout import Layout
from strata.features.merged import merge_key
from strata.features.packed import PackedEvent, RecordKind, unpack_event
from streaming.fold.rows import TableRows
from streaming.log.ports import Record

MAX_HOPS: Final = 16
"""An alias of an alias of an alias: nobody means more."""
Forward = Callable[[Sequence[PackedEvent]], None]


class AliasVerdict(IntEnum):
    """What became of an alias."""

    ACCEPTED = 0
    REPEATED = 1
    """The id is somebody already; it stays so."""
    CIRCULAR = 2
    """The user named is this id."""
    REPLAYED = 3
    """It was accepted before a restart."""


@dataclass(frozen=True)
class AliasOutcome:
    """The verdict, and the users whose rows changed."""

    verdict: AliasVerdict
    changed: Sequence[str] = ()


class AliasFold:
    """Aliases and merges over some tables."""

    def __init__(self, rows: TableRows, layouts: Mapping[str, Layout], forward: Forward) -> None:
        self._rows, self._layouts, self._forward = rows, layouts, forward

    def alias(self, record: Record) -> AliasOutcome:
        """Fold an ALIAS record."""
        event = unpack_event(record.data)
        user, target = event.user_id, event.tail.decode()
        held = {table: self._rows.read(table, [user])[0] for table in self._layouts}
        named = {table: target_of(row) for table, row in held.items() if row is not None and target_of(row) is not None}
        done = {table for table in named if _position(held[table]) >= record.offset}
        if len(done) == len(held):
            return AliasOutcome(AliasVerdict.REPLAYED if set(named.values()) == {target} else AliasVerdict.REPEATED)
        if named and not done:
            return AliasOutcome(AliasVerdict.REPEATED)
        if resolve(self._rows, self._layouts, target) == user:
            return AliasOutcome(AliasVerdict.CIRCULAR)
        if not done:
            self._send(event, target, {table: row for table, row in held.items() if row is not None})
        for table in self._layouts:
            if table not in done:
                bury(self._rows, self._layouts[table], user, target, record.offset)
        return AliasOutcome(AliasVerdict.ACCEPTED, [user, target])

    def merge(self, record: Record) -> AliasOutcome:
        """Fold a MERGE record."""
        event = unpack_event(record.data)
        alias, rows = _open_rows(event.tail)
        moved_to = moved(self._rows, self._layouts, event.user_id)
        if moved_to is not None:
            self._forward([_merge_record(event, moved_to, event.tail)])
            return AliasOutcome(AliasVerdict.ACCEPTED)
        merged = [
            table
            for table, other in rows.items()
            if table in self._layouts and self._merge(table, (alias, event.user_id), other, record)
        ]
        return AliasOutcome(AliasVerdict.ACCEPTED, [event.user_id]) if merged else AliasOutcome(AliasVerdict.REPEATED)

    def _send(self, event: PackedEvent, target: str, rows: Mapping[str, bytes]) -> None:
        if rows:
            self._forward([_merge_record(event, target, _pack_rows(event.user_id, rows))])

    def _merge(self, table: str, pair: tuple[str, str], other: bytes, record: Record) -> bool:
        """The user's row and the ledger's entry change together. False when they had changed before."""
        layout, (alias, user) = self._layouts[table], pair
        mine = f"{record.partition}:{record.offset}".encode()
        first = True

        def change(rows: list[bytes | None]) -> list[bytes | None]:
            nonlocal first
            row, entry = rows
            first = entry is None
            return [merge_rows(layout, row, other, log_position=record.offset), mine] if first else [None, None]

        self._rows.transform(table, [user, merge_key(alias, user)], change)
        return first


def merge_here(rows: TableRows, layouts: Mapping[str, Layout], record: Record, entry: bytes) -> None:
    """Fold an ALIAS record where both users' rows are at hand, in one place: nothing is sent.

    `entry` is what the ledger says of it. For rows that are being caught up, in which the record may be known.
    """
    event = unpack_event(record.data)
    user, target = event.user_id, event.tail.decode()
    known = moved(rows, layouts, user) is not None
    end = resolve(rows, layouts, target)
    if known or end == user:
        return
    for table, layout in layouts.items():
        other = rows.read(table, [user])[0]
        if other is not None:
            _merge_at(rows, layout, end, other)
        entries = [merge_key(user, each) for each in dict.fromkeys((target, end))]
        rows.transform(table, entries, lambda held: [entry] * len(held))
        bury(rows, layout, user, target, record.offset)


def _merge_at(rows: TableRows, layout: Layout, user: str, other: bytes) -> None:
    def change(held: list[bytes | None]) -> list[bytes | None]:
        return [merge_rows(layout, held[0], other, log_position=_position(held[0]))]

    rows.transform(layout.table, [user], change)


def bury(rows: TableRows, layout: Layout, user: str, target: str, offset: int) -> None:
    """Make a user's row a tombstone."""
    rows.transform(layout.table, [user], lambda held: [moved_row(layout, held[0], target, offset)])


def resolve(rows: TableRows, layouts: Mapping[str, Layout], user: str) -> str:
    """Who a user is by now, over every alias. Raises StrataError when they go in a circle."""
    for _ in range(MAX_HOPS):
        target = moved(rows, layouts, user)
        if target is None:
            return user
        user = target
    raise StrataError(f"user {user!r} is at the end of more than {MAX_HOPS} aliases; they go in a circle")


def moved(rows: TableRows, layouts: Mapping[str, Layout], user: str) -> str | None:
    """Who a user's tombstone names; None for a user without one."""
    for table in layouts:
        row = rows.read(table, [user])[0]
        if row is not None and (target := target_of(row)) is not None:
            return target
    return None


def _position(row: bytes | None) -> int:
    return -1 if row is None else header_of(row).log_position


def _merge_record(event: PackedEvent, target: str, tail: bytes) -> PackedEvent:
    return PackedEvent(
        target, event.event_id, "alias", event.event_time_us, event.recorded_us, kind=RecordKind.MERGE, tail=tail
    )


def _pack_rows(alias: str, rows: Mapping[str, bytes]) -> bytes:
    packed = {table: base64.b64encode(row).decode("ascii") for table, row in rows.items()}
    return zlib.compress(json.dumps({"alias": alias, "rows": packed}).encode(), 1)


def _open_rows(tail: bytes) -> tuple[str, dict[str, bytes]]:
    found = json.loads(zlib.decompress(tail))
    return found["alias"], {table: base64.b64decode(row) for table, row in found["rows"].items()}
