"""Sessions of one user: disjoint stretches of time that join where they are no farther apart than a pause.

A session is (time of its first event, time of its last, events). Without ids, all events that match are one sequence,
and a session ends when nothing follows within 30 minutes. With `session_id`, each id's events are a sequence of
their own, which a pause of more than a day ends: an id that comes back later is another session, so that no session
has to be kept for ever. An event without an id is in no such session. A session counts in the window that its last
event falls in, whole.

The same events make the same sessions in any order, since two stretches join exactly when some chain of events no
farther apart than the pause links them.

>>> kept = {}
>>> for at in (0, 3_000_000_000, 1_500_000_000, 9_000_000_000):
...     add_session(kept, 0, PAUSE_US, (at, at, 1))
>>> kept
{0: [(0, 3000000000, 3), (9000000000, 9000000000, 1)]}
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

from strata.features.definition import EVENT

PAUSE_US: Final = 1_800_000_000
"""Thirty minutes, both ends included: what ends a session nobody named."""
ID_PAUSE_US: Final = 86_400_000_000
"""A day, both ends included: what parts two sessions of one id."""
Session = tuple[int, int, int]
Sessions = dict[int, list[Session]]
"""By fingerprint of the id, 0 where there are none: sessions in order of time."""


def pause_of(of: str) -> int:
    """The pause of sessions of a column, or of events."""
    return PAUSE_US if of == EVENT else ID_PAUSE_US


def add_session(sessions: Sessions, key: int, pause_us: int, session: Session) -> None:
    """Put a session in, joined with those it touches."""
    start, end, events = session
    held = sessions.setdefault(key, [])
    low = bisect_left(held, start - pause_us, key=lambda other: other[1])
    high = bisect_right(held, end + pause_us, key=lambda other: other[0])
    touched = held[low:high]
    if touched:
        start, end = min(start, touched[0][0]), max(end, touched[-1][1])
        events += sum(other[2] for other in touched)
    held[low:high] = [(start, end, events)]


def drop_before(sessions: Sessions, edge_us: int) -> Sessions:
    """Without those that ended before."""
    kept = {key: [session for session in held if session[1] >= edge_us] for key, held in sessions.items()}
    return {key: held for key, held in kept.items() if held}
