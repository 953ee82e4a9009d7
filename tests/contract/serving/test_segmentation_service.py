"""SegmentationService over a real port, with doubles behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import pytest_asyncio
from fake_features import FakeFeatures
from google.rpc import error_details_pb2, status_pb2
from toy_segmentation import KeptPredictions, served, toy_parts
from toy_segmenter import ToySegmenter, toy_profile

from serving.metrics.families import SECONDS
from serving.metrics.recorder import Recorder
from serving.metrics.seen_page import SeenCollector
from serving.metrics.version_numbers import private_recorder
from serving.observers import open_observers
from strata.v1 import segmentation_pb2 as pb

NAN = float("nan")


class World:
    """A gateway of doubles and a stub that asks it."""

    def __init__(self, *, remote: bool = True) -> None:
        """`remote`: whether the second segmenter is asked over a network."""
        self.tiers, self.promo = ToySegmenter(toy_profile("tiers")), ToySegmenter(toy_profile("promo"), waits=remote)
        self.features = FakeFeatures({"ann": (2, 1.0), "bob": (1, NAN), "damaged": (1, 1)})
        self.predictions = KeptPredictions()
        self.stub: Any = None
        self.folder = Path()
        """Where callers are counted."""
        self.recorders: dict[str, Recorder] = {}

    def recorder(self, name: str, version: str) -> Recorder:
        """Where what is counted about a version can be read."""
        return self.recorders.setdefault(name, private_recorder(name, version))

    def scorings(self, method: str) -> dict[str, float]:
        """By segmenter, how often a version was asked by that method."""
        found = {}
        for name, recorder in self.recorders.items():
            start = recorder.position("strata_score_seconds", method, name, "0123456789ab")
            found[name] = sum(recorder.value(start + bound) for bound in range(len(SECONDS) + 1))
        return found


@pytest_asyncio.fixture(params=["remote", "embedded"])
async def world(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Both ways through the gateway: a segmenter that waits, and none."""
    made = World(remote=request.param == "remote")
    segmenters = {"tiers": made.tiers, "promo": made.promo}
    observers = open_observers(tmp_path / "numbers-000.bin", None)
    parts = toy_parts(
        tmp_path, segmenters, made.features, made.predictions, version_recorder=made.recorder, observers=observers
    )
    made.folder = tmp_path
    async with served(parts) as (stub, _):
        made.stub = stub
        yield made


def details(error: grpc.aio.AioRpcError) -> tuple[error_details_pb2.ErrorInfo, error_details_pb2.BadRequest]:
    trailer = dict(error.trailing_metadata())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(trailer)
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
    return info, bad


async def fails(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def test_a_known_user_has_a_live_assignment_of_each_segmenter(world: World) -> None:
    """Segment, label, score, version, age and as_of are all there, in the order of the settings."""
    reply = await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"))
    assert [a.segmenter for a in reply.assignments] == ["tiers", "promo"]
    first = reply.assignments[0]
    assert (first.segment, first.label, first.version, first.score) == ("high", "High", "0123456789ab", 0.5)
    assert (first.source, first.degradation) == (pb.ASSIGNMENT_SOURCE_LIVE, pb.DEGRADATION_REASON_UNSPECIFIED)
    assert first.feature_age.seconds == 60
    assert not first.HasField("last_known_age")
    assert (reply.user_id, reply.as_of.seconds) == ("ann", 1_512_000_060)


async def test_scoring_is_timed_by_method_and_version(world: World) -> None:
    """Once per version and call, however many users; whom nobody asks about is not."""
    await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"))
    await world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=["ann", "bob"], segmenters=["promo"]))
    assert world.scorings("GetSegments") == {"tiers": 1.0, "promo": 1.0}
    assert world.scorings("BatchGetSegments") == {"tiers": 0.0, "promo": 1.0}


