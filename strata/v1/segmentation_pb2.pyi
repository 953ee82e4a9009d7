import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AssignmentSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ASSIGNMENT_SOURCE_UNSPECIFIED: _ClassVar[AssignmentSource]
    ASSIGNMENT_SOURCE_LIVE: _ClassVar[AssignmentSource]
    ASSIGNMENT_SOURCE_LAST_KNOWN: _ClassVar[AssignmentSource]
    ASSIGNMENT_SOURCE_FALLBACK: _ClassVar[AssignmentSource]

class DegradationReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEGRADATION_REASON_UNSPECIFIED: _ClassVar[DegradationReason]
    DEGRADATION_REASON_UNKNOWN_USER: _ClassVar[DegradationReason]
    DEGRADATION_REASON_FEATURES_UNAVAILABLE: _ClassVar[DegradationReason]
    DEGRADATION_REASON_SEGMENTER_UNAVAILABLE: _ClassVar[DegradationReason]
    DEGRADATION_REASON_SEGMENTER_TIMEOUT: _ClassVar[DegradationReason]

class UserStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    USER_STATUS_UNSPECIFIED: _ClassVar[UserStatus]
    USER_STATUS_KNOWN: _ClassVar[UserStatus]
    USER_STATUS_UNKNOWN: _ClassVar[UserStatus]
    USER_STATUS_INVALID: _ClassVar[UserStatus]

class ChangeCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANGE_CAUSE_UNSPECIFIED: _ClassVar[ChangeCause]
    CHANGE_CAUSE_INITIAL: _ClassVar[ChangeCause]
    CHANGE_CAUSE_EVENT: _ClassVar[ChangeCause]
    CHANGE_CAUSE_TIME: _ClassVar[ChangeCause]
    CHANGE_CAUSE_RELEASE: _ClassVar[ChangeCause]

