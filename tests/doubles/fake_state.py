"""The online state in dictionaries: what a room tests with instead of LMDB. Passes the same contract suite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from strata.errors import StoreUnavailable
from strata.state.keys import key_of
from strata.state.ports import Change, Rows


class FakeState:
    """One process's memory."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, bytes]] = {}
        self.watermarks: dict[str, int] = {}
        self.building: dict[str, FakeGeneration] = {}

    def read(self, view: str, users: Sequence[str]) -> Rows:
        return self.read_views((view,), users)[0]

    def read_views(self, views: Sequence[str], users: Sequence[str]) -> list[Rows]:
        return [[self.rows.get(view, {}).get(user) for user in users] for view in views]

    def watermark_us(self, view: str) -> int | None:
        return self.watermarks.get(view)

    def put(self, view: str, rows: Iterable[tuple[str, bytes]]) -> int:
        added = [(_checked(user), row) for user, row in rows]
        self.rows.setdefault(view, {}).update(added)
        return len(added)

    def update(self, view: str, users: Iterable[str], change: Change) -> int:
        held = dict(self.rows.get(view, {}))
        written = 0
        for user in users:
            row = change(_checked(user), held.get(user))
            if row is not None:
                held[user] = row
                written += 1
        self.rows[view] = held
        return written

    def begin_generation(self, view: str) -> FakeGeneration:
        generation = self.building[view] = FakeGeneration(self, view)
        return generation


class FakeGeneration:
    """A rebuild in a dictionary of its own."""

    def __init__(self, state: FakeState, view: str) -> None:
        self._state, self._view = state, view
        self._rows: dict[str, bytes] = {}

    def put(self, rows: Iterable[tuple[str, bytes]]) -> int:
        added = [(_checked(user), row) for user, row in rows]
        self._check()
        self._rows.update(added)
        return len(added)

    def commit(self, watermark_us: int) -> None:
        self._check()
        self._state.rows[self._view] = self._rows
        self._state.watermarks[self._view] = watermark_us
        del self._state.building[self._view]

    def abort(self) -> None:
        if self._state.building.get(self._view) is self:
            del self._state.building[self._view]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def _check(self) -> None:
        if self._state.building.get(self._view) is not self:
            raise StoreUnavailable(f"this rebuild of {self._view} has ended or another one began")


def _checked(user: str) -> str:
    key_of(user)
    return user
