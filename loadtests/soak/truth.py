"""The segments quiet users must have: asked for all of them at once every so often, and held against single answers.

Time alone moves a quiet user, when a window's edge passes. So an answer between two looks must be what one of both
found; the look before those is allowed too, to a reply that was on its way while a look was taken.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from loadtests.live.asking import Segments, live_segments
from loadtests.soak.tally import Tally
from strata.v1 import segmentation_pb2 as pb

KIND: Final = "GetSegments"


class Truth:
    """Take in answers with `answered`; `look` judges those since the look before."""

    def __init__(self, users: Sequence[str], tally: Tally) -> None:
        self._users, self._tally = list(users), tally
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, str], set[str]] = {}
        self._looks: deque[Segments] = deque(maxlen=3)
        self.moved = 0
        """Segments that were other ones than at the look before."""
        self.compared = 0
        """Different answers judged, each once between two looks."""

    def answered(self, user: str, assignments: Sequence[Any]) -> None:
        """A single answer that came in, about a quiet user."""
        with self._lock:
            for one in assignments:
                if one.source != pb.ASSIGNMENT_SOURCE_FALLBACK:
                    self._answers.setdefault((user, one.segmenter), set()).add(one.segment)

    def look(self, ask: Any) -> None:
        """Ask for all of them (`ask`: a stub's BatchGetSegments) and judge. Raises grpc.RpcError."""
        with self._lock:
            answers, self._answers = self._answers, {}
        found = live_segments(ask, self._users)
        if self._looks:
            before = self._looks[-1]
            self.moved += sum(before[key] != segment for key, segment in found.items() if key in before)
        self._looks.append(found)
        for key, segments in answers.items():
            right = {look[key] for look in self._looks if key in look}
            self.compared += len(segments)
            if right and not segments <= right:
                self._tally.add(KIND, "wrong: another segment", len(segments - right))
