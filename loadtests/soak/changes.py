"""A release change now and then: a twin that answers everybody alike is promoted, rolled back, a canary, a shadow."""

from __future__ import annotations

import threading
from typing import Any, Final

import grpc

from loadtests.soak.pace import Paced
from loadtests.soak.tally import Tally
from strata.v1 import release_pb2 as pb
from strata.v1.release_pb2_grpc import ReleaseServiceStub

WHO: Final = "strata prove soak"
CALL_S: Final = 30.0
SHARE: Final = 0.2
ROUND: Final = ("promote", "roll back", "canary", "end canary", "shadow", "end shadow")


class Changes(Paced):
    """One change after the other, round and round."""

    def __init__(
        self, address: str, every_s: float, stop: threading.Event, named: tuple[str, str], tally: Tally
    ) -> None:
        """`named`: the segmenter, and the twin's version."""
        super().__init__("changes", address, 1.0 / every_s, stop)
        self._segmenter, self._twin = named
        self._tally = tally

    def step(self, channel: Any, turn: int) -> None:
        what = ROUND[turn % len(ROUND)]
        try:
            self._change(ReleaseServiceStub(channel), what)  # type: ignore[no-untyped-call]
            self._tally.add("releases", what)
        except grpc.RpcError as error:
            self._tally.add("releases", f"error {error.code().name}")

    def _change(self, stub: Any, what: str) -> None:
        asked, twin = pb.ReleaseChange(segmenter=self._segmenter, who=WHO, why=what), self._twin
        if what == "promote":
            stub.Promote(pb.PromoteRequest(change=asked, version=twin), timeout=CALL_S)
        elif what in ("roll back", "end canary"):
            stub.RollBack(pb.RollBackRequest(change=asked), timeout=CALL_S)
        elif what == "canary":
            stub.SetCanary(pb.SetCanaryRequest(change=asked, version=twin, share=SHARE), timeout=CALL_S)
        else:
            version = twin if what == "shadow" else ""
            stub.SetShadow(pb.SetShadowRequest(change=asked, version=version), timeout=CALL_S)
