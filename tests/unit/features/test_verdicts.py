"""Verdicts: duplicates, late, too large, over the quota, and replays, by both implementations."""

from __future__ import annotations

from typing import Any

import oracle
import pytest
from event_factories import NOON_US, batch_of, event_strategy, every_function, make_event, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import Folding, layout_of, reader_of, record_of

from strata.features import fold_state
from strata.features.build import build_rows
from strata.features.builder import count, days, total
from strata.features.fold import fold_users, header_of
from strata.features.fold_state import Verdict
from strata.features.layout import NUMBER_LIMIT, QUOTA_BLOCK_US, QUOTA_EVENTS
from strata.features.packed import RecordKind
from strata.features.plan import LATENESS_US

pytestmark = pytest.mark.usefixtures("implementation")
PLAN = plan_of(*every_function())
LAYOUT = layout_of(PLAN)
COUNTING = plan_of(count("n", window=days(60)), total("v", of="value", window=days(60), scale=1), hop_s=3_600)
COUNTED = layout_of(COUNTING, table="t@3600")
DAY_US = 24 * 3_600_000_000
LOGS = st.lists(event_strategy(users=("a", "b"), delays_us=(LATENESS_US, LATENESS_US + 1)), min_size=1, max_size=40)


def in_log_order(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda event: event["recorded_us"])


def values(folding: Folding, t_us: int = NOON_US, user: str = "u") -> list[float]:
    """How many events of the last 60 days count, and the sum of their values."""
    return reader_of(COUNTED, COUNTING).one([folding.rows.get(user)], t_us).values.tolist()  # type: ignore[no-any-return]


@settings(max_examples=30, deadline=None)
@given(LOGS, st.data())
def test_a_replay_changes_nothing_and_tells_what_had_been_accepted(
    events: list[dict[str, Any]], data: st.DataObject
) -> None:
    """From any offset on, in any batches: equal rows, REPLAYED exactly for the accepted, then the log goes on."""
    # Ids are remembered for H and an hour; a log recorded within the hour can be replayed whole.
    first_us = min(event["recorded_us"] for event in events)
    log = in_log_order([e for e in events if e["recorded_us"] - first_us < 3_600_000_000])
    log = log + [{**event, "recorded_us": log[-1]["recorded_us"]} for event in log[::4]]
    end, start = data.draw(st.integers(1, len(log))), data.draw(st.integers(0, len(log) - 1))
    folding = Folding(LAYOUT)
    folding.fold(log[:end], offset=100)
    rows, known = dict(folding.rows), list(folding.verdicts)
    size = data.draw(st.integers(1, 10))
    for at in range(start, end, size):
        told = folding.fold(log[at : min(at + size, end)], offset=100 + at)
        for n, verdict in enumerate(told, at):
            if log[n]["user_id"] in rows:
                assert verdict == ("REPLAYED" if known[n] == "ACCEPTED" else "REPLAYED_REFUSED")
            else:
                assert verdict == known[n] != "ACCEPTED"
    assert folding.rows == rows
    folding.fold(log[end:], offset=100 + end)
    at_once = Folding(LAYOUT)
    at_once.fold(log, offset=100)
    assert folding.rows == at_once.rows


def test_a_row_at_a_position_takes_nothing_at_it_or_below_and_everything_above() -> None:
    """The position is that of the last record judged, refused ones included."""
    folding = Folding(COUNTED)
    late = make_event(recorded_us=NOON_US + LATENESS_US + 1)
    assert folding.fold([make_event(), late], offset=41) == ["ACCEPTED", "LATE"]
    assert header_of(folding.rows["u"]).log_position == 42
    assert folding.fold([make_event()], offset=42) == ["REPLAYED_REFUSED"]
    assert folding.fold([make_event()], offset=43) == ["ACCEPTED"]
    assert values(folding) == [2.0, 200.0]


