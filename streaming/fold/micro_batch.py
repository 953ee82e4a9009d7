"""Records of one poll, cut into runs that may be folded together.

An alias changes whose an event is, so aliases and merges stand alone, in their place; everything between two of them
is one run, whatever its partitions and users.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from strata.features.packed import HEAD, RecordDamaged, RecordKind
from streaming.log.ports import Record

_KIND_AT = 1
_USER_LENGTH = slice(48, 50)
_USER_AT = HEAD.size
# Plain numbers: an enumeration's member costs a microsecond, and there is one a record.
_EVENT, _FORWARD = int(RecordKind.EVENT), int(RecordKind.FORWARD)
_ALONE = (int(RecordKind.ALIAS), int(RecordKind.MERGE))
_KINDS = len(RecordKind)


@dataclass
class Run:
    """Event and forward records in log order, with their users numbered by first appearance."""

    records: list[Record] = field(default_factory=list)
    users: dict[str, int] = field(default_factory=dict)
    user_index: list[int] = field(default_factory=list)
    facts: list[Record] = field(default_factory=list)

    @property
    def data(self) -> list[bytes]:
        """The packed events."""
        return [record.data for record in self.records]

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Their log offsets."""
        return np.array([record.offset for record in self.records], dtype=np.int64)

    @property
    def reached(self) -> dict[int, int]:
        """Partition to one past its last event in this run."""
        return {record.partition: record.offset + 1 for record in self.records}

    def add(self, record: Record, user: str) -> None:
        """Append an event."""
        self.records.append(record)
        self.user_index.append(self.users.setdefault(user, len(self.users)))


def kind_of(record: Record) -> int:
    """What a record is, as a number of RecordKind. Raises RecordDamaged."""
    data = record.data
    if len(data) < HEAD.size:
        raise RecordDamaged(f"it has {len(data)} bytes")
    kind = data[_KIND_AT]
    if kind >= _KINDS:
        raise RecordDamaged(f"its kind is {kind}")
    return kind


def is_event(record: Record) -> bool:
    """Whether a record that was folded is a user's own event, and not one sent on."""
    return record.data[_KIND_AT] == _EVENT


def user_of(record: Record) -> str:
    """Whose it is. Raises RecordDamaged."""
    data = record.data
    user = data[_USER_AT : _USER_AT + int.from_bytes(data[_USER_LENGTH], "little")]
    try:
        return user.decode()
    except UnicodeDecodeError as error:
        raise RecordDamaged(f"its user is no UTF-8: {error}") from None


def runs_of(records: Sequence[Record], damaged: list[tuple[Record, RecordDamaged]]) -> Iterator[Run | Record]:
    """Runs and lone records, in log order. A damaged record is put aside, never folded."""
    run = Run()
    for record in records:
        try:
            kind, user = kind_of(record), user_of(record)
        except RecordDamaged as error:
            damaged.append((record, error))
            continue
        if kind in _ALONE:
            if run.records or run.facts:
                yield run
                run = Run()
            yield record
        elif kind in (_EVENT, _FORWARD):
            run.add(record, user)
        else:
            run.facts.append(record)
    if run.records or run.facts:
        yield run
