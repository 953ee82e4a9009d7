"""Errors of SegmenterService as gRPC statuses that carry google.rpc.ErrorInfo."""

from __future__ import annotations

from typing import Any, Final, NoReturn

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

DOMAIN: Final = "strata"
_DETAILS_KEY: Final = "grpc-status-details-bin"


class Refusal(Exception):
    """A request that is not answered: a gRPC code, a stable reason, a sentence, and facts as metadata."""

    def __init__(self, code: grpc.StatusCode, reason: str, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.metadata = code, reason, message, metadata


async def abort(context: Any, refusal: Refusal) -> NoReturn:
    """End the call with the refusal's status and details."""
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason=refusal.reason, domain=DOMAIN, metadata=refusal.metadata))
    number = code_pb2.Code.Value(refusal.code.name)
    status = status_pb2.Status(code=number, message=refusal.message, details=[detail])
    await context.abort(refusal.code, refusal.message, ((_DETAILS_KEY, status.SerializeToString()),))
    raise AssertionError("abort returned")
