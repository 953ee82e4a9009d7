"""The few messages of the Open Inference Protocol (`inference.GRPCInferenceService/ModelInfer`) that a matrix needs.

Field numbers are the protocol's (github.com/kserve/open-inference-protocol, specification/protocol/inference_grpc.md);
fields left out here travel as unknown ones. Values travel raw, which servers decode without an object per value.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from numpy.typing import NDArray

SERVICE, METHOD = "inference.GRPCInferenceService", "ModelInfer"
Floats = NDArray[np.float64]
_Field = descriptor_pb2.FieldDescriptorProto
_STRING, _BYTES, _INT64, _MESSAGE = _Field.TYPE_STRING, _Field.TYPE_BYTES, _Field.TYPE_INT64, _Field.TYPE_MESSAGE
_MESSAGES: dict[str, tuple[tuple[str, int, Any, bool], ...]] = {
    "Tensor": (("name", 1, _STRING, False), ("datatype", 2, _STRING, False), ("shape", 3, _INT64, True)),
    "ModelInferRequest": (
        ("model_name", 1, _STRING, False), ("inputs", 5, _MESSAGE, True), ("raw_input_contents", 7, _BYTES, True),
    ),
    "ModelInferResponse": (
        ("model_name", 1, _STRING, False), ("outputs", 5, _MESSAGE, True), ("raw_output_contents", 6, _BYTES, True),
    ),
}  # fmt: skip


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="open_inference.proto", package="inference", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, type=kind, label=label)
            if kind == _MESSAGE:
                added.type_name = ".inference.Tensor"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"inference.{name}")) for name in _MESSAGES
    }


_CLASSES = _classes()


def infer_request(model: str, matrix: Floats) -> bytes:
    """A request to score float64 [n, f] rows; NaN travels as it is."""
    request = _CLASSES["ModelInferRequest"](model_name=model)
    request.inputs.add(name="rows", datatype="FP64", shape=matrix.shape)
    request.raw_input_contents.append(np.ascontiguousarray(matrix, dtype="<f8").tobytes())
    message: bytes = request.SerializeToString()
    return message


def inferred(reply: bytes) -> Floats:
    """The first output's values, flat. Raises ValueError when the reply has no raw FP64 output."""
    response = _CLASSES["ModelInferResponse"].FromString(reply)
    if not response.outputs or response.outputs[0].datatype != "FP64" or not response.raw_output_contents:
        raise ValueError("the reply holds no raw FP64 output")
    return np.frombuffer(response.raw_output_contents[0], dtype="<f8")
