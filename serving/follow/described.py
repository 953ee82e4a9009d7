"""What the server at an address says it serves."""

from __future__ import annotations

import socket
from typing import Final

CONNECT_S: Final = 0.2
DESCRIBE_S: Final = 0.8
_OPTIONS: Final = (("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1))


def describes(host: str, port: int, segmenter: str, version: str) -> bool:
    """Whether it is exactly this. Never raises; takes a second at most, and no time while nothing listens."""
    try:
        socket.create_connection((host, port), CONNECT_S).close()
    except OSError:
        return False
    import grpc  # 13 MB and 0.2 s, which would delay the first server

    from strata.v1.segmenter_pb2 import DescribePackageRequest
    from strata.v1.segmenter_pb2_grpc import SegmenterServiceStub

    with grpc.insecure_channel(f"{host}:{port}", options=_OPTIONS) as channel:
        stub = SegmenterServiceStub(channel)  # type: ignore[no-untyped-call]  # generated without types
        try:
            told = stub.DescribePackage(DescribePackageRequest(), timeout=DESCRIBE_S)
        except grpc.RpcError:
            return False
    return (told.segmenter, told.version) == (segmenter, version)