async def test_a_callers_failing_calls_are_counted_by_code(world: World) -> None:
    """Beside all its calls; those that are answered are no failures, degraded ones included."""
    shop, world.promo.down = (("x-strata-caller", "shop"),), True
    await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"), metadata=shop)
    await fails(world.stub.GetSegments(pb.GetSegmentsRequest(user_id=""), metadata=shop))
    await fails(world.stub.GetSegmenter(pb.GetSegmenterRequest(name="absent")))
    samples = [sample for metric in SeenCollector(world.folder).collect() for sample in metric.samples]
    counts = {(*sample.labels.values(), sample.name): sample.value for sample in samples if "caller" in sample.name}
    assert counts == {
        ("other", "strata_caller_requests_total"): 0.0,
        ("(unnamed)", "strata_caller_requests_total"): 1.0,
        ("shop", "strata_caller_requests_total"): 2.0,
        ("shop", "INVALID_ARGUMENT", "strata_caller_errors_total"): 1.0,
        ("(unnamed)", "NOT_FOUND", "strata_caller_errors_total"): 1.0,
    }


async def test_named_segmenters_come_in_the_order_asked(world: World) -> None:
    reply = await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann", segmenters=["promo", "tiers"]))
    assert [a.segmenter for a in reply.assignments] == ["promo", "tiers"]


async def test_an_unknown_user_is_a_normal_answer(world: World) -> None:
    """The declared fallback, marked so, without a score or an age; no segmenter is troubled."""
    reply = await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="nobody"))
    for assignment in reply.assignments:
        assert assignment.segment == "low"
        assert assignment.source == pb.ASSIGNMENT_SOURCE_FALLBACK
        assert assignment.degradation == pb.DEGRADATION_REASON_UNKNOWN_USER
        assert not assignment.HasField("score")
        assert not assignment.HasField("feature_age")
        assert list(assignment.missing_features) == []
    assert world.tiers.asked == []


async def test_missing_features_are_listed_on_a_live_answer(world: World) -> None:
    reply = await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="bob", segmenters=["tiers"]))
    [assignment] = reply.assignments
    assert assignment.source == pb.ASSIGNMENT_SOURCE_LIVE
    assert list(assignment.missing_features) == ["orders:f1"]


async def test_a_failing_segmenter_leaves_the_others_alone(world: World) -> None:
    """Without a memory of the user the fallback is given, with the reason."""
    world.promo.down = True
    reply = await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"))
    tiers, promo = reply.assignments
    assert tiers.source == pb.ASSIGNMENT_SOURCE_LIVE
    assert promo.source == pb.ASSIGNMENT_SOURCE_FALLBACK
    assert promo.degradation == pb.DEGRADATION_REASON_SEGMENTER_UNAVAILABLE
    assert not promo.HasField("score")


async def test_a_segmenter_that_was_live_gives_its_last_known_answer(world: World) -> None:
    """With its age and score, and the reason why it is not live."""
    await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"))
    world.promo.slow = True
    reply = await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann", segmenters=["promo"]))
    [promo] = reply.assignments
    assert (promo.segment, promo.score, promo.source) == ("high", 0.5, pb.ASSIGNMENT_SOURCE_LAST_KNOWN)
    assert promo.degradation == pb.DEGRADATION_REASON_SEGMENTER_TIMEOUT
    assert promo.HasField("last_known_age")


async def test_a_store_that_cannot_be_read_degrades_everything_and_fails_nothing(world: World) -> None:
    await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"))
    world.features.down = True
    for user, source in (("ann", pb.ASSIGNMENT_SOURCE_LAST_KNOWN), ("bob", pb.ASSIGNMENT_SOURCE_FALLBACK)):
        reply = await world.stub.GetSegments(pb.GetSegmentsRequest(user_id=user))
        for assignment in reply.assignments:
            assert assignment.source == source
            assert assignment.degradation == pb.DEGRADATION_REASON_FEATURES_UNAVAILABLE


