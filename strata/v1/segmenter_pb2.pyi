from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class DescribePackageRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribePackageResponse(_message.Message):
    __slots__ = ("segmenter", "version", "schema_fingerprint", "manifest_sha256")
    SEGMENTER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_SHA256_FIELD_NUMBER: _ClassVar[int]
    segmenter: str
    version: str
    schema_fingerprint: str
    manifest_sha256: str
    def __init__(self, segmenter: _Optional[str] = ..., version: _Optional[str] = ..., schema_fingerprint: _Optional[str] = ..., manifest_sha256: _Optional[str] = ...) -> None: ...

class ScoreRequest(_message.Message):
    __slots__ = ("segmenter", "version", "schema_fingerprint", "row_count", "values")
    SEGMENTER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    segmenter: str
    version: str
    schema_fingerprint: str
    row_count: int
    values: bytes
    def __init__(self, segmenter: _Optional[str] = ..., version: _Optional[str] = ..., schema_fingerprint: _Optional[str] = ..., row_count: _Optional[int] = ..., values: _Optional[bytes] = ...) -> None: ...

class ScoreResponse(_message.Message):
    __slots__ = ("segment_indexes", "scores")
    SEGMENT_INDEXES_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    segment_indexes: _containers.RepeatedScalarFieldContainer[int]
    scores: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, segment_indexes: _Optional[_Iterable[int]] = ..., scores: _Optional[_Iterable[float]] = ...) -> None: ...
