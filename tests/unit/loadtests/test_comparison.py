"""What a comparison of peers plans, asks, holds servers to and makes of what it saw."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from toy_package import write_toy_promo

from loadtests.bench.h2load import Burst, _command
from loadtests.bench.systems import JSON_OVER_HTTP1, SEGMENTER, System
from loadtests.bench.workload import Call
from loadtests.comparison import scoring
from loadtests.comparison.cells import BATCHES, KINDS, ROWS, SINGLE, USERS, Contender, cells
from loadtests.comparison.claims import FEAST, GLUED, MLSERVER, OUR_MODEL, RAY, REDIS, claims, ratios
from loadtests.comparison.feature_reads import check_reads, read_calls, read_groups, values_of
from loadtests.comparison.plan import PeerPlan
from loadtests.comparison.report import markdown
from loadtests.comparison.run import Field, Outcome
from loadtests.peers import open_inference, places
from loadtests.peers.glued.schema import Schema
from strata.errors import StrataError
from strata.processes import environments
from strata.runtime import Package, load_package
from strata.runtime.boosted import BoostedModel
from strata.v1 import segmenter_pb2 as pb

PLAN = PeerPlan(rounds=2, single_s=0.5, many_s=2.0, singles=3, callers=16, many_callers=4)
GATEWAYS = ("embedded", "redis", "remote", "remote redis", "glued")
EVERYONE = {
    **dict.fromkeys(("C++ echo", "echo"), (SINGLE, BATCHES[500])),
    **dict.fromkeys(GATEWAYS, (SINGLE, *BATCHES.values())),
    **dict.fromkeys((OUR_MODEL, MLSERVER, RAY), tuple(ROWS.values())),
    FEAST: tuple(USERS.values()),
}
"""Every system, and the kinds of calls it is asked."""


def _contenders() -> list[Contender]:
    calls = {kind: [Call("M", Path("body"), int("".join(filter(str.isdigit, kind)) or 1))] for kind in KINDS}
    return [
        Contender(System(name, "", ()), {kind: calls[kind] for kind in reversed(kinds)})
        for name, kinds in EVERYONE.items()
    ]


def _burst(calls: float, cpu_s: float) -> Burst:
    return Burst(calls, 1.0, [1.0], cpu_s, 0.0, 0, 1)


def test_like_kinds_are_measured_next_to_each_other() -> None:
    """Whatever the order a contender's calls are in; calls about one user or row have more callers."""
    found = cells(_contenders(), PLAN)
    names = [one.name for one in found]
    assert names[:7] == ["C++ echo", "echo", *GATEWAYS]
    assert names[7:12] == [f"{name} batch of 1" for name in GATEWAYS]
    assert names[-2:] == [f"{FEAST}, 1 user", f"{FEAST}, 500 users"]
    assert len(names) == len(set(names)) == sum(len(kinds) for kinds in EVERYONE.values())
    shapes = {one.name: (one.callers, one.seconds) for one in found}
    assert shapes["glued batch of 1"] == shapes["echo"] == (16, 0.5)
    assert shapes["glued batch of 32"] == shapes[f"{RAY}, 500 rows"] == (4, 2.0)


def test_every_claim_is_about_cells_there_are() -> None:
    """A name that no cell has would leave its claim out in silence. No system but the echoes lacks a ratio to ours."""
    names = {one.name for one in cells(_contenders(), PLAN)}
    costs, rates = claims()
    assert {cell for _, above, below, _ in (*costs, *rates) for cell in (above, below)} <= names
    assert len(ratios({name: [_burst(1, 1)] for name in names})) == len(costs) + len(rates)
    over_ours = {above for _, above, below, _ in costs if "echo" not in below}
    assert {name for name in names if name.startswith((GLUED, MLSERVER, RAY, FEAST))} == over_ours


