import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_TYPE_UNSPECIFIED: _ClassVar[EventType]
    EVENT_TYPE_VIEW: _ClassVar[EventType]
    EVENT_TYPE_SEARCH: _ClassVar[EventType]
    EVENT_TYPE_CART: _ClassVar[EventType]
    EVENT_TYPE_PURCHASE: _ClassVar[EventType]
    EVENT_TYPE_RETURN: _ClassVar[EventType]
    EVENT_TYPE_IMPRESSION: _ClassVar[EventType]
    EVENT_TYPE_CLICK: _ClassVar[EventType]
    EVENT_TYPE_COUPON_REDEMPTION: _ClassVar[EventType]
    EVENT_TYPE_CUSTOM: _ClassVar[EventType]
    EVENT_TYPE_PROFILE_UPDATE: _ClassVar[EventType]
    EVENT_TYPE_ALIAS: _ClassVar[EventType]

class EventOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_OUTCOME_UNSPECIFIED: _ClassVar[EventOutcome]
    EVENT_OUTCOME_ACCEPTED: _ClassVar[EventOutcome]
    EVENT_OUTCOME_DUPLICATE: _ClassVar[EventOutcome]
    EVENT_OUTCOME_LATE: _ClassVar[EventOutcome]
    EVENT_OUTCOME_INVALID: _ClassVar[EventOutcome]

class ViolationReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VIOLATION_REASON_UNSPECIFIED: _ClassVar[ViolationReason]
    VIOLATION_REASON_REQUIRED: _ClassVar[ViolationReason]
    VIOLATION_REASON_TOO_LONG: _ClassVar[ViolationReason]
    VIOLATION_REASON_CONTROL_CHARACTER: _ClassVar[ViolationReason]
    VIOLATION_REASON_UNKNOWN_TYPE: _ClassVar[ViolationReason]
    VIOLATION_REASON_MALFORMED: _ClassVar[ViolationReason]
    VIOLATION_REASON_NOT_FINITE: _ClassVar[ViolationReason]
    VIOLATION_REASON_OUT_OF_RANGE: _ClassVar[ViolationReason]
    VIOLATION_REASON_TOO_FINE: _ClassVar[ViolationReason]
    VIOLATION_REASON_FUTURE: _ClassVar[ViolationReason]
    VIOLATION_REASON_LATE: _ClassVar[ViolationReason]
    VIOLATION_REASON_TOO_LARGE: _ClassVar[ViolationReason]
    VIOLATION_REASON_CONFLICT: _ClassVar[ViolationReason]
    VIOLATION_REASON_OTHER_CURRENCY: _ClassVar[ViolationReason]
EVENT_TYPE_UNSPECIFIED: EventType
EVENT_TYPE_VIEW: EventType
EVENT_TYPE_SEARCH: EventType
EVENT_TYPE_CART: EventType
EVENT_TYPE_PURCHASE: EventType
EVENT_TYPE_RETURN: EventType
EVENT_TYPE_IMPRESSION: EventType
EVENT_TYPE_CLICK: EventType
EVENT_TYPE_COUPON_REDEMPTION: EventType
EVENT_TYPE_CUSTOM: EventType
EVENT_TYPE_PROFILE_UPDATE: EventType
EVENT_TYPE_ALIAS: EventType
EVENT_OUTCOME_UNSPECIFIED: EventOutcome
EVENT_OUTCOME_ACCEPTED: EventOutcome
EVENT_OUTCOME_DUPLICATE: EventOutcome
EVENT_OUTCOME_LATE: EventOutcome
EVENT_OUTCOME_INVALID: EventOutcome
VIOLATION_REASON_UNSPECIFIED: ViolationReason
VIOLATION_REASON_REQUIRED: ViolationReason
VIOLATION_REASON_TOO_LONG: ViolationReason
VIOLATION_REASON_CONTROL_CHARACTER: ViolationReason
VIOLATION_REASON_UNKNOWN_TYPE: ViolationReason
VIOLATION_REASON_MALFORMED: ViolationReason
VIOLATION_REASON_NOT_FINITE: ViolationReason
VIOLATION_REASON_OUT_OF_RANGE: ViolationReason
VIOLATION_REASON_TOO_FINE: ViolationReason
VIOLATION_REASON_FUTURE: ViolationReason
VIOLATION_REASON_LATE: ViolationReason
VIOLATION_REASON_TOO_LARGE: ViolationReason
VIOLATION_REASON_CONFLICT: ViolationReason
VIOLATION_REASON_OTHER_CURRENCY: ViolationReason

class PublishEventsRequest(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ...) -> None: ...

