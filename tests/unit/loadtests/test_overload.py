"""Overload: what is sent and read on the wire, and what is made of it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import psutil
import pytest

from loadtests.bench.systems import System
from loadtests.overload import frames
from loadtests.overload.connection import Call, Connection, Right, repeats_the_question, weighing
from loadtests.overload.figures import Capacity, Figures, figures, recovery_s
from loadtests.overload.plan import Plan
from loadtests.overload.report import overload_document, overload_table, print_overload
from loadtests.overload.samples import Samples
from loadtests.overload.tally import GIVEN_UP, LOST, OK, RESOURCE_EXHAUSTED, UNAVAILABLE, WRONG, Slice, Tally

PLAN = Plan(seconds=2.0, light_s=1.0, after_s=1.0, ramp_s=1.0)
CAPACITY = Capacity(answers_per_s=1_000.0, cpu_s_per_answer=0.001)
BODY = b"\0\0\0\0\5\x0a\x03ann"


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        pass

    def take(self) -> list[frames.Frame]:
        found, rest = frames.take_frames(self.written.removeprefix(frames.PREFACE))
        assert rest == b""
        self.written = b""
        return found


class Link:
    """A connection on such a wire, and the ends it told."""

    def __init__(self, right: Right = repeats_the_question) -> None:
        self.ends: list[tuple[int, Call]] = []
        self.wire = Wire()
        self.connection = Connection(b"headers", lambda status, call: self.ends.append((status, call)), right)
        self.connection.connection_made(self.wire)  # type: ignore[arg-type]

    def call(self, due_s: float = 0.0) -> Call:
        made = Call(due_s, BODY)
        self.connection.call(made)
        self.connection.flush()
        return made

    def hear(self, *found: tuple[int, int, int, bytes]) -> None:
        self.connection.data_received(b"".join(frames.frame(*one) for one in found))


def answer(stream: int, data: bytes) -> list[tuple[int, int, int, bytes]]:
    trailer = b"\x00\x0bgrpc-status\x010"
    ending = frames.END_HEADERS | frames.END_STREAM
    return [
        (frames.HEADERS, frames.END_HEADERS, stream, b"\x88"),
        (frames.DATA, 0, stream, data),
        (frames.HEADERS, ending, stream, trailer),
    ]


def test_frames_come_whole_however_they_were_cut() -> None:
    sent = frames.frame(frames.DATA, 1, 3, b"abc") + frames.frame(frames.PING, 0, 0, bytes(8))
    for cut in range(len(sent)):
        first, rest = frames.take_frames(sent[:cut])
        second, rest = frames.take_frames(rest + sent[cut:])
        assert (first + second, rest) == ([(0, 1, 3, b"abc"), (6, 0, 0, bytes(8))], b"")


def test_a_call_is_headers_and_a_body_that_ends_its_stream() -> None:
    link = Link()
    link.wire.take()
    link.call()
    link.call()
    first = [(frames.HEADERS, frames.END_HEADERS, 1, b"headers"), (frames.DATA, frames.END_STREAM, 1, BODY)]
    assert link.wire.take() == first + [(kind, flags, 3, payload) for kind, flags, _, payload in first]


def test_an_answer_repeats_the_question() -> None:
    """Another user's answer, and OK without any, are wrong."""
    link = Link()
    calls = [link.call() for _ in range(3)]
    link.hear(*answer(1, b"\0\0\0\0\x09" + BODY[5:] + b"more"), *answer(3, b"\0\0\0\0\5\x0a\x03bob"), *answer(5, b""))
    assert link.ends == [(OK, calls[0]), (WRONG, calls[1]), (WRONG, calls[2])]


def test_a_refusal_is_read_from_trailers_alone() -> None:
    link = Link()
    call = link.call()
    ending = frames.END_HEADERS | frames.END_STREAM
    link.hear((frames.HEADERS, ending, 1, b"\x88\x00\x0bgrpc-status\x018"))
    assert link.ends == [(RESOURCE_EXHAUSTED, call)]


def test_calls_past_the_streams_a_server_allows_wait_at_the_caller() -> None:
    link = Link()
    link.hear((frames.SETTINGS, 0, 0, b"\x00\x03\x00\x00\x00\x01"))
    link.wire.take()
    link.call()
    link.call()
    assert [one[2] for one in link.wire.take()] == [1, 1]
    link.hear(*answer(1, BODY))
    assert [one[2] for one in link.wire.take()] == [3, 3]


