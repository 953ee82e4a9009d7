"""Ask for a user's segments with nothing but an address: the server's reflection tells the rest.

    .venv/bin/python examples/ask_by_reflection.py 127.0.0.1:7400 1

Imports nothing of Strata. Any language with gRPC can do the same; grpcurl does it from a shell.
"""

from __future__ import annotations

import sys

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SERVICE, METHOD = "strata.v1.SegmentationService", "GetSegments"


def main(address: str, user: str) -> None:
    """Print the reply as JSON."""
    with grpc.insecure_channel(address) as channel:
        pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        method = pool.FindServiceByName(SERVICE).FindMethodByName(METHOD)
        request, reply = map(message_factory.GetMessageClass, (method.input_type, method.output_type))
        ask = channel.unary_unary(f"/{SERVICE}/{METHOD}", request.SerializeToString, reply.FromString)
        answer = ask(request(user_id=user), timeout=1.0)
        print(json_format.MessageToJson(answer, preserving_proto_field_name=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