def test_events_without_a_log_are_never_replays_and_leave_the_position() -> None:
    """A push beside the log counts, once."""
    folding, pushed = Folding(COUNTED), make_event()
    folding.fold([make_event()], offset=9)
    assert folding.fold([pushed, pushed]) == ["ACCEPTED", "DUPLICATE"]
    assert folding.fold([pushed]) == ["DUPLICATE"]
    assert header_of(folding.rows["u"]).log_position == 9


@pytest.mark.parametrize(("after_us", "verdict"), [(0, "ACCEPTED"), (-1, "ACCEPTED"), (1, "LATE")])
def test_an_event_is_late_one_microsecond_past_the_horizon(after_us: int, verdict: str) -> None:
    """Recorded H after it happened still counts."""
    folding = Folding(COUNTED)
    assert folding.fold([make_event(recorded_us=NOON_US + LATENESS_US + after_us)]) == [verdict]
    assert ("u" in folding.rows) == (verdict == "ACCEPTED")


@pytest.mark.parametrize(("after_us", "verdict"), [(-1, "DUPLICATE"), (0, "DUPLICATE"), (1, "LATE")])
def test_a_repeat_is_known_for_as_long_as_it_is_not_late(after_us: int, verdict: str) -> None:
    """Whatever the delay, an event is never counted twice, in one batch or in two."""
    first = make_event(event_id="same")
    again = {**first, "recorded_us": NOON_US + LATENESS_US + after_us}
    for batches in ([[first, again]], [[first], [again]]):
        folding = Folding(COUNTED)
        for batch in batches:
            folding.fold(batch)
        assert folding.verdicts == ["ACCEPTED", verdict]
        assert values(folding) == [1.0, 100.0]


