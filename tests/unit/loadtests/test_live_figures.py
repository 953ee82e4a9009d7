"""From what was measured to what is said of it."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
from event_factories import make_event
from history_files import write_events

from loadtests.live import report
from loadtests.live.freshness import Outcome as Fresh
from loadtests.live.freshness import Trial, holds
from loadtests.live.freshness_report import freshness_document, print_freshness
from loadtests.live.load import make_batches
from loadtests.live.many_histories import multiply
from loadtests.live.pushing import Pushed
from loadtests.live.throughput import Backfill, Burst, Outcome, Plan
from loadtests.live.throughput_report import print_throughput, throughput_document
from strata.v1 import event_pb2 as events_pb
from strata.v1 import segmentation_pb2 as pb
from streaming.history import scan_events

TRIAL = Trial(rate=1_000, seconds=1, log="embedded", state="lmdb", users=10, probers=1, watch=True)
PLAN = Plan(2, 1_000, 1, 500, 10, 100, "embedded", "lmdb", True)


def test_the_examples_hold() -> None:
    """What the docstrings say."""
    assert doctest.testmod(report).failed == 0


@pytest.mark.parametrize(("age_us", "shown"), [(0, True), (1_000, True), (1_001, False), (None, False)])
def test_an_answer_shows_an_event_from_the_watermark_on(age_us: int | None, shown: bool) -> None:
    """An answer of 12:00:00.001 shows what was recorded at 12:00 when its features are at most a millisecond old."""
    reply = pb.GetSegmentsResponse(assignments=[pb.Assignment(segmenter="tiers")])
    reply.as_of.FromMicroseconds(1_000_001_000)
    if age_us is not None:
        reply.assignments[0].feature_age.FromMicroseconds(age_us)
    assert holds(reply, 1_000_000_000) is shown


def test_a_late_share_past_the_goal_is_not_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """Two in a hundred of 60 ms are past 50 ms at the 99th percentile; one in a hundred is not."""
    load = {"events": 1_000, "seconds": 1.0, "newest_users": []}
    kept = freshness_document(Fresh(visible_s=[0.01] * 99 + [0.06], acknowledged_s=[0.001], load=load), TRIAL)
    late = freshness_document(Fresh(visible_s=[0.01] * 98 + [0.06] * 2, told_s=[0.02], untold=1, load=load), TRIAL)
    assert (kept["visible_kept"], kept["told_kept"]) == (True, None)
    assert (late["visible_kept"], late["told_kept"]) == (False, True)
    assert kept["visible_ms"] == {"count": 100, "p50": 10.0, "p99": 10.0, "max": 60.0}
    print_freshness(late)
    assert "LOST: 0 probes never showed, 1 were never told" in capsys.readouterr().out


def test_rates_are_per_core_and_ratios_are_taken_round_by_round(capsys: pytest.CaptureFixture[str]) -> None:
    """1,000 events in 0.04 s of CPU are 25,000 a second and core; a push of 400 us beside 40 us is ten times it."""
    burst = Burst(
        events=1_000, seconds=0.1, acknowledged_s=0.05, cpu_s=0.04, store_cpu_s=0.0, publisher_cpu_s=0.01,
        other_cpu_share=0.0, p99_ms=5.0,
    )  # fmt: skip
    pushed = Pushed(rows=100, seconds=0.1, client_cpu_s=0.03, store_cpu_s=0.01)
    large = [Backfill(4_000_000, 7.0, 5.0, 6.0)]
    outcome = Outcome([burst] * 2, [pushed] * 2, [Backfill(1_000_000, 4.0, 2.0, 3.0)] * 2, large)
    document = throughput_document(outcome, PLAN, quick=True)
    assert document["live"]["events_per_s_and_core"]["median"] == 25_000
    assert (document["live"]["kept"], document["backfill"]["kept"]) == (True, False)
    assert document["ratios"]["pushed_cpu_per_live_cpu"]["median"] == 10
    assert document["ratios"]["events_counted_per_row_pushed"]["median"] == 10
    assert document["backfill"]["events_per_s_building"]["median"] == 500_000
    print_throughput(document)
    assert document["large_backfill"]["kept"]
    said = capsys.readouterr().out
    assert "goal 500,000, NOT KEPT" in said
    assert "backfill of 4,000,000 events" in said


def test_a_history_several_times_over_has_users_of_its_own_each_time(tmp_path: Path) -> None:
    """Every event once per copy, in the same month, and nothing else changed."""
    write_events(tmp_path / "one", [make_event(user_id=f"u{n % 3}", value=n) for n in range(30)])
    multiply(tmp_path / "one" / "history", tmp_path / "many" / "history", 3)
    once, many = scan_events(tmp_path / "one" / "history"), scan_events(tmp_path / "many" / "history")
    assert many.num_rows == 90
    assert set(many["user_id"].to_pylist()) == {f"u{n}~{copy}" for n in range(3) for copy in range(3)}
    assert len(set(many["event_id"].to_pylist())) == 90
    assert sorted(many["value"].to_pylist()) == sorted(once["value"].to_pylist() * 3)
    assert many.schema.names == once.schema.names


def test_a_load_is_made_of_whole_batches_under_unique_ids() -> None:
    """The last batch may be smaller; purchases have an amount."""
    batches = [events_pb.StreamEventsRequest.FromString(raw) for raw, _ in make_batches(1_050, 100, 20, 1)]
    events = [event for batch in batches for event in batch.events]
    assert [len(batch.events) for batch in batches] == [100] * 10 + [50]
    assert [batch.batch_id for batch in batches] == list(range(11))
    assert len({event.event_id for event in events}) == 1_050
    assert all(event.HasField("value") == (event.type == events_pb.EVENT_TYPE_PURCHASE) for event in events)