def test_ratios_are_taken_round_by_round_and_of_what_was_measured() -> None:
    """Cost above ours, rate below ours; a peer that is absent has no ratio."""
    theirs, ours = f"{MLSERVER}, 32 rows", f"{OUR_MODEL}, 32 rows"
    rounds = {theirs: [_burst(100, 0.4), _burst(50, 0.4)], ours: [_burst(200, 0.2), _burst(100, 0.2)]}
    found = {one.name: (one.value.least, one.value.median, one.value.most) for one in ratios(rounds)}
    assert found == {
        f"{theirs} / {ours}, CPU per call": (4.0, 4.0, 4.0),
        f"{ours} / {theirs}, calls per second": (2.0, 2.0, 2.0),
    }


def test_a_missing_peer_is_named_with_its_reason(tmp_path: Path) -> None:
    """One that is not installed is not started; one that does not come is told with what it said."""
    said: list[str] = []
    field = Field()

    def dies() -> System:
        raise StrataError("it ended; last words: no")

    assert field.try_to_start("a", "it is not installed", dies, said.append) is None
    assert field.try_to_start("b", "", dies, said.append) is None
    assert field.try_to_start("c", "", lambda: System("c", "", ()), said.append) == System("c", "", ())
    assert said == ["starting b", "starting c"]
    assert field.absent == {"a": "it is not installed", "b": "it ended; last words: no"}
    text = markdown(Outcome([], {}, field.absent, {}, {}, {}, {}), PLAN, "strata bench peers")
    assert text.endswith("**Not measured: a**: it is not installed\n**Not measured: b**: it ended; last words: no\n")


def test_an_interrupted_installation_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And other pins are another place."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    place = places.place("mlserver")
    assert place.parent == tmp_path / "strata" / "peers"
    place.mkdir(parents=True)
    assert places.lacking("mlserver") == "it is not installed; run scripts/install_peers.py mlserver"
    (place / environments.COMPLETE).touch()
    assert places.lacking("mlserver") == ""
    (tmp_path / "other.txt").write_text("mlserver==0\n")
    monkeypatch.setitem(places.SOURCES, "mlserver", tmp_path / "other.txt")
    assert places.place("mlserver") != place
    assert places.lacking("mlserver")


def test_json_is_posted_over_http_1() -> None:
    """A server without gRPC is asked at its own path."""
    system = System("feast", "127.0.0.1:1", (), "", JSON_OVER_HTTP1)
    words = _command(system, Call("get-online-features", Path("b.json"), 1), 7, Path("log"))
    assert words[-4:] == ["--h1", "-H", "content-type: application/json", "http://127.0.0.1:1/get-online-features"]
    grpc_words = _command(System("x", "127.0.0.1:1", (), SEGMENTER), Call("Score", Path("b"), 1), 7, Path("log"))
    assert grpc_words[-1] == "http://127.0.0.1:1/strata.v1.SegmenterService/Score"
    assert "content-type: application/grpc" in grpc_words