@pytest.mark.parametrize(("code", "end"), [(7, UNAVAILABLE), (8, LOST), (2, LOST)])
def test_a_stream_refused_was_not_begun_and_one_reset_is_lost(code: int, end: int) -> None:
    """REFUSED_STREAM is what a gRPC client makes UNAVAILABLE of."""
    link = Link()
    call = link.call()
    link.hear((frames.RST_STREAM, 0, 1, code.to_bytes(4, "big")))
    assert link.ends == [(end, call)]


def test_a_call_is_given_up_at_its_deadline_and_the_server_told() -> None:
    link = Link()
    old, new = link.call(1.0), link.call(2.0)
    link.wire.take()
    link.connection.give_up(1.5)
    link.connection.flush()
    assert link.wire.take() == [(frames.RST_STREAM, 0, 1, b"\0\0\0\x08")]
    link.connection.connection_lost(None)
    assert link.ends == [(GIVEN_UP, old), (-2, new)]


def heavy(good: int, refused: int) -> Tally:
    """Light, then a second of filling and one of overload, then light again, slow for 0.3 s."""
    tally = Tally()
    for number in range(40):
        due_s = number / 10 + 0.05
        for _ in range(good if 10 <= number < 30 else 10):
            slow = 0.080 if 10 <= number < 33 else 0.002
            tally.ended(OK, due_s, due_s + slow, 0.1)
        for _ in range(refused if 10 <= number < 30 else 0):
            tally.ended(RESOURCE_EXHAUSTED, due_s, due_s + 0.001, 0.1)
    tally.late_s = [0.001] * 100
    return tally


def test_figures_are_of_the_overload_after_its_beginning() -> None:
    made = figures(
        "admission",
        heavy(good=90, refused=210),
        PLAN,
        CAPACITY,
        spent_s=1.2,
        memory_mb=(100.0, 101.0),
        thirds_mb=(100.0, 104.0),
    )
    assert made.offered_per_s == pytest.approx(3_000)
    assert (made.goodput_per_s, made.goodput_share) == (pytest.approx(900), pytest.approx(0.9))
    assert made.cpu_share == pytest.approx(0.75)
    assert (made.p50_ms, made.light_p50_ms) == (pytest.approx(80), pytest.approx(2))
    assert made.ends_per_s == {"resource_exhausted": pytest.approx(2_100)}
    assert made.refused_per_s == pytest.approx(2_100)
    assert made.recovery_s == pytest.approx(0.3)
    assert made.memory_grown == pytest.approx(0.04)


def test_an_answer_past_the_deadline_is_none() -> None:
    tally = Tally()
    tally.ended(OK, 0.0, 0.1001, 0.1)
    assert tally.slices == {0: Slice([], {GIVEN_UP: 1})}


def test_a_load_that_never_calms_down_is_not_recovered() -> None:
    """And three calm slices in a row are wanted: one may be chance."""
    calm, slow, silent = Slice([0.001]), Slice([0.050]), Slice()
    assert recovery_s([slow, calm, calm, slow, calm], 0.001) is None
    assert recovery_s([silent] * 10, 0.001) is None
    assert recovery_s([Slice([0.001], {RESOURCE_EXHAUSTED: 1})] * 10, 0.001) is None
    assert recovery_s([calm] * 3, 0.001) == 0.0


def test_a_tally_crosses_a_pipe_unchanged() -> None:
    made = heavy(3, 4)
    assert Tally.from_document(json.loads(json.dumps(made.to_document()))) == made


def test_the_document_and_the_table_have_every_side() -> None:
    one = figures("off", heavy(10, 0), PLAN, CAPACITY, spent_s=1.2, memory_mb=(1.0, 2.0), thirds_mb=(1.0, 1.0))
    found = [one, replace(one, name="admission", recovery_s=None)]
    document = json.loads(json.dumps(overload_document(found, PLAN, "strata bench overload")))
    assert document["command"] == "strata bench overload"
    assert [side["name"] for side in document["sides"]] == ["off", "admission"]
    assert document["goals"] == {"goodput_share": 0.8, "recovery_s": 2.0, "memory_grown": 0.05}
    assert "not seen" in overload_table(found)


