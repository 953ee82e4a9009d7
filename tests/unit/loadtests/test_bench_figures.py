"""What a bench makes of what it saw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from toy_gateway import ToyGateway, served

from loadtests.bench.feature_reads import read_ratios
from loadtests.bench.gateways import shared_environ
from loadtests.bench.h2load import Burst, Generator, _complaint
from loadtests.bench.harvest import _read
from loadtests.bench.scratch import make_home, make_scratch
from loadtests.bench.summary import Figure, ratios, row
from loadtests.bench.systems import System
from loadtests.bench.tools import require_tools
from loadtests.bench.workload import Call, echo_calls, requests_for, weigh, write_calls
from loadtests.peers.echo import sized
from strata.errors import InputInvalid, StrataError
from strata.settings import ClockSettings, Settings
from strata.v1 import segmentation_pb2 as pb

WORDS = """
requests: 100 total, 100 started, 100 done, {ok} succeeded, 0 failed, 0 errored, 0 timeout
traffic: 73.99KB (75761) total, 975B (975) headers (space savings 95.99%), 56.54KB ({data}) data
"""


def _burst(calls: float, cpu_s: float, seconds: float = 1.0) -> Burst:
    return Burst(calls, seconds, [1.0, 2.0, 3.0, 4.0], cpu_s, 0.1, 0, 1)


@pytest.mark.parametrize(
    ("ok", "data", "right"), [(100, 20_000, True), (100, 19_800, False), (99, 20_000, False), (100, 20_200, False)]
)
def test_a_grpc_error_in_a_run_is_seen(ok: int, data: int, right: bool) -> None:
    """h2load calls an error with no data a success; the bytes do not add up then."""
    call = Call("GetSegments", Path("body"), 1, least_reply_bytes=200, most_reply_bytes=200)
    assert (_complaint(WORDS.format(ok=ok, data=data), call, 100) == "") is right


def test_an_answer_that_changed_is_no_error_and_an_error_is_one(tmp_path: Path) -> None:
    """Features move on while a bench runs, and a user's reply may weigh otherwise; it still weighs more than none."""
    (call,) = write_calls([pb.GetSegmentsRequest(user_id="22")], tmp_path)
    before = replace(call, least_reply_bytes=20, most_reply_bytes=30)
    with served(ToyGateway()) as address:
        generator = Generator(System("toy", address, ()), [before, before], 1, tmp_path)
        size = generator._per_run * (5 + ToyGateway().GetSegments(pb.GetSegmentsRequest(user_id="22"), None).ByteSize())
        ok = generator._per_run
        assert generator._complaint(WORDS.format(ok=ok, data=size), 0) == ""
        assert generator._complaint(WORDS.format(ok=ok, data=20 * ok), 0) == ""
        assert "replies have" in _complaint(WORDS.format(ok=ok, data=size), before, ok)
        for data in (0, 19 * ok, size + 20 * ok):
            assert "replies have" in generator._complaint(WORDS.format(ok=ok, data=data), 1)
    assert "replies have" in generator._complaint(WORDS.format(ok=ok, data=size * 2), 1)  # nobody to ask
    echo = replace(before, method="Single")
    assert "replies have" in Generator(System("echo", address, ()), [echo], 1, tmp_path)._complaint(
        WORDS.format(ok=ok, data=size), 0
    )


def test_words_that_are_not_h2loads_are_not_right() -> None:
    """A generator that could not connect counts as wrong."""
    assert _complaint("could not connect", Call("GetSegments", Path("body"), 1), 1)


def test_replies_are_weighed_with_their_moving_times(tmp_path: Path) -> None:
    """A right reply lies between the bounds whatever the nanoseconds are, an empty one does not."""
    request = pb.GetSegmentsRequest(user_id="22")
    reply = ToyGateway().GetSegments(request, None)
    reply.as_of.nanos = 1_000
    reply.assignments[0].feature_age.nanos = 5_000_000
    (call,) = weigh(write_calls([request], tmp_path), [reply])
    for nanos in (300_000_000, 999_999_999):
        reply.as_of.nanos = reply.assignments[0].feature_age.nanos = nanos
        reply.assignments[0].feature_age.seconds += 200
        assert call.least_reply_bytes <= 5 + reply.ByteSize() <= call.most_reply_bytes
    assert call.least_reply_bytes > 5
    assert call.body.read_bytes() == b"\0\0\0\0\x04" + request.SerializeToString()


def test_the_echo_answers_with_the_size_asked_for(tmp_path: Path) -> None:
    """Bounds of an echo's reply are exact, and the message has that size."""
    calls = write_calls([pb.GetSegmentsRequest(user_id="1")], tmp_path)
    (call,) = echo_calls(calls, "Single", 188)
    assert (call.method, call.least_reply_bytes, call.most_reply_bytes) == ("Single", 193, 193)
    assert [sized(size).ByteSize() for size in (3, 60, 188, 5_000)] == [3, 60, 188, 5_000]


def test_calls_go_round_the_users() -> None:
    """Singles name each user in turn; batches go on where the one before ended."""
    alone, many = requests_for(["a", "b", "c"], singles=4, batches=2, batch_users=2)
    assert [one.user_id for one in alone] == ["a", "b", "c", "a"]  # type: ignore[union-attr]
    assert [list(one.user_ids) for one in many] == [["a", "b"], ["c", "a"]]  # type: ignore[union-attr]


