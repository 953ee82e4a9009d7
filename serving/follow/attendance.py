"""Which servers to start and to stop, given what is named and what runs.

>>> attendance = Attendance(grace_s=10.0)
>>> attendance.steps(("new", "old"), {"old"}, now_s=0.0)
Steps(start=('new',), stop=())
>>> attendance.steps(("new",), {"old", "new"}, now_s=9.0)
Steps(start=(), stop=())
>>> attendance.steps(("new",), {"old", "new"}, now_s=10.0)
Steps(start=(), stop=('old',))
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

GRACE_S: Final = 10.0
"""A version goes on this long after a release has ceased to name it: one that names it again finds it running."""


@dataclass(frozen=True)
class Steps:
    """What to do now, in this order."""

    start: tuple[str, ...]
    stop: tuple[str, ...]


class Attendance:
    """Remembers when each version was named last. Times are seconds of any monotonic clock."""

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._named_s: dict[str, float] = {}

    def steps(self, named: Sequence[str], running: Collection[str], now_s: float, *, busy: bool = False) -> Steps:
        """`named` is in order of importance; one version is started at a time, none while another start is `busy`.

        Two servers starting side by side on a small machine would both be there later than the first of them.
        """
        self._named_s = {each: self._named_s.get(each, now_s) for each in running} | dict.fromkeys(named, now_s)
        absent = [each for each in named if each not in running]
        over = [each for each in running if now_s - self._named_s[each] >= self._grace_s]
        return Steps(tuple(absent[: 0 if busy else 1]), tuple(over))