class PublishEventsResponse(_message.Message):
    __slots__ = ("outcomes", "refusals", "counts", "clamped_indexes", "recorded_at")
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    CLAMPED_INDEXES_FIELD_NUMBER: _ClassVar[int]
    RECORDED_AT_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedScalarFieldContainer[EventOutcome]
    refusals: _containers.RepeatedCompositeFieldContainer[EventRefusal]
    counts: EventCounts
    clamped_indexes: _containers.RepeatedScalarFieldContainer[int]
    recorded_at: _timestamp_pb2.Timestamp
    def __init__(self, outcomes: _Optional[_Iterable[_Union[EventOutcome, str]]] = ..., refusals: _Optional[_Iterable[_Union[EventRefusal, _Mapping]]] = ..., counts: _Optional[_Union[EventCounts, _Mapping]] = ..., clamped_indexes: _Optional[_Iterable[int]] = ..., recorded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class StreamEventsRequest(_message.Message):
    __slots__ = ("batch_id", "events")
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    batch_id: int
    events: _containers.RepeatedCompositeFieldContainer[Event]
    def __init__(self, batch_id: _Optional[int] = ..., events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ...) -> None: ...

class StreamEventsResponse(_message.Message):
    __slots__ = ("batch_id", "result")
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    batch_id: int
    result: PublishEventsResponse
    def __init__(self, batch_id: _Optional[int] = ..., result: _Optional[_Union[PublishEventsResponse, _Mapping]] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("event_id", "user_id", "type", "event_time", "utc_offset_s", "session_id", "item_id", "category", "value", "quantity", "discount", "attributes", "decision_id", "custom_name", "profile_update", "alias")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    UTC_OFFSET_S_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    DISCOUNT_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_NAME_FIELD_NUMBER: _ClassVar[int]
    PROFILE_UPDATE_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    user_id: str
    type: EventType
    event_time: _timestamp_pb2.Timestamp
    utc_offset_s: int
    session_id: str
    item_id: str
    category: str
    value: Money
    quantity: int
    discount: Money
    attributes: _struct_pb2.Struct
    decision_id: str
    custom_name: str
    profile_update: ProfileUpdate
    alias: Alias
    def __init__(self, event_id: _Optional[str] = ..., user_id: _Optional[str] = ..., type: _Optional[_Union[EventType, str]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., utc_offset_s: _Optional[int] = ..., session_id: _Optional[str] = ..., item_id: _Optional[str] = ..., category: _Optional[str] = ..., value: _Optional[_Union[Money, _Mapping]] = ..., quantity: _Optional[int] = ..., discount: _Optional[_Union[Money, _Mapping]] = ..., attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., decision_id: _Optional[str] = ..., custom_name: _Optional[str] = ..., profile_update: _Optional[_Union[ProfileUpdate, _Mapping]] = ..., alias: _Optional[_Union[Alias, _Mapping]] = ...) -> None: ...

class Money(_message.Message):
    __slots__ = ("currency_code", "units", "nanos", "decimal")
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    NANOS_FIELD_NUMBER: _ClassVar[int]
    DECIMAL_FIELD_NUMBER: _ClassVar[int]
    currency_code: str
    units: int
    nanos: int
    decimal: str
    def __init__(self, currency_code: _Optional[str] = ..., units: _Optional[int] = ..., nanos: _Optional[int] = ..., decimal: _Optional[str] = ...) -> None: ...

class ProfileUpdate(_message.Message):
    __slots__ = ("facts", "consents")
    class FactsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class ConsentsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bool
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bool] = ...) -> None: ...
    FACTS_FIELD_NUMBER: _ClassVar[int]
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    facts: _containers.ScalarMap[str, str]
    consents: _containers.ScalarMap[str, bool]
    def __init__(self, facts: _Optional[_Mapping[str, str]] = ..., consents: _Optional[_Mapping[str, bool]] = ...) -> None: ...

class Alias(_message.Message):
    __slots__ = ("known_user_id",)
    KNOWN_USER_ID_FIELD_NUMBER: _ClassVar[int]
    known_user_id: str
    def __init__(self, known_user_id: _Optional[str] = ...) -> None: ...

class EventRefusal(_message.Message):
    __slots__ = ("event_index", "event_id", "violations")
    EVENT_INDEX_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    event_index: int
    event_id: str
    violations: _containers.RepeatedCompositeFieldContainer[EventViolation]
    def __init__(self, event_index: _Optional[int] = ..., event_id: _Optional[str] = ..., violations: _Optional[_Iterable[_Union[EventViolation, _Mapping]]] = ...) -> None: ...

class EventViolation(_message.Message):
    __slots__ = ("field", "reason", "description")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    field: str
    reason: ViolationReason
    description: str
    def __init__(self, field: _Optional[str] = ..., reason: _Optional[_Union[ViolationReason, str]] = ..., description: _Optional[str] = ...) -> None: ...

class EventCounts(_message.Message):
    __slots__ = ("accepted", "duplicate", "late", "invalid")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    INVALID_FIELD_NUMBER: _ClassVar[int]
    accepted: int
    duplicate: int
    late: int
    invalid: int
    def __init__(self, accepted: _Optional[int] = ..., duplicate: _Optional[int] = ..., late: _Optional[int] = ..., invalid: _Optional[int] = ...) -> None: ...
