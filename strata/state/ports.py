"""The online state's port: rows of bytes by table and user. What the bytes mean is the kernel's business.

A table holds the rows of one row view, or the tiles of one event source at one hop. Beside its rows a generation of a
table has a watermark, a note (whatever its builder wants to find beside the rows) and log positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

Rows = list[bytes | None]
Change = Callable[[str, bytes | None], bytes | None]
BatchChange = Callable[[Rows], Rows]
"""The rows of a batch's users, in their order, to the rows to write; None leaves a row alone."""
Positions = Mapping[int, int]
"""The next log offset to apply, by partition."""


class StateReader(Protocol):
    """Reads of the current generation of each table. A table never built, or a user without a row, reads None."""

    def read(self, table: str, users: Sequence[str]) -> Rows:
        """One row per user, in the order asked."""
        ...

    def read_views(self, tables: Sequence[str], users: Sequence[str]) -> list[Rows]:
        """One list per table, each as `read` gives it, all from one snapshot (and in one round trip)."""
        ...

    def read_user(self, tables: Sequence[str], user: str) -> Rows:
        """`read_views` of one user: one row per table."""
        ...

    def watermark_us(self, table: str) -> int | None:
        """How far the table's current generation has got; None before the first one."""
        ...

    def note(self, table: str) -> bytes | None:
        """What was written beside the current generation; None when nothing was."""
        ...

    def positions(self, table: str) -> dict[int, int]:
        """The log positions of the current generation, exactly those of the rows a reader sees."""
        ...

    def version(self) -> int:
        """A number that is another one after every flip, of any table, and after nothing else a worker does."""
        ...

    def lease_holder(self, name: str) -> str | None:
        """Who holds a lease now; None when nobody does, or its time has run out."""
        ...


class AsyncStateReader(Protocol):
    """The same reads without blocking an event loop. A call may be cancelled at any time; others never notice."""

    async def read_views(self, tables: Sequence[str], users: Sequence[str]) -> list[Rows]:
        """See `StateReader.read_views`."""
        ...

    async def read_user(self, tables: Sequence[str], user: str) -> Rows:
        """See `StateReader.read_user`."""
        ...

    async def watermark_us(self, table: str) -> int | None:
        """See `StateReader.watermark_us`."""
        ...

    async def note(self, table: str) -> bytes | None:
        """See `StateReader.note`."""
        ...

    async def version(self) -> int:
        """See `StateReader.version`."""
        ...


class Generation(Protocol):
    """One complete rebuild of a table, invisible until `commit`.

    Leaving a `with` block aborts it, unless it was finished or committed: a finished one waits, also past the end of
    its process, for whoever takes it up with `StateWriter.open_finished`.
    """

    @property
    def note(self) -> bytes:
        """What `finish` was given; empty before."""
        ...

    def positions(self) -> dict[int, int]:
        """The log positions of its rows, as `finish` and `transform` wrote them."""
        ...

    def put(self, rows: Iterable[tuple[str, bytes]]) -> int:
        """Add rows; fastest in byte order of user, over all calls. Returns how many."""
        ...

    def transform(
        self,
        users: Sequence[str],
        change: BatchChange,
        *,
        positions: Positions | None = None,
        expected: Positions | None = None,
    ) -> int:
        """`StateWriter.transform` on the hidden rows."""
        ...

    def finish(self, note: bytes, positions: Positions | None = None) -> None:
        """Say that every row is there: the rebuild stays, hidden, until it is committed, aborted or replaced."""
        ...

    def commit(self, watermark_us: int, note: bytes = b"") -> None:
        """Make this the current generation, in one step for every reader, and let go of the old one.

        What the old one took is to be had again at once, or from the next rebuild's beginning: a flip holds others up
        no longer for a large table. An empty note keeps what `finish` was given.
        """
        ...

    def abort(self) -> None:
        """Forget the rows put. Nothing happens after a commit."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class StateWriter(Protocol):
    """Writes. Each call is one transaction: seen whole or not at all."""

    def put(self, table: str, rows: Iterable[tuple[str, bytes]]) -> int:
        """Write rows into the current generation, replacing. Returns how many."""
        ...

    def update(self, table: str, users: Iterable[str], change: Change) -> int:
        """Give each user's row to `change` and write what it returns; None leaves the row alone.

        Returns how many rows were written. `change` runs inside the write transaction: keep it short and do not use the
        state in it; an error in it undoes the whole call. It may run more than once (a store that had to grow, a row
        another process changed meanwhile): the last run counts.
        """
        ...

    def transform(
        self,
        table: str,
        users: Sequence[str],
        change: BatchChange,
        *,
        positions: Positions | None = None,
        expected: Positions | None = None,
        watermark_us: int | None = None,
    ) -> int:
        """`update` for a whole batch at once: each user once, one call of `change` with all rows.

        `positions` and `watermark_us` are written in the same transaction: what a reader sees, and what survives a
        crash, is both or neither. `expected` are the positions the caller believes to be there: where one differs,
        PositionsDiffer is raised and nothing is written. It differs when the store lost its newest writes (a Redis that
        was killed, a machine that lost power) or when another worker wrote; go on from `positions(table)`. A partition
        that `expected` leaves out is not compared.
        """
        ...

    def put_positions(self, table: str, positions: Positions) -> None:
        """Set log positions of the current generation; other partitions keep theirs."""
        ...

    def set_watermark(self, table: str, watermark_us: int, note: bytes | None = None) -> None:
        """Move the current generation's watermark, and replace its note when one is given. No flip."""
        ...

    def begin_generation(self, table: str) -> Generation:
        """Start a rebuild. What a killed one left is removed; one still running is refused at its next put.

        A finished one that waits is removed too.
        """
        ...

    def open_finished(self, table: str) -> Generation | None:
        """Take up a finished, uncommitted rebuild; None when there is none. Whoever had it before is refused."""
        ...

    def hold_lease(self, name: str, ttl_s: float) -> bool:
        """Take a lease, or renew it, for this opened state. False: another one holds it.

        A lease says that somebody is alive. It fences nothing: that is what positions in rows are for.
        """
        ...

    def drop_lease(self, name: str) -> None:
        """Give a lease back before its time; one that another holds is left alone."""
        ...


class State(StateReader, StateWriter, Protocol):
    """A store that reads and writes."""

    def close(self) -> None:
        """Let go of it. Twice does no harm."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
