import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReleasedVersions(_message.Message):
    __slots__ = ("segmenter", "live", "previous", "canary", "canary_share", "shadow")
    SEGMENTER_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    CANARY_FIELD_NUMBER: _ClassVar[int]
    CANARY_SHARE_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    segmenter: str
    live: str
    previous: str
    canary: str
    canary_share: float
    shadow: str
    def __init__(self, segmenter: _Optional[str] = ..., live: _Optional[str] = ..., previous: _Optional[str] = ..., canary: _Optional[str] = ..., canary_share: _Optional[float] = ..., shadow: _Optional[str] = ...) -> None: ...

class Release(_message.Message):
    __slots__ = ("serial", "segmenters", "made_at", "action", "segmenter", "who", "why", "before")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    SEGMENTERS_FIELD_NUMBER: _ClassVar[int]
    MADE_AT_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    SEGMENTER_FIELD_NUMBER: _ClassVar[int]
    WHO_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    serial: int
    segmenters: _containers.RepeatedCompositeFieldContainer[ReleasedVersions]
    made_at: _timestamp_pb2.Timestamp
    action: str
    segmenter: str
    who: str
    why: str
    before: ReleasedVersions
    def __init__(self, serial: _Optional[int] = ..., segmenters: _Optional[_Iterable[_Union[ReleasedVersions, _Mapping]]] = ..., made_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., action: _Optional[str] = ..., segmenter: _Optional[str] = ..., who: _Optional[str] = ..., why: _Optional[str] = ..., before: _Optional[_Union[ReleasedVersions, _Mapping]] = ...) -> None: ...

class WorkerRelease(_message.Message):
    __slots__ = ("worker", "serial", "refusal")
    WORKER_FIELD_NUMBER: _ClassVar[int]
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    worker: int
    serial: int
    refusal: str
    def __init__(self, worker: _Optional[int] = ..., serial: _Optional[int] = ..., refusal: _Optional[str] = ...) -> None: ...

class GetReleaseRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetReleaseResponse(_message.Message):
    __slots__ = ("release", "workers")
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    release: Release
    workers: _containers.RepeatedCompositeFieldContainer[WorkerRelease]
    def __init__(self, release: _Optional[_Union[Release, _Mapping]] = ..., workers: _Optional[_Iterable[_Union[WorkerRelease, _Mapping]]] = ...) -> None: ...

class ListReleasesRequest(_message.Message):
    __slots__ = ("page_size", "before_serial")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_SERIAL_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    before_serial: int
    def __init__(self, page_size: _Optional[int] = ..., before_serial: _Optional[int] = ...) -> None: ...

class ListReleasesResponse(_message.Message):
    __slots__ = ("releases",)
    RELEASES_FIELD_NUMBER: _ClassVar[int]
    releases: _containers.RepeatedCompositeFieldContainer[Release]
    def __init__(self, releases: _Optional[_Iterable[_Union[Release, _Mapping]]] = ...) -> None: ...

class ReleaseChange(_message.Message):
    __slots__ = ("segmenter", "who", "why", "expected_serial")
    SEGMENTER_FIELD_NUMBER: _ClassVar[int]
    WHO_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_SERIAL_FIELD_NUMBER: _ClassVar[int]
    segmenter: str
    who: str
    why: str
    expected_serial: int
    def __init__(self, segmenter: _Optional[str] = ..., who: _Optional[str] = ..., why: _Optional[str] = ..., expected_serial: _Optional[int] = ...) -> None: ...

class PromoteRequest(_message.Message):
    __slots__ = ("change", "version")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    change: ReleaseChange
    version: str
    def __init__(self, change: _Optional[_Union[ReleaseChange, _Mapping]] = ..., version: _Optional[str] = ...) -> None: ...

class PromoteResponse(_message.Message):
    __slots__ = ("release",)
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    release: Release
    def __init__(self, release: _Optional[_Union[Release, _Mapping]] = ...) -> None: ...

class SetCanaryRequest(_message.Message):
    __slots__ = ("change", "version", "share")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    change: ReleaseChange
    version: str
    share: float
    def __init__(self, change: _Optional[_Union[ReleaseChange, _Mapping]] = ..., version: _Optional[str] = ..., share: _Optional[float] = ...) -> None: ...

class SetCanaryResponse(_message.Message):
    __slots__ = ("release",)
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    release: Release
    def __init__(self, release: _Optional[_Union[Release, _Mapping]] = ...) -> None: ...

class SetShadowRequest(_message.Message):
    __slots__ = ("change", "version")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    change: ReleaseChange
    version: str
    def __init__(self, change: _Optional[_Union[ReleaseChange, _Mapping]] = ..., version: _Optional[str] = ...) -> None: ...

class SetShadowResponse(_message.Message):
    __slots__ = ("release",)
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    release: Release
    def __init__(self, release: _Optional[_Union[Release, _Mapping]] = ...) -> None: ...

class RollBackRequest(_message.Message):
    __slots__ = ("change",)
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    change: ReleaseChange
    def __init__(self, change: _Optional[_Union[ReleaseChange, _Mapping]] = ...) -> None: ...

class RollBackResponse(_message.Message):
    __slots__ = ("release",)
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    release: Release
    def __init__(self, release: _Optional[_Union[Release, _Mapping]] = ...) -> None: ...