def test_open_inference_requests_have_the_protocols_bytes() -> None:
    """Written by hand: model name 1, one input 5 (name 1, datatype 2, shape 3), raw contents 7."""
    rows = np.array([[1.0, np.nan]])
    tensor = b"\x0a\x04rows" + b"\x12\x04FP64" + b"\x1a\x02\x01\x02"
    raw = struct.pack("<2d", 1.0, np.nan)
    wanted = b"\x0a\x05promo" + b"\x2a" + bytes([len(tensor)]) + tensor + b"\x3a\x10" + raw
    assert open_inference.infer_request("promo", rows) == wanted
    # Column-ordered rows travel row by row.
    turned = np.asfortranarray(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert open_inference.infer_request("", turned).endswith(struct.pack("<4d", 1, 2, 3, 4))


def test_open_inference_replies_are_read_past_what_is_not_asked_for() -> None:
    """A version and parameters stand in a real reply; one without raw doubles is refused."""
    output = b"\x0a\x07predict" + b"\x12\x04FP64" + b"\x1a\x01\x02" + b"\x22\x02\x0a\x00"
    values = struct.pack("<2d", 0.25, 0.5)
    head = b"\x0a\x05promo" + b"\x12\x02v1" + b"\x2a" + bytes([len(output)]) + output
    assert open_inference.inferred(head + b"\x32\x10" + values).tolist() == [0.25, 0.5]
    with pytest.raises(ValueError, match="no raw FP64 output"):
        open_inference.inferred(head)
    with pytest.raises(ValueError, match="no raw FP64 output"):
        open_inference.inferred(head.replace(b"FP64", b"FP32") + b"\x32\x10" + values)


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """LightGBM over one feature: 0 coupons 0.1, 1 or 2 0.5, 3 or more 0.9."""
    return load_package(write_toy_promo(tmp_path / "packages"))


@pytest.fixture
def rows(package: Package, tmp_path: Path) -> scoring.Rows:
    """Three users with 0, 2 and 5 coupons, who take turns."""
    table = {"user_id": ["a", "b", "c"], "toy:coupons": pa.array([2.0, None, 5.0])}
    pq.write_table(pa.table(table), tmp_path / "features.parquet")
    return scoring.read_rows(package, tmp_path / "features.parquet", ["c", "a", "b"], PLAN)


@contextmanager
def _scorer(service: str, method: str, answer: Any) -> Iterator[System]:
    server = grpc.server(ThreadPoolExecutor(1))
    handler = grpc.unary_unary_rpc_method_handler(lambda request, _context: answer(request))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield System("peer", f"127.0.0.1:{port}", (), service)
    server.stop(None)


def test_rows_go_round_the_users(rows: scoring.Rows) -> None:
    """In the order asked for, a missing value as NaN, the next group where the one before ended."""
    assert [group.tolist() for group in rows.groups[1]] == [[[5.0]], [[2.0]], [[pytest.approx(np.nan, nan_ok=True)]]]
    assert rows.groups[32][1][:2].tolist() == [[pytest.approx(np.nan, nan_ok=True)], [5.0]]
    assert {size: len(groups) for size, groups in rows.groups.items()} == {1: 3, 32: 64, 500: 8}


def test_a_server_of_our_own_package_is_right_and_weighed(rows: scoring.Rows, tmp_path: Path) -> None:
    """The body that h2load sends is the one that was checked; a right reply always weighs the same."""
    dialect = scoring.SegmenterDialect(rows.package.manifest)

    def answer(message: bytes) -> bytes:
        request = pb.ScoreRequest.FromString(message)
        assert request.version == rows.package.manifest.version
        found = rows.package.score(np.frombuffer(request.values).reshape(request.row_count, 1))
        indexes, scores = found.segment_indexes.tolist(), found.scores.tolist()
        return pb.ScoreResponse(segment_indexes=indexes, scores=scores).SerializeToString()

    with _scorer(SEGMENTER, "Score", answer) as system:
        assert scoring.ready(system, dialect, rows)
        weights = scoring.check(system, dialect, rows)
    assert not scoring.ready(system, dialect, rows)
    calls = scoring.scoring_calls(dialect, rows, weights, tmp_path / "bodies")
    first = calls[ROWS[32]][0]
    # 32 one-byte indexes and 32 floats with a tag and a length each, after gRPC's five bytes.
    assert (first.users, first.least_reply_bytes, first.most_reply_bytes) == (32, 5 + 34 + 131, 5 + 34 + 131)
    assert first.body.read_bytes()[5:] == dialect.request(rows.groups[32][0])


def test_a_bare_model_is_held_to_ours_by_our_calibration(rows: scoring.Rows) -> None:
    """LightGBM's own probability is right; another one, too few, or none at all is an error."""
    assert isinstance(rows.package.model, BoostedModel)
    dialect = scoring.InferenceDialect("promo", rows.package.model)

    def replying(change: Any) -> Any:
        def answer(message: bytes) -> bytes:
            request = open_inference._CLASSES["ModelInferRequest"].FromString(message)
            values = np.frombuffer(request.raw_input_contents[0]).reshape(request.inputs[0].shape)
            raw = change(1 / (1 + np.exp(-rows.package.model.booster.raw(values))))  # type: ignore[attr-defined]
            reply = open_inference._CLASSES["ModelInferResponse"](raw_output_contents=[raw.tobytes()])
            reply.outputs.add(datatype="FP64")
            return bytes(reply.SerializeToString())

        return answer

    with _scorer(open_inference.SERVICE, "ModelInfer", replying(lambda p: p)) as system:
        scoring.check(system, dialect, rows)
    for change, words in (
        (lambda p: p + 2e-5, "other probabilities than our package"),
        (lambda p: p * np.nan, "other probabilities than our package"),
        (lambda p: np.append(p, 0.5), "gives 2 scores for 1 rows"),
    ):
        with (
            _scorer(open_inference.SERVICE, "ModelInfer", replying(change)) as system,
            pytest.raises(StrataError, match=words),
        ):
            scoring.check(system, dialect, rows)
    with (
        _scorer(open_inference.SERVICE, "ModelInfer", lambda _: b"") as system,
        pytest.raises(StrataError, match="was not answered with scores: the reply holds no raw FP64 output"),
    ):
        scoring.check(system, dialect, rows)


class _Features(BaseHTTPRequestHandler):
    """Feast's answer: columns in an order of its own, missing as null."""

    wrong = 0.0

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        values = {"a": [2.0, None], "b": [3.0, 1.5]}
        columns = {
            name: [values[user][i] for user in asked["entities"]["user_id"]] for i, name in ((1, "v__y"), (0, "v__x"))
        }
        columns["v__x"] = [value + self.wrong for value in columns["v__x"]]
        results = [{"values": column} for column in columns.values()]
        body = json.dumps({"metadata": {"feature_names": list(columns)}, "results": results}).encode()
        self.send_response(200 if asked["full_feature_names"] else 422)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def feast() -> Iterator[System]:
    server = HTTPServer(("127.0.0.1", 0), _Features)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield System("feast", f"127.0.0.1:{server.server_port}", (), "", JSON_OVER_HTTP1)
    server.shutdown()
    thread.join()
    server.server_close()


def test_feasts_values_are_held_to_those_it_was_loaded_with(
    feast: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the features' names, missing or not; then the whole reply is what a right one weighs."""
    columns = {"user_id": ["a", "b"], "v:x": [2.0, 3.0], "v:y": pa.array([None, 1.5], pa.float64())}
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")
    reads = read_groups(Schema(["v:x", "v:y"], {}, str(tmp_path / "rows.parquet")), ["b", "a"], PLAN)
    assert reads.groups[1] == [["b"], ["a"], ["b"]]
    weights = check_reads(feast, reads)
    assert weights[1][0] == weights[1][2]
    call = read_calls(reads, weights, tmp_path / "bodies")[USERS[500]][0]
    assert (call.users, call.least_reply_bytes) == (500, weights[500][0])
    assert json.loads(call.body.read_text())["entities"]["user_id"][:3] == ["b", "a", "b"]
    monkeypatch.setattr(_Features, "wrong", 1e-9)
    with pytest.raises(StrataError, match="feast gives other values of user b than it was loaded with"):
        check_reads(feast, reads)


def test_a_feature_that_is_not_there_is_named() -> None:
    reply = json.dumps({"metadata": {"feature_names": ["v__x"]}, "results": [{"values": [1.0]}]}).encode()
    assert values_of(reply, ["v:x"]) == [[1.0]]
    with pytest.raises(StrataError, match="Feast's server gives no v__y"):
        values_of(reply, ["v:x", "v:y"])


def test_a_server_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    pq.write_table(pa.table({"user_id": ["a"], "v:x": [2.0]}), tmp_path / "rows.parquet")
    reads = read_groups(Schema(["v:x"], {}, str(tmp_path / "rows.parquet")), ["a"], PLAN)
    with pytest.raises(StrataError, match="nobody does not answer"):
        check_reads(System("nobody", "127.0.0.1:1", (), "", JSON_OVER_HTTP1), reads)


def test_claims_over_more_work_say_so() -> None:
    """Feast's server reads features; ours reads and scores."""
    (over_redis, *_) = [name for name, above, below, _ in claims()[0] if above == f"{FEAST}, 1 user" and below == REDIS]
    assert over_redis == f"{FEAST}, 1 user / redis (features and segments), CPU per call"