def sides(**shares: float) -> list[Figures]:
    """With these goodputs; recovered after a second, and grown by 2 %."""
    one = figures("", heavy(10, 0), PLAN, CAPACITY, spent_s=1.2, memory_mb=(90.0, 120.0), thirds_mb=(100.0, 102.0))
    return [replace(one, name=name, goodput_share=share, recovery_s=1.0) for name, share in shares.items()]


def test_the_front_and_the_best_without_it_are_held_to_the_goals(capsys: pytest.CaptureFixture[str]) -> None:
    """Three verdicts each; the other sides have none. What was touched when the load began is no growth."""
    found = sides(off=0.0, admission=0.799, streams=0.7, haproxy=0.96)
    print_overload(found)
    assert capsys.readouterr().out.splitlines()[-6:] == [
        "goodput of the capacity, haproxy: 96 % (at least 80 %), kept",
        "recovery, haproxy: 1 s (at most 2 s), kept",
        "memory from the first third to the last, haproxy: 2 % (at most 5 %), kept",
        "goodput of the capacity, best without haproxy (admission): 79.9 % (at least 80 %), NOT KEPT",
        "recovery, best without haproxy (admission): 1 s (at most 2 s), kept",
        "memory from the first third to the last, best without haproxy (admission): 2 % (at most 5 %), kept",
    ]


@pytest.mark.parametrize(
    ("change", "kept", "said"),
    [
        ({"recovery_s": 2.1}, [True, False, True], "recovery, best without haproxy (off): 2.1 s (at most 2 s), NOT"),
        (
            {"recovery_s": None},
            [True, False, True],
            "recovery, best without haproxy (off): not seen (at most 2 s), NOT",
        ),
        ({"memory_last_mb": 105.1}, [True, True, False], "(off): 5.1 % (at most 5 %), NOT KEPT"),
        ({"memory_last_mb": None}, [True, True, False], "(off): not seen (at most 5 %), NOT KEPT"),
        ({"memory_last_mb": 90.0}, [True, True, True], "(off): -10 % (at most 5 %), kept"),
    ],
)
def test_each_goal_alone_can_be_missed(
    change: dict[str, Any], kept: list[bool], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recovery that was not seen and a worker that died keep nothing; without HAProxy that is said."""
    found = [replace(sides(off=0.9)[0], **change)]
    assert [one["kept"] for one in overload_document(found, PLAN, "x")["verdicts"]] == kept
    json.dumps(overload_document(found, PLAN, "x"), allow_nan=False)
    print_overload(found)
    printed = capsys.readouterr().out
    assert said in printed
    assert "NOT MEASURED: HAProxy in front" in printed


def test_memory_is_the_workers_between_two_moments() -> None:
    """The median of them; nothing of a worker that ended on the way."""
    samples = Samples(System("gateway", "", (psutil.Process(),)))
    samples._at_s, samples._held_mb = [0.0, 1.0, 2.0, 3.0], [90.0, 100.0, 104.0, None]
    assert (samples.worker_mb(1.0, 3.0), samples.worker_mb(0.5, 1.5)) == (102.0, 100.0)
    assert samples.worker_mb(2.0, 3.5) is None
    assert samples.worker_mb(7.0, 8.0) is None


def test_samples_of_a_living_process_have_its_memory() -> None:
    """Its resident memory, in MB."""
    with Samples(System("gateway", "", (psutil.Process(),))) as samples:
        began_s = time.monotonic()
    held_mb = samples.worker_mb(began_s - 60, began_s + 60)
    assert held_mb == pytest.approx(psutil.Process().memory_info().rss / 2**20, rel=0.2)


def test_an_answer_of_a_server_that_repeats_nothing_is_known_by_its_weight() -> None:
    """An echo's reply of another length is wrong."""
    link = Link(weighing(4))
    calls = [link.call() for _ in range(2)]
    link.hear(*answer(1, b"\0\0\0\0\4abcd"), *answer(3, b"\0\0\0\0\3abc"))
    assert link.ends == [(OK, calls[0]), (WRONG, calls[1])]


def test_a_connection_is_busy_until_its_last_call_has_ended() -> None:
    """Waiting for a free stream is busy too."""
    link = Link()
    link.hear((frames.SETTINGS, 0, 0, b"\x00\x03\x00\x00\x00\x01"))
    link.call()
    link.call()
    link.hear(*answer(1, BODY))
    assert link.connection.busy
    link.hear(*answer(3, BODY))
    assert not link.connection.busy
