"""One record into one user's state: the verdict, and what changes. The reference for the C kernel.

>>> from strata.features.layout import Layout
>>> layout = Layout("t", 1_000_000, 10_000_000, 7 * 86_400_000_000, ())
>>> state, event = UserState.empty(layout), PackedEvent("ann", "e1", "view", 5, 6)
>>> [fold_event(layout, state, event, offset).name for offset in (0, 1, 0)]
['ACCEPTED', 'DUPLICATE', 'REPLAYED']
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from strata.features.definition import EVENT
from strata.features.functions.partials import Partial, PartialKind
from strata.features.layout import QUOTA_BLOCK_US, QUOTA_EVENTS, Layout
from strata.features.matching import column_of, hash64, id_of, satisfies, within_limits
from strata.features.packed import PackedEvent, RecordKind
from strata.features.recent import NULL, RecentEvent, add_recent
from strata.features.sessions import add_session, pause_of
from strata.features.user_state import UserState, add


class Verdict(IntEnum):
    """What became of a record."""

    ACCEPTED = 0
    DUPLICATE = 1
    """Its user has an event of that id, which happened no longer than H before this one was recorded."""
    LATE = 2
    """Recorded more than H after it happened."""
    OVER_QUOTA = 3
    """Its user had the most events that count in a quota block."""
    REPLAYED = 4
    """It was accepted before: the row's position says so, and its own entry."""
    REPLAYED_REFUSED = 5
    """It was judged before, and not accepted."""
    TOO_LARGE = 6
    """One of its numbers is past the limit."""


def judge(layout: Layout, state: UserState, event: PackedEvent, offset: int) -> Verdict:
    """The verdict on a record, in the order of the log; notes id, quota and position, and nothing of what it adds."""
    own = event.kind != RecordKind.FORWARD
    late = own and event.recorded_us - event.event_time_us > layout.lateness_us
    id_ = hash64(event.event_id)
    entry = state.seen.get(id_)
    if 0 <= offset <= state.log_position:
        accepted = not late and entry is not None and entry[1] == offset
        return Verdict.REPLAYED if accepted else Verdict.REPLAYED_REFUSED
    state.log_position = max(state.log_position, offset)
    if late:
        return Verdict.LATE
    if entry is not None and entry[0] >= event.recorded_us - layout.lateness_us:
        return Verdict.DUPLICATE
    if not within_limits(event):
        return Verdict.TOO_LARGE
    if own and not _within_quota(state, event):
        return Verdict.OVER_QUOTA
    state.seen[id_] = (event.event_time_us, offset)
    state.watermark_us = max(state.watermark_us, event.recorded_us)
    return Verdict.ACCEPTED


def fold_event(layout: Layout, state: UserState, event: PackedEvent, offset: int) -> Verdict:
    """Judge a record, and add it when it is accepted."""
    verdict = judge(layout, state, event, offset)
    if verdict == Verdict.ACCEPTED:
        _add_event(layout, state, event)
    return verdict


def _within_quota(state: UserState, event: PackedEvent) -> bool:
    block = event.recorded_us // QUOTA_BLOCK_US
    if block > state.quota_block:
        state.quota_block, state.quota_count = block, 0
    if state.quota_count >= QUOTA_EVENTS:
        return False
    state.quota_count += 1
    return True


def _add_event(layout: Layout, state: UserState, event: PackedEvent) -> None:
    tile = event.event_time_us // layout.hop_us
    state.newest_us = max(state.newest_us, event.event_time_us)
    for i, partial in enumerate(layout.partials):
        if not satisfies(event, partial.where):
            continue
        if partial.kind in (PartialKind.IDS, PartialKind.SESSIONS):
            _add_id(state, i, partial, event, tile)
        elif partial.kind is PartialKind.RECENT:
            state.recent[i] = add_recent(state.recent[i], _recent(event), int(partial.of))
        elif (value := column_of(event, partial.of)) is not None:
            _add_value(state, i, partial, (event.event_time_us, value), tile)


def _add_id(state: UserState, i: int, partial: Partial, event: PackedEvent, tile: int) -> None:
    id_ = 0 if partial.of == EVENT else id_of(event, partial.of)
    if id_ is None:
        return
    if partial.kind is PartialKind.IDS:
        state.ids[i][id_] = max(tile, state.ids[i].get(id_, tile))
    else:
        at_us = event.event_time_us
        add_session(state.sessions[i], id_, pause_of(partial.of), (at_us, at_us, 1))


def _recent(event: PackedEvent) -> RecentEvent:
    type_, item, category = (id_of(event, name) for name in ("event_type", "item_id", "category"))
    assert type_ is not None
    return event.event_time_us, type_, NULL if item is None else item, NULL if category is None else category


def _add_value(state: UserState, i: int, partial: Partial, pair: tuple[int, Any], tile: int) -> None:
    at_us, value = pair
    if partial.kind is PartialKind.COUNT:
        add(state.sums[i], tile, 1)
    elif partial.kind is PartialKind.TOTAL:
        add(state.sums[i], tile, value)
    elif partial.kind is PartialKind.LEAST:
        state.extremes[i][tile] = min(value, state.extremes[i].get(tile, value))
    elif partial.kind is PartialKind.GREATEST:
        state.extremes[i][tile] = max(value, state.extremes[i].get(tile, value))
    elif partial.kind is PartialKind.LATEST:
        state.newest[i] = max(state.newest[i], pair)
    else:
        state.newest[i] = max(state.newest[i], (at_us, state.newest[i][1]))