@pytest.mark.parametrize(
    ("user", "fault"), [("", "empty"), ("x" * 257, "longer than 256 bytes"), ("a\nb", "control characters")]
)
async def test_a_bad_user_id_is_a_named_violation(world: World, user: str, fault: str) -> None:
    error = await fails(world.stub.GetSegments(pb.GetSegmentsRequest(user_id=user)))
    info, bad = details(error)
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert (info.reason, info.domain) == ("INVALID_REQUEST", "strata")
    [violation] = bad.field_violations
    assert violation.field == "user_id"
    assert fault in violation.description


async def test_a_segmenter_that_is_not_served_is_not_found(world: World) -> None:
    error = await fails(world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann", segmenters=["tears"])))
    info, _ = details(error)
    assert error.code() == grpc.StatusCode.NOT_FOUND
    assert (info.reason, dict(info.metadata)) == ("SEGMENTER_NOT_FOUND", {"segmenter": "tears"})


async def test_a_segmenter_named_twice_is_a_violation(world: World) -> None:
    error = await fails(world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann", segmenters=["tiers", "tiers"])))
    assert details(error)[1].field_violations[0].field == "segmenters[1]"


async def test_the_request_id_comes_back_and_is_made_up_for_a_call_that_fails(world: World) -> None:
    call = world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"), metadata=(("x-request-id", "mine"),))
    assert ("x-request-id", "mine") in tuple(await call.trailing_metadata())
    error = await fails(world.stub.GetSegments(pb.GetSegmentsRequest()))
    assert dict(error.trailing_metadata())["x-request-id"]


async def test_a_defect_of_ours_says_nothing_but_the_request_id(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(world.features, "read", broken)
    call = world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"), metadata=(("x-request-id", "r1"),))
    error = await fails(call)
    assert error.code() == grpc.StatusCode.INTERNAL
    assert "secret" not in error.details()
    assert "r1" in error.details()
    assert dict(details(error)[0].metadata) == {"request_id": "r1"}


async def test_a_batch_answers_each_user_in_its_place(world: World) -> None:
    """Known, unknown, invalid and repeated users in one call; one bad id fails nobody."""
    users = ["ann", "nobody", "", "bob", "ann"]
    reply = await world.stub.BatchGetSegments(
        pb.BatchGetSegmentsRequest(user_ids=users, segmenters=["tiers"], include_scores=True)
    )
    known, unknown, invalid = pb.USER_STATUS_KNOWN, pb.USER_STATUS_UNKNOWN, pb.USER_STATUS_INVALID
    live, fallback, none = (
        pb.ASSIGNMENT_SOURCE_LIVE, pb.ASSIGNMENT_SOURCE_FALLBACK, pb.ASSIGNMENT_SOURCE_UNSPECIFIED,
    )  # fmt: skip
    assert list(reply.user_statuses) == [known, unknown, invalid, known, known]
    [column] = reply.columns
    assert [segment.key for segment in column.segments] == ["low", "middle", "high"]
    assert [column.segment_indexes[i] for i in (0, 1, 3, 4)] == [2, 0, 1, 2]
    assert list(column.sources) == [live, fallback, none, live, live]
    assert np.array_equal(list(column.scores), [0.5, NAN, NAN, 0.0, 0.5], equal_nan=True)
    assert column.degradation == pb.DEGRADATION_REASON_UNSPECIFIED
    assert [(list(m.user_indexes), list(m.features)) for m in reply.missing_features] == [([3], ["orders:f1"])]
    assert world.features.reads == [(("tiers@0123456789ab",), 4)]


async def test_users_lacking_the_same_features_are_listed_together(world: World) -> None:
    """Each set once, with positions of the request: an invalid user before them does not shift them."""
    reply = await world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=["", "bob", "ann", "nobody", "bob"]))
    assert [(list(m.user_indexes), list(m.features)) for m in reply.missing_features] == [([1, 4], ["orders:f1"])]


async def test_a_batch_leaves_scores_out_unless_asked(world: World) -> None:
    reply = await world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=["ann"]))
    assert [len(column.scores) for column in reply.columns] == [0, 0]