def test_a_row_holds_medians_and_spreads() -> None:
    """CPU is per call and per user; the middle round stands for the cell."""
    found = row("x", 4, 500, [_burst(100, 0.1), _burst(200, 0.1), _burst(400, 0.1)])
    assert found.calls_per_s == Figure(200, 100, 400)
    assert found.users_per_s.median == 100_000
    assert found.cpu_us_per_call == Figure(500, 250, 1_000)
    assert found.cpu_us_per_user.median == 1.0
    assert (found.p50_ms.median, found.p99_ms.median) == (2.0, 4.0)


def test_ratios_are_taken_round_by_round() -> None:
    """A machine that slows down in one round slows both sides of that round."""
    rounds = {"echo": [_burst(100, 0.1), _burst(100, 0.2)], "embedded": [_burst(100, 0.15), _burst(100, 0.3)]}
    (claim,) = ratios(rounds)
    assert claim.value == pytest.approx(Figure(1.5, 1.5, 1.5))
    assert claim.kept
    rounds["embedded"] = [_burst(100, 0.3), _burst(100, 0.6)]
    assert ratios(rounds)[0].kept is False


@pytest.mark.parametrize(("cpu_s", "kept"), [(0.6, True), (0.602, False)])
def test_a_user_of_a_batch_is_held_to_twelve_microseconds(cpu_s: float, kept: bool) -> None:
    """100 calls of 500 users for 0.6 s of the server's CPU are 12 us a user; the median of the rounds counts."""
    (claim,) = ratios({"embedded batch": [_burst(100, 0.1), _burst(100, cpu_s), _burst(100, 0.9)]})
    assert claim.name == "BatchGetSegments(500) embedded, server CPU us a user"
    assert claim.value == pytest.approx(Figure(cpu_s * 20, 2.0, 18.0))
    assert (claim.at_most, claim.kept) == (12.0, kept)


def test_features_are_read_from_the_prediction_log(tmp_path: Path) -> None:
    """Only feature columns, over all segmenters; the newest file wins; missing stays missing."""
    for name, file, value in (("a", "1", 1.0), ("a", "2", None), ("b", "1", 3.0)):
        (tmp_path / name).mkdir(exist_ok=True)
        table = pa.table({"user_id": ["u"], "score": [0.5], f"v:{name}": pa.array([value], pa.float64())})
        pq.write_table(table, tmp_path / name / f"{file}.parquet")
    assert _read(tmp_path) == {"v:a": {"u": None}, "v:b": {"u": 3.0}}


def test_a_home_that_is_not_prepared_is_a_sentence(tmp_path: Path) -> None:
    """Nothing is started on an empty home."""
    with pytest.raises(InputInvalid, match=r"has no registry\.db, state, packages; prepare it with"):
        make_scratch(Settings(home=tmp_path))


def test_a_bench_home_shares_data_and_nothing_else(tmp_path: Path) -> None:
    """State and packages are the platform's own; BentoML's store is a copy; logs are not shared."""
    for name in ("state", "packages", "predictions"):
        (tmp_path / name).mkdir()
    (tmp_path / "registry.db").touch()
    (tmp_path / "bentoml" / "models").mkdir(parents=True)
    settings = Settings(home=tmp_path)
    home = make_home(settings, make_scratch(settings) / "embedded" / "home")
    assert (home / "state").resolve() == (tmp_path / "state").resolve()
    assert (home / "bentoml" / "models").is_dir()
    assert not (home / "bentoml").is_symlink()
    assert not (home / "predictions").exists()


def test_a_missing_tool_names_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bench without h2load says how to get it."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StrataError, match=r"needs h2load and redis-server; run scripts/install_tools\.sh"):
        require_tools("h2load", "redis-server")


def test_reads_are_held_to_their_bounds_round_by_round() -> None:
    """Wall and CPU of stock Feast over ours; what was not measured is left out."""
    samples = {
        ("lmdb", 500): [(10.0, 9.0), (13.0, 9.0), (11.0, 9.0)],
        ("redis", 500): [(30.0, 10.0)] * 3,
        ("feast", 500): [(600.0, 140.0), (650.0, 160.0), (550.0, 150.0)],
    }
    found = {one.name: (one.value.median, one.kept) for one in read_ratios(samples)}
    assert found == {
        "features of 500 from lmdb, us a user": (11.0, True),
        "features of 500 from redis, us a user": (30.0, False),
        "features of 500, stock Feast / ours on LMDB, wall": (50.0, True),
        "features of 500, stock Feast / ours on Redis, wall": (20.0, True),
        "features of 500, stock Feast / ours on Redis, client CPU": (15.0, True),
    }
    assert read_ratios({}) == []


def test_a_replayed_clock_runs_at_the_machines_speed(tmp_path: Path) -> None:
    """The demonstration's speed would move windows on by hours while a bench runs."""
    settings = Settings(home=tmp_path, clock=ClockSettings(mode="replay:2017-12-01T05:00:00Z", speed=20))
    told = shared_environ(settings, tmp_path)
    assert (told["STRATA_CLOCK__MODE"], told["STRATA_CLOCK__SPEED"]) == ("replay:2017-12-01T05:00:00Z", "1")
    assert "STRATA_CLOCK__ORIGIN_US" in told
    assert "STRATA_CLOCK__ORIGIN_US" not in shared_environ(Settings(home=tmp_path), tmp_path)
