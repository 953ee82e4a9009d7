"""Arrivals, the mix of calls, the users and the counts."""

from __future__ import annotations

from itertools import islice, pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loadtests.arrivals import arrivals
from loadtests.budget import load_profile
from loadtests.calls import calls, rotate
from loadtests.measured import read_measured
from loadtests.plan import Plan, read_plan
from loadtests.tally import Tally, fine_bucket, latencies
from loadtests.users import read_users
from strata.errors import InputInvalid
from strata.settings import ClockSettings, Settings
from strata.v1.segmentation_pb2 import BatchGetSegmentsRequest


def test_arrivals_offer_the_rate_in_order() -> None:
    """Exactly rate times length arrivals, ascending, inside the run, the same for the same seed."""
    times = list(arrivals(200.0, 30.0, seed=7))
    assert len(times) == 6_000
    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] < 30.0
    assert times == list(arrivals(200.0, 30.0, seed=7))


def test_arrivals_come_in_bursts() -> None:
    """The gaps are those of a Poisson process: as spread as they are long, not evenly spaced."""
    times = list(arrivals(200.0, 30.0, seed=7))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert spread / mean == pytest.approx(1.0, abs=0.05)


def test_every_user_is_asked_before_one_is_asked_again() -> None:
    """Users rotate."""
    users = [str(n) for n in range(50)]
    turn = rotate(users, seed=3)
    assert sorted(islice(turn, 50)) == sorted(users)
    assert sorted(islice(turn, 50)) == sorted(users)


def test_the_mix_has_the_share_of_batches_asked_for() -> None:
    """About one call in five is a batch of the size asked for when a fifth is asked for."""
    drawn = list(islice(calls(["a", "b", "c"], 0.2, 7, seed=1), 2_000))
    batches = [call for call in drawn if isinstance(call, BatchGetSegmentsRequest)]
    assert len(batches) / len(drawn) == pytest.approx(0.2, abs=0.03)
    assert {len(call.user_ids) for call in batches} == {7}


def test_users_come_from_the_history_up_to_the_clock(tmp_path: Path) -> None:
    """A user whose first event the platform's clock has not reached is not asked about."""
    folder = tmp_path / "history" / "events" / "month=2017-01"
    folder.mkdir(parents=True)
    times = pa.array([0, 10, 3_000_000_000], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"user_id": ["b", "a", "later"], "event_time": times}), folder / "part.parquet")
    clock = ClockSettings(mode="replay:1970-01-01T00:00:01Z", origin_us=None)
    assert read_users(Settings(home=tmp_path, clock=clock)) == ["a", "b"]


def test_users_come_from_a_file(tmp_path: Path) -> None:
    """One a line; blanks and repeats are dropped."""
    path = tmp_path / "users.txt"
    path.write_text("b\n\na\nb\n")
    assert read_users(Settings(home=tmp_path), path) == ["a", "b"]


def test_no_users_is_a_sentence(tmp_path: Path) -> None:
    """Neither a missing history nor an empty or absent file is a stack trace."""
    (tmp_path / "empty").write_text("\n")
    for user_file in (None, tmp_path / "empty", tmp_path / "absent"):
        with pytest.raises(InputInvalid):
            read_users(Settings(home=tmp_path), user_file)


def test_percentiles_are_of_right_answers_only() -> None:
    """Quick refusals do not make a server look fast."""
    tally = Tally(offered=3)
    tally.answered("GetSegments", 10.0, "")
    tally.answered("BatchGetSegments", 20.0, "UNKNOWN_USER")
    tally.failed("RESOURCE_EXHAUSTED")
    measured = tally.measured(duration_s=1.0, cpu_share=0.1)
    assert (measured.good, measured.degraded, measured.errors) == (2, {"UNKNOWN_USER": 1}, {"RESOURCE_EXHAUSTED": 1})
    assert (measured.all.p50_ms, measured.all.p99_ms) == (10.0, 20.0)
    assert measured.methods["BatchGetSegments"].calls == 1


def test_percentiles_are_nearest_rank() -> None:
    """Of 1..1000, the 99.9th percentile is 999 and the median 500."""
    found = latencies([float(n) for n in range(1, 1_001)])
    assert (found.p50_ms, found.p95_ms, found.p99_ms, found.p99_9_ms) == (500, 950, 990, 999)


def test_small_times_keep_their_hundredths() -> None:
    """Locust's report can show 5.01 ms as past 5 ms."""
    assert [fine_bucket(value) for value in (5.012, 55.55, 555.5)] == [5.01, 55.5, 556.0]


def test_what_crosses_to_the_locust_process_comes_back_whole(tmp_path: Path) -> None:
    """Plan and result survive their files."""
    plan = Plan("h:1", load_profile("ci"), ["a"], 3, tmp_path / "result.json")
    plan.write(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json") == plan
    tally = Tally(offered=1)
    tally.answered("GetSegments", 1.0, "")
    measured = tally.measured(1.0, 0.5)
    measured.write(plan.result)
    assert read_measured(plan.result) == measured