async def test_a_batch_of_invalid_users_only_is_answered(world: World) -> None:
    reply = await world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=["", "\x00"]))
    assert list(reply.user_statuses) == [pb.USER_STATUS_INVALID] * 2
    assert [list(column.sources) for column in reply.columns] == [[0, 0], [0, 0]]


async def test_a_damaged_row_degrades_its_user_only(world: World) -> None:
    """Alone and in a batch its user is one the store knows, and cannot read."""
    alone = await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="damaged"))
    reasons = [assignment.degradation for assignment in alone.assignments]
    assert reasons == [pb.DEGRADATION_REASON_FEATURES_UNAVAILABLE] * 2
    reply = await world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=["damaged", "ann", "nobody"]))
    assert list(reply.user_statuses) == [pb.USER_STATUS_KNOWN, pb.USER_STATUS_KNOWN, pb.USER_STATUS_UNKNOWN]
    fallback = pb.ASSIGNMENT_SOURCE_FALLBACK
    for column in reply.columns:
        assert list(column.sources) == [fallback, pb.ASSIGNMENT_SOURCE_LIVE, fallback]
        assert column.degradation == pb.DEGRADATION_REASON_FEATURES_UNAVAILABLE


async def test_a_batch_degrades_by_column(world: World) -> None:
    """A segmenter that is down gives each user its last known answer or the fallback, and says why once."""
    await world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=["ann"]))
    world.promo.down = True
    reply = await world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=["ann", "bob", "nobody"]))
    tiers, promo = reply.columns
    assert tiers.degradation == pb.DEGRADATION_REASON_UNSPECIFIED
    assert promo.degradation == pb.DEGRADATION_REASON_SEGMENTER_UNAVAILABLE
    assert list(promo.sources) == [2, 3, 3]
    assert list(promo.segment_indexes) == [2, 0, 0]


@pytest.mark.parametrize("count", [0, 1_001])
async def test_an_empty_or_oversized_batch_is_a_violation(world: World, count: int) -> None:
    error = await fails(world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=["u"] * count)))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert details(error)[1].field_violations[0].field == "user_ids"


async def test_a_thousand_users_are_answered(world: World) -> None:
    reply = await world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=["ann"] * 1_000))
    assert list(reply.columns[0].segment_indexes) == [2] * 1_000


async def test_segmenters_are_listed_with_their_meaning(world: World) -> None:
    listed = await world.stub.ListSegmenters(pb.ListSegmentersRequest())
    assert [segmenter.name for segmenter in listed.segmenters] == ["tiers", "promo"]
    one = (await world.stub.GetSegmenter(pb.GetSegmenterRequest(name="tiers"))).segmenter
    assert one == listed.segmenters[0]
    assert (one.fallback_segment, list(one.features)) == ("low", ["orders:f0", "orders:f1"])
    assert (one.placement, one.score_meaning) == (pb.PLACEMENT_EMBEDDED, pb.SCORE_MEANING_MARGIN)


async def test_every_assignment_is_handed_to_the_prediction_log(world: World) -> None:
    await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"))
    logged = [
        (answer.users, [column.profile.name for column in answer.columns]) for answer in world.predictions.answers
    ]
    logged += [([one.user], [each.profile.name for each in one.assignments]) for one in world.predictions.live]
    assert logged == [(["ann"], ["tiers", "promo"])]


@pytest.mark.parametrize("world", ["remote"], indirect=True)
async def test_a_caller_that_leaves_takes_its_remote_call_along(world: World) -> None:
    """And the next caller is served as if nothing had been."""
    world.promo.hangs = True
    call = world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"), timeout=0.05)
    error = await fails(call)
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    world.promo.hangs = False
    reply = await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"))
    assert [a.source for a in reply.assignments] == [pb.ASSIGNMENT_SOURCE_LIVE] * 2
