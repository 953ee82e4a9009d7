"""An id that becomes another user: merged rows and tombstones, by both implementations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from event_factories import NOON_US, event_strategy, every_function, make_event, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import Folding, forced, layout_of, reader_of, record_of, row_of

from strata.features import fold_state
from strata.features.builder import count, seconds
from strata.features.fold import fold_moved, fold_users, header_of, merge_rows, moved_row, target_of
from strata.features.fold_state import Verdict
from strata.features.packed import RecordKind
from strata.features.plan import LATENESS_US
from strata.features.row_reader import decode
from strata.features.user_row import MAGIC, MOVED, RowDamaged

pytestmark = pytest.mark.usefixtures("implementation")
PLAN = plan_of(*every_function())
LAYOUT = layout_of(PLAN)
EVENTS = st.lists(event_strategy(delays_us=(LATENESS_US, LATENESS_US + 1)), min_size=1, max_size=30)


def in_log_order(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda event: event["recorded_us"])


@settings(max_examples=25, deadline=None)
@given(EVENTS, EVENTS, st.integers(0, 2**40))
def test_rows_folded_apart_merge_to_the_row_of_all_events(
    mine: list[dict[str, Any]], others: list[dict[str, Any]], position: int
) -> None:
    """But for what judging needs: ids seen and quota stay those of the user merged into."""
    apart = [row_of(LAYOUT, in_log_order(events)) for events in (mine, others)]
    together = row_of(LAYOUT, in_log_order(mine + others))
    if apart[1] is None or together is None:
        return
    merged = merge_rows(LAYOUT, apart[0], apart[1], log_position=position)
    wanted, found = decode(LAYOUT, together), decode(LAYOUT, merged)
    own = None if apart[0] is None else decode(LAYOUT, apart[0])
    assert wanted is not None
    assert found is not None
    assert found.log_position == position
    judging = {"seen": found.seen, "quota_block": found.quota_block, "quota_count": found.quota_count}
    assert found == replace(wanted, log_position=position, **judging)
    if own is None:
        assert list(judging.values()) == [{}, 0, 0]
    else:
        assert (found.quota_block, found.quota_count) == (own.quota_block, own.quota_count)
        assert found.seen.items() <= own.seen.items()
    assert reader_of(LAYOUT, PLAN).one([merged], NOON_US).values.tobytes() == (
        reader_of(LAYOUT, PLAN).one([together], NOON_US).values.tobytes()
    )


@settings(max_examples=25, deadline=None)
@given(EVENTS, EVENTS, EVENTS)
def test_the_order_of_merges_never_shows(
    first: list[dict[str, Any]], second: list[dict[str, Any]], third: list[dict[str, Any]]
) -> None:
    """Two ids into a user, either way round."""
    rows = [row_of(LAYOUT, in_log_order(events)) for events in (first, second, third)]
    into, one, other = rows
    if one is not None and other is not None:
        ways = [
            merge_rows(LAYOUT, merge_rows(LAYOUT, into, a, log_position=1), b, log_position=1)
            for a, b in ((one, other), (other, one))
        ]
        assert ways[0] == ways[1]


def test_a_merge_never_takes_a_position_back() -> None:
    """The later of the row's own and the record's."""
    folding = Folding(LAYOUT)
    folding.fold([make_event()], offset=10)
    other = row_of(LAYOUT, [make_event()])
    assert other is not None
    for position, wanted in ((9, 10), (10, 10), (11, 11)):
        merged = merge_rows(LAYOUT, folding.rows["u"], other, log_position=position)
        assert header_of(merged).log_position == wanted


def test_a_row_of_another_layout_merges_as_none() -> None:
    """On either side."""
    other, plan = row_of(LAYOUT, [make_event()]), plan_of(count("n", window=seconds(50)))
    layout = layout_of(plan)
    row = row_of(layout, [make_event()])
    assert other is not None
    assert row is not None
    assert merge_rows(layout, row, other, log_position=-1) == row
    assert reader_of(layout, plan).one([merge_rows(layout, other, row, log_position=4)], NOON_US).values == [1.0]


@settings(max_examples=25, deadline=None)
@given(EVENTS, EVENTS, st.integers(1, 7))
def test_a_tombstone_judges_as_its_row_would(
    before: list[dict[str, Any]], after: list[dict[str, Any]], size: int
) -> None:
    """Repeats, late ones, replays and too large ones: the same verdicts, in any batches, and the same memory."""
    log = in_log_order(before)
    later_us = log[-1]["recorded_us"]
    later = [
        {**event, "recorded_us": max(later_us, event["recorded_us"])} for event in in_log_order(after + before[::3])
    ]
    later.sort(key=lambda event: event["recorded_us"])
    folding = Folding(LAYOUT)
    folding.fold(log, offset=0)
    row = folding.rows.get("u")
    tombstone = moved_row(LAYOUT, row, "ann", len(log))
    start, told = len(log) + 1, []
    for n in range(0, len(later), size):
        part = later[n : n + size]
        offsets = list(range(start + n, start + n + len(part)))
        folded = fold_moved(LAYOUT, tombstone, [record_of(event) for event in part], offsets)
        told += [Verdict(verdict).name for verdict in folded.verdicts]
        (tombstone,) = folded.rows  # type: ignore[assignment]
    assert told == folding.fold(later, offset=start)
    assert target_of(tombstone) == "ann"
    if "u" in folding.rows:
        kept, state = decode(LAYOUT, tombstone), decode(LAYOUT, folding.rows["u"])
        assert kept is not None
        assert state is not None
        assert (kept.seen, kept.quota_block, kept.quota_count) == (state.seen, state.quota_block, state.quota_count)
        assert kept.log_position == start + len(later) - 1
    again = fold_moved(LAYOUT, tombstone, [record_of(event) for event in later], range(start, start + len(later)))
    assert again.rows == [tombstone]
    assert {Verdict(verdict).name for verdict in again.verdicts} <= {"REPLAYED", "REPLAYED_REFUSED"}


def test_a_tombstone_keeps_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of an aliased id use up its own."""
    monkeypatch.setattr(fold_state, "QUOTA_EVENTS", 3)
    tombstone = moved_row(LAYOUT, None, "ann", 5)
    records = [record_of(make_event()) for _ in range(5)]
    with forced("pure"):  # the C kernel's quota is built in
        verdicts = fold_moved(LAYOUT, tombstone, records, range(6, 11)).verdicts.tolist()
    assert verdicts == [Verdict.ACCEPTED] * 3 + [Verdict.OVER_QUOTA] * 2


