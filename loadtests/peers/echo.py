"""The floor: a gRPC server that reads a message and answers with one of a given size, and does nothing else.

    python -m loadtests.peers.echo --port P --reply-bytes Single=188 --reply-bytes Batch=5000

Each method `/strata.bench.Echo/NAME` takes and returns a message with one bytes field, parsed and serialised
by protobuf, on `grpc.aio` and uvloop: what any Python gRPC service pays before its first own line.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
from typing import Any

import grpc
import uvloop
from google.protobuf.wrappers_pb2 import BytesValue

SERVICE = "strata.bench.Echo"


def sized(message_bytes: int) -> BytesValue:
    """A message of `message_bytes` serialised bytes, 3 or more; one more where the length's own varint leaves a gap.

    >>> [sized(size).ByteSize() for size in (3, 129, 130, 131, 188, 20_000)]
    [3, 129, 131, 131, 188, 20000]
    """
    message = BytesValue(value=b"x")
    for payload in range(max(1, message_bytes - 6), message_bytes):
        message = BytesValue(value=b"x" * payload)
        if message.ByteSize() >= message_bytes:
            break
    return message


def _handler(reply: BytesValue) -> grpc.RpcMethodHandler:
    async def answer(_request: BytesValue, _context: Any) -> BytesValue:
        return reply

    return grpc.unary_unary_rpc_method_handler(
        answer, request_deserializer=BytesValue.FromString, response_serializer=BytesValue.SerializeToString
    )


async def _serve(port: int, replies: dict[str, int]) -> None:
    server = grpc.aio.server(options=[("grpc.so_reuseport", 1)])
    methods = {name: _handler(sized(size)) for name, size in replies.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    gc.freeze()
    await stop.wait()
    await server.stop(1)


def _size(text: str) -> tuple[str, int]:
    name, _, size = text.partition("=")
    return name, int(size)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--reply-bytes", type=_size, action="append", required=True)
    chosen = parser.parse_args()
    uvloop.run(_serve(chosen.port, dict(chosen.reply_bytes)))
