"""How many calls may fail while something is broken, and what is said of a fault in which more did."""

from __future__ import annotations

import doctest
from collections import Counter
from typing import Any

import grpc
import pytest

from loadtests.chaos import errors
from loadtests.chaos.faults import FAULTS
from loadtests.chaos.report import print_chaos
from loadtests.chaos.scenes import Scene, Trial
from loadtests.chaos.trial import Outcome, document_of, wrong_of
from loadtests.chaos.watchers import Watchers

TRIAL = Trial("redis", 1, 1, 5.0)


def scene(fault: str, unavailable_share: float = 0.0, **codes: int) -> Scene:
    """A thousand calls, of which so many failed; the others were answered with what was last known."""
    seen = Counter({f"error {code}": count for code, count in codes.items()})
    seen.update({"calls": 1_000, "last_known": 1_000 - sum(codes.values())})
    return Scene(fault, +seen, Counter(), 0.2, [5.0, 40.0, 90.0], unavailable_share)


def test_the_examples_hold() -> None:
    assert doctest.testmod(errors).failed == 0


@pytest.mark.parametrize("code", ["DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE"])
def test_one_call_in_a_hundred_may_fail_and_no_more(code: str) -> None:
    """Whatever the code, where a fault takes no server away."""
    assert wrong_of(Outcome(scenes=[scene("redis paused", **{code: 10})])) == {}
    wrong = f"wrong: redis paused: 11 of 1,000 calls ended with {code}, 1% may"
    assert wrong_of(Outcome(scenes=[scene("redis paused", **{code: 11})])) == {wrong: 11}


def test_errors_of_several_codes_are_added_up() -> None:
    """Six of each are too many; wrong answers are told beside them."""
    found = scene("redis paused", CANCELLED=6, DEADLINE_EXCEEDED=6)
    found.after["wrong: no source"] = 2
    told = "wrong: redis paused: 12 of 1,000 calls ended with CANCELLED, DEADLINE_EXCEEDED, 1% may"
    assert found.wrong() == Counter({told: 12, "wrong: no source": 2})


def test_a_server_that_is_gone_may_be_unavailable_and_nothing_else() -> None:
    """Of a killed worker of two one call in twenty; of a gateway whose file was cut all; neither may hang."""
    shares = {fault.name: fault.unavailable_share for fault in FAULTS if fault.unavailable_share}
    assert shares == {
        "worker killed": 0.05, "lmdb file truncated": 1.0, "lmdb file truncated before the start": 1.0,
    }  # fmt: skip
    assert not scene("worker killed", 0.05, UNAVAILABLE=50, DEADLINE_EXCEEDED=10).wrong()
    assert not scene("lmdb file truncated", 1.0, UNAVAILABLE=990).wrong()
    assert list(scene("worker killed", 0.05, UNAVAILABLE=51).wrong()) == [
        "wrong: worker killed: 51 of 1,000 calls ended with UNAVAILABLE, 5% may"
    ]
    assert list(scene("lmdb file truncated", 1.0, UNAVAILABLE=900, DEADLINE_EXCEEDED=100).wrong()) == [
        "wrong: lmdb file truncated: 100 of 1,000 calls ended with DEADLINE_EXCEEDED, 1% may"
    ]


def test_a_pause_may_meet_each_caller_once_in_a_short_scene() -> None:
    """One call in a hundred of a few calls would be none."""
    for failed, wrong in ((6, False), (7, True)):
        seen = Counter({"calls": 20, "error DEADLINE_EXCEEDED": failed})
        assert bool(Scene("bento paused", seen, Counter(), 0.1).wrong()) is wrong


def test_a_gateway_that_lets_every_call_time_out_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """In the scene, in the sum, and in its row; beside it how long answers took."""
    found = scene("redis paused", DEADLINE_EXCEEDED=900)
    document = document_of(TRIAL, Outcome(scenes=[found], users=300))
    assert document["scenes"][0]["during_ms"] == {"count": 3, "p50": 40.0, "p99": 90.0, "max": 90.0}
    told = {"wrong: redis paused: 900 of 1,000 calls ended with DEADLINE_EXCEEDED, 1% may": 900}
    assert (document["wrong"], document["scenes"][0]["wrong"]) == (told, told)
    print_chaos(document)
    said = " ".join(capsys.readouterr().out.split())
    assert "redis paused 1,000 0 100 0 90 90 DEADLINE_EXCEEDED 900 900 0.2" in said
    assert "WRONG: wrong: redis paused: 900 of 1,000 calls" in said


def test_a_scene_without_an_answer_has_no_latency(capsys: pytest.CaptureFixture[str]) -> None:
    """The gateway is gone: nothing to time, nothing wrong."""
    found = Scene("lmdb file truncated", Counter({"calls": 9, "error UNAVAILABLE": 9}), Counter(), 0.1, [], 1.0)
    print_chaos(document_of(TRIAL, Outcome(scenes=[found])))
    assert "no more errors than may be" in capsys.readouterr().out


class Failed(grpc.RpcError):
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.DEADLINE_EXCEEDED


class Stub:
    """Answers, then says nothing, then fails."""

    def __init__(self) -> None:
        self.turns = iter(("answer", "nothing", "error"))

    def GetSegments(self, request: Any, timeout: float) -> list[str]:  # noqa: N802 - as the stub has it
        turn = next(self.turns)
        if turn == "error":
            raise Failed
        return ["live"] if turn == "answer" else []


def test_answered_calls_are_timed_and_an_empty_answer_is_wrong() -> None:
    """What `take` gives is since the last time."""
    watchers = Watchers("nowhere:1", ["ann"], lambda user, reply: list(reply), 0)
    stub = Stub()
    for _ in range(3):
        watchers._note(watchers._call(stub, "ann"), 0.002)
    seen, took_ms = watchers.take()
    assert seen == {"calls": 3, "live": 1, "wrong: nothing in the answer": 1, "error DEADLINE_EXCEEDED": 1}
    assert took_ms == [2.0, 2.0]
    assert watchers.take() == (Counter(), [])
    watchers._note(["error DEADLINE_EXCEEDED"], 0.51)
    assert watchers.take()[0]["wrong: hung past its deadline"] == 1
