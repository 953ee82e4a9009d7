"""The online state's port: rows of bytes by view and user. What the bytes mean is the kernel's business."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Protocol, Self

Rows = list[bytes | None]
Change = Callable[[str, bytes | None], bytes | None]


class StateReader(Protocol):
    """Reads of the current generation of each view. A view never built, or a user without a row, reads None."""

    def read(self, view: str, users: Sequence[str]) -> Rows:
        """One row per user, in the order asked."""
        ...

    def read_views(self, views: Sequence[str], users: Sequence[str]) -> list[Rows]:
        """One list per view, each as `read` gives it, all from one snapshot."""
        ...

    def watermark_us(self, view: str) -> int | None:
        """How far the view's current generation had got when it was committed; None before the first one."""
        ...


class Generation(Protocol):
    """One complete rebuild of a view, invisible until `commit`. Leaving a `with` block without it aborts."""

    def put(self, rows: Iterable[tuple[str, bytes]]) -> int:
        """Add rows; fastest in byte order of user, over all calls. Returns how many."""
        ...

    def commit(self, watermark_us: int) -> None:
        """Make this the current generation, in one step for every reader, and drop the old one."""
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

    def put(self, view: str, rows: Iterable[tuple[str, bytes]]) -> int:
        """Write rows into the current generation, replacing. Returns how many."""
        ...

    def update(self, view: str, users: Iterable[str], change: Change) -> int:
        """Give each user's row to `change` and write what it returns; None leaves the row alone.

        Returns how many rows were written. `change` runs inside the write transaction: keep it short and do not use the
        state in it; an error in it undoes the whole call.
        """
        ...

    def begin_generation(self, view: str) -> Generation:
        """Start a rebuild. What a killed one left is removed; one still running is refused at its next put."""
        ...


class State(StateReader, StateWriter, Protocol):
    """A store that reads and writes."""
