"""A client that was given no protos: it learns the service from the server's reflection, then asks."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SERVICE = "strata.v1.SegmentationService"


class ReflectingClient:
    """Calls by name with dictionaries, as grpcurl does with JSON."""

    def __init__(self, address: str) -> None:
        # Own subchannels: a kept connection would show one worker only, and would hide a restart.
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_reconnect_backoff_ms", 500)]
        self.channel = grpc.insecure_channel(address, options=options)
        self._database = ProtoReflectionDescriptorDatabase(self.channel)
        self._pool = descriptor_pool.DescriptorPool(self._database)

    def services(self) -> list[str]:
        """The full names of what the server offers."""
        return sorted(self._database.get_services())

    def call(self, method: str, request: dict[str, Any], timeout_s: float = 10.0) -> dict[str, Any]:
        """One unary call; the reply with the proto's own field names."""
        described = self._pool.FindServiceByName(SERVICE).FindMethodByName(method)
        ask = message_factory.GetMessageClass(described.input_type)
        reply = message_factory.GetMessageClass(described.output_type)
        invoke = self.channel.unary_unary(
            f"/{SERVICE}/{method}", request_serializer=ask.SerializeToString, response_deserializer=reply.FromString
        )
        answer = invoke(json_format.ParseDict(request, ask()), timeout=timeout_s)
        return json_format.MessageToDict(answer, preserving_proto_field_name=True)

    def segments(self, user: str, timeout_s: float = 10.0) -> dict[str, dict[str, Any]]:
        """A user's assignments by segmenter."""
        reply = self.call("GetSegments", {"user_id": user}, timeout_s)
        return {one["segmenter"]: one for one in reply["assignments"]}

    def close(self) -> None:
        """Let go of the connection."""
        self.channel.close()