@pytest.mark.parametrize("target", ["ann", "ü" * 100, "日本", "x"])
def test_a_tombstone_names_whom_the_user_became_and_reads_as_no_row(target: str) -> None:
    """With what it remembers, and of an id nobody knew; a tombstone made again names the newer one."""
    row = row_of(LAYOUT, [make_event(), make_event()])
    reader = reader_of(LAYOUT, PLAN)
    for known in (row, None):
        tombstone = moved_row(LAYOUT, known, target, 7)
        header = header_of(tombstone)
        assert (header.magic, header.log_position, header.tiles) == (MOVED, 7, 0)
        assert header.seen == (0 if known is None else 2)
        assert target_of(tombstone) == target
        assert target_of(moved_row(LAYOUT, tombstone, "eve", 8)) == "eve"
        alone, many = reader.one([tombstone], NOON_US), reader.many([[tombstone, row]], NOON_US)
        assert alone.times == [None]
        assert alone.values.tobytes() == many.values[0].tobytes() == reader.one([None], NOON_US).values.tobytes()
        assert many.newest_us.tolist() == [[-(2**63), NOON_US]]
    assert row is not None
    assert (row[:4], target_of(row)) == (MAGIC, None)


def test_a_row_is_no_tombstone_and_a_tombstone_of_another_layout_judges_nothing() -> None:
    """A caller's mistake is said, not guessed around."""
    row = row_of(LAYOUT, [make_event()])
    assert row is not None
    other = layout_of(plan_of(count("n", window=seconds(50))))
    for layout, taken in ((LAYOUT, row), (other, moved_row(LAYOUT, row, "ann", 7))):
        with pytest.raises(RowDamaged, match="not a tombstone"):
            fold_moved(layout, taken, [record_of(make_event())], [8])


def test_forwarded_events_make_the_row_their_own_user_would_have_made() -> None:
    """What an id did before it was merged, and after: one user's tiles."""
    before, after = make_event(value=5), make_event(value=7)
    mine = make_event(value=11)
    folding = Folding(LAYOUT)
    folding.fold([mine], offset=0)
    other = row_of(LAYOUT, [before])
    assert other is not None
    merged = merge_rows(LAYOUT, folding.rows["u"], other, log_position=1)
    result = fold_users(LAYOUT, [merged], [record_of(after, RecordKind.FORWARD)], [0], [2])
    reader = reader_of(LAYOUT, PLAN)
    together = row_of(LAYOUT, [before, after, mine])
    assert reader.one([result.rows[0]], NOON_US).values.tobytes() == reader.one([together], NOON_US).values.tobytes()