class ScoreMeaning(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCORE_MEANING_UNSPECIFIED: _ClassVar[ScoreMeaning]
    SCORE_MEANING_CALIBRATED_PROBABILITY: _ClassVar[ScoreMeaning]
    SCORE_MEANING_POSTERIOR: _ClassVar[ScoreMeaning]
    SCORE_MEANING_MARGIN: _ClassVar[ScoreMeaning]

class Placement(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLACEMENT_UNSPECIFIED: _ClassVar[Placement]
    PLACEMENT_EMBEDDED: _ClassVar[Placement]
    PLACEMENT_REMOTE: _ClassVar[Placement]
ASSIGNMENT_SOURCE_UNSPECIFIED: AssignmentSource
ASSIGNMENT_SOURCE_LIVE: AssignmentSource
ASSIGNMENT_SOURCE_LAST_KNOWN: AssignmentSource
ASSIGNMENT_SOURCE_FALLBACK: AssignmentSource
DEGRADATION_REASON_UNSPECIFIED: DegradationReason
DEGRADATION_REASON_UNKNOWN_USER: DegradationReason
DEGRADATION_REASON_FEATURES_UNAVAILABLE: DegradationReason
DEGRADATION_REASON_SEGMENTER_UNAVAILABLE: DegradationReason
DEGRADATION_REASON_SEGMENTER_TIMEOUT: DegradationReason
USER_STATUS_UNSPECIFIED: UserStatus
USER_STATUS_KNOWN: UserStatus
USER_STATUS_UNKNOWN: UserStatus
USER_STATUS_INVALID: UserStatus
CHANGE_CAUSE_UNSPECIFIED: ChangeCause
CHANGE_CAUSE_INITIAL: ChangeCause
CHANGE_CAUSE_EVENT: ChangeCause
CHANGE_CAUSE_TIME: ChangeCause
CHANGE_CAUSE_RELEASE: ChangeCause
SCORE_MEANING_UNSPECIFIED: ScoreMeaning
SCORE_MEANING_CALIBRATED_PROBABILITY: ScoreMeaning
SCORE_MEANING_POSTERIOR: ScoreMeaning
SCORE_MEANING_MARGIN: ScoreMeaning
PLACEMENT_UNSPECIFIED: Placement
PLACEMENT_EMBEDDED: Placement
PLACEMENT_REMOTE: Placement

class GetSegmentsRequest(_message.Message):
    __slots__ = ("user_id", "segmenters")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENTERS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    segmenters: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, user_id: _Optional[str] = ..., segmenters: _Optional[_Iterable[str]] = ...) -> None: ...

class GetSegmentsResponse(_message.Message):
    __slots__ = ("user_id", "assignments", "as_of")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ASSIGNMENTS_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    assignments: _containers.RepeatedCompositeFieldContainer[Assignment]
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, user_id: _Optional[str] = ..., assignments: _Optional[_Iterable[_Union[Assignment, _Mapping]]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Assignment(_message.Message):
    __slots__ = ("segmenter", "version", "segment", "label", "score", "source", "degradation", "missing_features", "feature_age", "last_known_age")
    SEGMENTER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DEGRADATION_FIELD_NUMBER: _ClassVar[int]
    MISSING_FEATURES_FIELD_NUMBER: _ClassVar[int]
    FEATURE_AGE_FIELD_NUMBER: _ClassVar[int]
    LAST_KNOWN_AGE_FIELD_NUMBER: _ClassVar[int]
    segmenter: str
    version: str
    segment: str
    label: str
    score: float
    source: AssignmentSource
    degradation: DegradationReason
    missing_features: _containers.RepeatedScalarFieldContainer[str]
    feature_age: _duration_pb2.Duration
    last_known_age: _duration_pb2.Duration
    def __init__(self, segmenter: _Optional[str] = ..., version: _Optional[str] = ..., segment: _Optional[str] = ..., label: _Optional[str] = ..., score: _Optional[float] = ..., source: _Optional[_Union[AssignmentSource, str]] = ..., degradation: _Optional[_Union[DegradationReason, str]] = ..., missing_features: _Optional[_Iterable[str]] = ..., feature_age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., last_known_age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class BatchGetSegmentsRequest(_message.Message):
    __slots__ = ("user_ids", "segmenters", "include_scores")
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    SEGMENTERS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_SCORES_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    segmenters: _containers.RepeatedScalarFieldContainer[str]
    include_scores: bool
    def __init__(self, user_ids: _Optional[_Iterable[str]] = ..., segmenters: _Optional[_Iterable[str]] = ..., include_scores: _Optional[bool] = ...) -> None: ...

class BatchGetSegmentsResponse(_message.Message):
    __slots__ = ("user_statuses", "columns", "as_of", "missing_features")
    USER_STATUSES_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    MISSING_FEATURES_FIELD_NUMBER: _ClassVar[int]
    user_statuses: _containers.RepeatedScalarFieldContainer[UserStatus]
    columns: _containers.RepeatedCompositeFieldContainer[AssignmentColumn]
    as_of: _timestamp_pb2.Timestamp
    missing_features: _containers.RepeatedCompositeFieldContainer[MissingFeatures]
    def __init__(self, user_statuses: _Optional[_Iterable[_Union[UserStatus, str]]] = ..., columns: _Optional[_Iterable[_Union[AssignmentColumn, _Mapping]]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., missing_features: _Optional[_Iterable[_Union[MissingFeatures, _Mapping]]] = ...) -> None: ...

class AssignmentColumn(_message.Message):
    __slots__ = ("segmenter", "version", "segments", "segment_indexes", "scores", "sources", "degradation", "canary_version", "canary_user_indexes")
    SEGMENTER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_INDEXES_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    DEGRADATION_FIELD_NUMBER: _ClassVar[int]
    CANARY_VERSION_FIELD_NUMBER: _ClassVar[int]
    CANARY_USER_INDEXES_FIELD_NUMBER: _ClassVar[int]
    segmenter: str
    version: str
    segments: _containers.RepeatedCompositeFieldContainer[Segment]
    segment_indexes: _containers.RepeatedScalarFieldContainer[int]
    scores: _containers.RepeatedScalarFieldContainer[float]
    sources: _containers.RepeatedScalarFieldContainer[AssignmentSource]
    degradation: DegradationReason
    canary_version: str
    canary_user_indexes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, segmenter: _Optional[str] = ..., version: _Optional[str] = ..., segments: _Optional[_Iterable[_Union[Segment, _Mapping]]] = ..., segment_indexes: _Optional[_Iterable[int]] = ..., scores: _Optional[_Iterable[float]] = ..., sources: _Optional[_Iterable[_Union[AssignmentSource, str]]] = ..., degradation: _Optional[_Union[DegradationReason, str]] = ..., canary_version: _Optional[str] = ..., canary_user_indexes: _Optional[_Iterable[int]] = ...) -> None: ...

class MissingFeatures(_message.Message):
    __slots__ = ("features", "user_indexes")
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    USER_INDEXES_FIELD_NUMBER: _ClassVar[int]
    features: _containers.RepeatedScalarFieldContainer[str]
    user_indexes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, features: _Optional[_Iterable[str]] = ..., user_indexes: _Optional[_Iterable[int]] = ...) -> None: ...

class Segment(_message.Message):
    __slots__ = ("key", "label", "description")
    KEY_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    key: str
    label: str
    description: str
    def __init__(self, key: _Optional[str] = ..., label: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class WatchSegmentsRequest(_message.Message):
    __slots__ = ("user_ids", "segmenters", "all_users", "resume_token")
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    SEGMENTERS_FIELD_NUMBER: _ClassVar[int]
    ALL_USERS_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    segmenters: _containers.RepeatedScalarFieldContainer[str]
    all_users: bool
    resume_token: bytes
    def __init__(self, user_ids: _Optional[_Iterable[str]] = ..., segmenters: _Optional[_Iterable[str]] = ..., all_users: _Optional[bool] = ..., resume_token: _Optional[bytes] = ...) -> None: ...

class WatchSegmentsResponse(_message.Message):
    __slots__ = ("changes", "as_of", "resume_token", "superseded")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDED_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[SegmentChange]
    as_of: _timestamp_pb2.Timestamp
    resume_token: bytes
    superseded: int
    def __init__(self, changes: _Optional[_Iterable[_Union[SegmentChange, _Mapping]]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., resume_token: _Optional[bytes] = ..., superseded: _Optional[int] = ...) -> None: ...

class SegmentChange(_message.Message):
    __slots__ = ("user_id", "segmenter", "version", "previous_segment", "segment", "label", "score", "cause")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENTER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SEGMENT_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    segmenter: str
    version: str
    previous_segment: str
    segment: str
    label: str
    score: float
    cause: ChangeCause
    def __init__(self, user_id: _Optional[str] = ..., segmenter: _Optional[str] = ..., version: _Optional[str] = ..., previous_segment: _Optional[str] = ..., segment: _Optional[str] = ..., label: _Optional[str] = ..., score: _Optional[float] = ..., cause: _Optional[_Union[ChangeCause, str]] = ...) -> None: ...

class ListSegmentersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListSegmentersResponse(_message.Message):
    __slots__ = ("segmenters",)
    SEGMENTERS_FIELD_NUMBER: _ClassVar[int]
    segmenters: _containers.RepeatedCompositeFieldContainer[Segmenter]
    def __init__(self, segmenters: _Optional[_Iterable[_Union[Segmenter, _Mapping]]] = ...) -> None: ...

class GetSegmenterRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetSegmenterResponse(_message.Message):
    __slots__ = ("segmenter",)
    SEGMENTER_FIELD_NUMBER: _ClassVar[int]
    segmenter: Segmenter
    def __init__(self, segmenter: _Optional[_Union[Segmenter, _Mapping]] = ...) -> None: ...

class Segmenter(_message.Message):
    __slots__ = ("name", "version", "description", "segments", "fallback_segment", "score_meaning", "feature_service", "features", "placement", "created_at")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_SEGMENT_FIELD_NUMBER: _ClassVar[int]
    SCORE_MEANING_FIELD_NUMBER: _ClassVar[int]
    FEATURE_SERVICE_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    PLACEMENT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    description: str
    segments: _containers.RepeatedCompositeFieldContainer[Segment]
    fallback_segment: str
    score_meaning: ScoreMeaning
    feature_service: str
    features: _containers.RepeatedScalarFieldContainer[str]
    placement: Placement
    created_at: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., description: _Optional[str] = ..., segments: _Optional[_Iterable[_Union[Segment, _Mapping]]] = ..., fallback_segment: _Optional[str] = ..., score_meaning: _Optional[_Union[ScoreMeaning, str]] = ..., feature_service: _Optional[str] = ..., features: _Optional[_Iterable[str]] = ..., placement: _Optional[_Union[Placement, str]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