@pytest.mark.parametrize(("after_us", "verdict"), [(0, "DUPLICATE"), (1, "ACCEPTED")])
def test_another_event_of_the_same_id_counts_once_the_first_is_past_the_horizon(after_us: int, verdict: str) -> None:
    """An id is the user's own: another user may use it at any time."""
    first, at_us = make_event(event_id="same"), NOON_US + LATENESS_US + after_us
    for batches in (1, 2):
        folding = Folding(COUNTED)
        log = [first, make_event(event_id="same", event_time_us=at_us), make_event(event_id="same", user_id="v")]
        for n in range(0, 3, 3 // batches):
            folding.fold(log[n : n + 3 // batches])
        assert folding.verdicts == ["ACCEPTED", verdict, "ACCEPTED"]


@pytest.mark.parametrize("column", ["value", "quantity", "discount"])
@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        (NUMBER_LIMIT, "ACCEPTED"), (-NUMBER_LIMIT, "ACCEPTED"), (NUMBER_LIMIT - 1, "ACCEPTED"),
        (NUMBER_LIMIT + 1, "TOO_LARGE"), (-NUMBER_LIMIT - 1, "TOO_LARGE"), (2**63 - 1, "TOO_LARGE"),
        (-(2**63), "TOO_LARGE"),
    ],
)  # fmt: skip
def test_a_number_past_the_limit_is_refused_whole(column: str, number: int, verdict: str) -> None:
    """Two to the 40th counts, either sign; the event of a larger one counts nowhere, and its id stays free."""
    folding, event = Folding(COUNTED), make_event(event_id="same", **{column: number})
    assert folding.fold([event], offset=1) == [verdict]
    if verdict == "TOO_LARGE":
        assert folding.rows == {}
        assert folding.fold([make_event(event_id="same")], offset=2) == ["ACCEPTED"]
        assert folding.fold([event], offset=3) == ["DUPLICATE"]


@pytest.fixture(name="quota")
def quota_(implementation: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many events count in a block: few for the twin; the C kernel has the real number built in."""
    if implementation == "pure":
        monkeypatch.setattr(fold_state, "QUOTA_EVENTS", 5)
        return 5
    return QUOTA_EVENTS


def test_the_first_events_of_a_block_count_and_the_rest_are_refused(quota: int) -> None:
    """Up to the quota; then of another user, and of the next block, again."""
    block_us = NOON_US // QUOTA_BLOCK_US * QUOTA_BLOCK_US
    log = [make_event(event_time_us=block_us + n, value=1) for n in range(quota + 2)]
    log += [make_event(event_time_us=block_us + quota + 2, user_id="v")]
    log += [make_event(event_time_us=block_us + QUOTA_BLOCK_US - 1)]
    log += [make_event(event_time_us=block_us + QUOTA_BLOCK_US + n, value=1) for n in range(quota + 1)]
    wanted = ["ACCEPTED"] * quota + ["OVER_QUOTA"] * 2 + ["ACCEPTED", "OVER_QUOTA"]
    wanted += ["ACCEPTED"] * quota + ["OVER_QUOTA"]
    assert oracle.judged(log, quota=quota) == wanted
    at_once, in_pieces = Folding(COUNTED), Folding(COUNTED)
    at_once.fold(log, offset=0)
    for n in range(0, len(log), 1 + len(log) // 5):
        in_pieces.fold(log[n : n + 1 + len(log) // 5], offset=n)
    assert at_once.verdicts == in_pieces.verdicts == wanted
    assert at_once.rows == in_pieces.rows
    assert values(at_once, block_us + QUOTA_BLOCK_US) == [2.0 * quota, 2.0 * quota]
    assert at_once.fold(log[quota - 1 : quota + 1], offset=quota - 1)[1] == "REPLAYED_REFUSED"
    built = Folding(COUNTED)
    built.rows = dict(build_rows(COUNTED, batch_of(log)))
    assert values(built, block_us + QUOTA_BLOCK_US) == [2.0 * quota, 2.0 * quota]


def test_what_is_refused_uses_no_quota_and_is_not_remembered(quota: int) -> None:
    """Late ones, repeats and too large ones; an id refused over the quota counts in the next block."""
    first = make_event(event_id="same")
    refused = [make_event(recorded_us=NOON_US + LATENESS_US + 1), first, make_event(value=NUMBER_LIMIT + 1)] * quota
    log = [first, *refused, *(make_event() for _ in range(quota - 1)), make_event(event_id="over")]
    folding = Folding(COUNTED)
    folding.fold(log, offset=0)
    assert folding.verdicts[-quota - 1 :] == ["TOO_LARGE", *["ACCEPTED"] * (quota - 1), "OVER_QUOTA"]
    assert folding.verdicts.count("ACCEPTED") == quota
    again = make_event(event_id="over", event_time_us=NOON_US + QUOTA_BLOCK_US)
    assert folding.fold([again], offset=len(log)) == ["ACCEPTED"]


def test_forwarded_events_are_judged_for_repeats_alone(quota: int) -> None:
    """They were judged for lateness and quota under the id they were published by."""
    folding = Folding(COUNTED)
    folding.fold([make_event() for _ in range(quota)], offset=0)
    late = record_of(make_event(recorded_us=NOON_US + LATENESS_US + 1), RecordKind.FORWARD)
    own, again = record_of(make_event()), record_of(make_event(event_id="f"), RecordKind.FORWARD)
    offsets = range(quota, quota + 4)
    told = fold_users(COUNTED, [folding.rows["u"]], [late, own, again, again], [0] * 4, list(offsets)).verdicts
    assert [Verdict(v).name for v in told] == ["ACCEPTED", "OVER_QUOTA", "ACCEPTED", "DUPLICATE"]


def test_rows_of_another_layout_count_as_none() -> None:
    """After definitions change, a fold starts anew: position, quota and ids too."""
    folding = Folding(COUNTED)
    folding.fold([make_event(event_id="same")], offset=50)
    other = Folding(LAYOUT)
    other.rows = dict(folding.rows)
    assert other.fold([make_event(event_id="same")], offset=3) == ["ACCEPTED"]
    assert header_of(other.rows["u"]).log_position == 3
