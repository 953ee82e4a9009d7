"""The log as the door and the worker see it.

    door --append--> LogWriter == partitions ==> LogConsumer --poll--> worker

A log has a fixed number of partitions. In each, records have dense, increasing offsets, and a consumer gets them
in that order. An append returns when its records are durable. After an append that raised or was cancelled, some
of its records may be in the log all the same: who appends again must give them ids that a reader can know again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

MAX_RECORD_BYTES: Final = 1_000_000
"""Above the largest event (16 KiB of attributes), below what a Kafka broker takes unasked (1,048,588 with framing)."""

Assigned = Callable[[Sequence[int]], Mapping[int, int]]
"""Given partitions that are this consumer's from now on, answers the offset to begin each at.

One that the answer leaves out begins at the first record there is.
"""
Revoked = Callable[[Sequence[int]], None]
"""Given partitions that will be another's; returns when all that was polled of them is applied."""
Lost = Callable[[Sequence[int]], None]
"""Given partitions that may be another's already, because this member was away too long: forget what was polled of
them and is not applied. The embedded log never loses one; where no `lost` is given, `revoked` is called.
"""


class Record(NamedTuple):
    """One record where it stands in the log. A tuple, because one is made for every record read."""

    partition: int
    offset: int
    data: bytes


class LogWriter(Protocol):
    """Takes records. Any number of coroutines of one event loop may append at the same time."""

    @property
    def partitions(self) -> int:
        """How many partitions there are, 0 to one less."""
        ...

    @property
    def queued(self) -> int:
        """Records taken and not durable yet."""
        ...

    async def append(self, records: Sequence[tuple[int, bytes]]) -> list[int]:
        """Add (partition, data) pairs; their offsets, once all of them are durable.

        Pairs of one partition keep their order, also across appends begun one after the other.
        Raises LogFull when too much waits already (none of the records is taken), LogUnavailable when the log
        cannot be written, and InputInvalid for a partition that is not there or data over MAX_RECORD_BYTES.
        """
        ...


class LogConsumer(Protocol):
    """Reads the partitions that are this consumer's share. Used by one thread."""

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        """The next records, at most so many, as soon as there is one; empty when the time is up.

        `assigned`, `revoked` and `lost` are called in here, and what they raise is raised here. An answer is bounded
        in bytes too.
        Raises LogUnavailable (a later poll may succeed) and LogDamaged (it will not).
        """
        ...

    def start_offsets(self) -> Mapping[int, int]:
        """The offset of the first record kept, of every partition of the log."""
        ...

    def end_offsets(self) -> Mapping[int, int]:
        """One past the last durable record, of every partition of the log."""
        ...

    def seek(self, partition: int, offset: int) -> None:
        """Continue one of this consumer's partitions at an offset."""
        ...

    def release(self, partition: int, offset: int) -> None:
        """Say that no record below the offset will be asked for again. Never goes back."""
        ...

    def close(self) -> None:
        """Give the share back: `revoked` is called for all of it first."""
        ...


class Log(Protocol):
    """One log."""

    def writer(self) -> LogWriter:
        """The writer; the same for every call. Raises AlreadyRunning when another process writes an embedded log."""
        ...

    def consumer(self, assigned: Assigned, revoked: Revoked, lost: Lost | None = None) -> LogConsumer:
        """One more member of the group that shares the partitions out."""
        ...

    def close(self) -> None:
        """Make durable what was taken, then let go. Consumers are closed by who made them."""
        ...
