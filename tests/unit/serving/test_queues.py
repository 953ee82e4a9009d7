"""Which methods of the gateway wait in a queue of their own."""

from __future__ import annotations

from typing import Any

from grpc_health.v1 import health_pb2_grpc

from serving.queues import OWN_QUEUE, FewQueues
from strata.v1 import event_pb2_grpc, release_pb2_grpc, segmentation_pb2_grpc


class Seen:
    """A server that notes what it is given."""

    def __init__(self) -> None:
        self.generic, self.own = 0, set[str]()

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        self.generic += len(handlers)

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        self.own |= {f"/{service}/{name}" for name in handlers}


def test_only_what_is_flooded_has_a_queue_of_its_own_and_everything_is_served() -> None:
    """The names are those of the contracts: a renamed method would lose its queue unseen."""
    seen = Seen()
    queues: Any = FewQueues(seen)
    segmentation_pb2_grpc.add_SegmentationServiceServicer_to_server(  # type: ignore[no-untyped-call]
        segmentation_pb2_grpc.SegmentationServiceServicer(), queues
    )
    event_pb2_grpc.add_EventServiceServicer_to_server(  # type: ignore[no-untyped-call]
        event_pb2_grpc.EventServiceServicer(), queues
    )
    release_pb2_grpc.add_ReleaseServiceServicer_to_server(  # type: ignore[no-untyped-call]
        release_pb2_grpc.ReleaseServiceServicer(), queues
    )
    health_pb2_grpc.add_HealthServicer_to_server(health_pb2_grpc.HealthServicer(), queues)
    assert seen.own == OWN_QUEUE
    assert seen.generic == 4
