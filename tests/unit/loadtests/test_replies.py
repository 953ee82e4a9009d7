from __future__ import annotations

from collections.abc import Callable

import pytest
from toy_gateway import ToyGateway

from loadtests.replies import ReplyChecker, ReplyWrong
from strata.v1 import segmentation_pb2 as pb

TOY = ToyGateway()
SINGLE = pb.GetSegmentsRequest(user_id="22")
BATCH = pb.BatchGetSegmentsRequest(user_ids=["22", "1"])


def _checker() -> ReplyChecker:
    return ReplyChecker(TOY.ListSegmenters(pb.ListSegmentersRequest(), None).segmenters)


def _single() -> pb.GetSegmentsResponse:
    return TOY.GetSegments(SINGLE, None)


def _batch() -> pb.BatchGetSegmentsResponse:
    return TOY.BatchGetSegments(BATCH, None)


def test_right_answers_are_live() -> None:
    """Both methods' right replies pass."""
    assert _checker().check(SINGLE, _single()) == ""
    assert _checker().check(BATCH, _batch()) == ""


def test_a_fallback_is_right_but_not_live() -> None:
    """A degraded answer is told apart from a wrong one, with its reason."""
    degraded = ToyGateway(degraded=True)
    assert _checker().check(SINGLE, degraded.GetSegments(SINGLE, None)) == "SEGMENTER_TIMEOUT"
    assert _checker().check(BATCH, degraded.BatchGetSegments(BATCH, None)) == "SEGMENTER_TIMEOUT"


def test_one_unknown_user_of_a_batch_makes_it_not_live() -> None:
    """Statuses count as much as sources."""
    reply = _batch()
    reply.user_statuses[1] = pb.USER_STATUS_UNKNOWN
    assert _checker().check(BATCH, reply) == "UNKNOWN_USER"


SINGLE_FAULTS: dict[str, Callable[[pb.GetSegmentsResponse], None]] = {
    "the reply is for another user": lambda reply: setattr(reply, "user_id", "1"),
    "as_of is not set": lambda reply: reply.ClearField("as_of"),
    "other segmenters than ListSegmenters names": lambda reply: reply.ClearField("assignments"),
    "parity: a segment outside its vocabulary": lambda reply: setattr(reply.assignments[0], "segment", "prime"),
    r"parity: a live answer without a score in \[0, 1\]": lambda reply: reply.assignments[0].ClearField("score"),
    "parity: no version or no source": lambda reply: reply.assignments[0].ClearField("version"),
}
BATCH_FAULTS: dict[str, Callable[[pb.BatchGetSegmentsResponse], None]] = {
    "a batch reply of another length": lambda reply: reply.ClearField("user_statuses"),
    "parity: a column of another length": lambda reply: reply.columns[0].ClearField("sources"),
    "parity: a segment outside its vocabulary": lambda reply: setattr(reply.columns[0].segments[0], "key", "prime"),
    "parity: a segment index outside its vocabulary": lambda reply: reply.columns[0].segment_indexes.__setitem__(0, 9),
}


@pytest.mark.parametrize("words", SINGLE_FAULTS)
def test_a_wrong_single_reply_is_named(words: str) -> None:
    """Each way of being wrong is an error of its own."""
    reply = _single()
    SINGLE_FAULTS[words](reply)
    with pytest.raises(ReplyWrong, match=words):
        _checker().check(SINGLE, reply)


@pytest.mark.parametrize("words", BATCH_FAULTS)
def test_a_wrong_batch_reply_is_named(words: str) -> None:
    """Each way of being wrong is an error of its own."""
    reply = _batch()
    BATCH_FAULTS[words](reply)
    with pytest.raises(ReplyWrong, match=words):
        _checker().check(BATCH, reply)


def test_a_clock_that_runs_back_is_an_error() -> None:
    """Workers' clocks may differ by moments, not by minutes."""
    checker = _checker()
    checker.check(SINGLE, _single())
    earlier = _single()
    earlier.as_of.seconds -= 60
    with pytest.raises(ReplyWrong, match="runs back"):
        checker.check(SINGLE, earlier)
