"""What callers saw, by kind of call and by minute."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

from loadtests.bench.summary import percentile

MINUTE_S: Final = 60.0


class Tally:
    """Noted by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began_s = time.monotonic()
        self._seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._times_ms: defaultdict[str, defaultdict[int, list[float]]] = defaultdict(lambda: defaultdict(list))

    def note(self, kind: str, seconds: float, outcomes: Sequence[str]) -> None:
        """One call: how long it took, and what it was (several outcomes for several assignments)."""
        minute = int((time.monotonic() - self._began_s) / MINUTE_S)
        with self._lock:
            self._seen[kind].update(outcomes)
            self._seen[kind]["calls"] += 1
            self._times_ms[kind][minute].append(seconds * 1e3)

    def add(self, kind: str, outcome: str, count: int = 1) -> None:
        """What is no call of its own: a message, a wrong answer found later."""
        with self._lock:
            self._seen[kind][outcome] += count

    def wrong(self) -> dict[str, int]:
        """All that must never be, over all kinds."""
        with self._lock:
            every = sum(self._seen.values(), Counter())
        return {name: count for name, count in sorted(every.items()) if name.startswith("wrong")}

    def seen(self) -> dict[str, dict[str, int]]:
        """Outcomes by kind of call."""
        with self._lock:
            return {kind: dict(sorted(seen.items())) for kind, seen in sorted(self._seen.items())}

    def by_minute(self) -> dict[str, list[dict[str, Any]]]:
        """Per kind of call: `minute`, `calls`, `p50_ms`, `p99_ms`, `max_ms`."""
        with self._lock:
            times = {
                kind: {minute: list(all_ms) for minute, all_ms in held.items()} for kind, held in self._times_ms.items()
            }
        return {
            kind: [
                {
                    "minute": minute,
                    "calls": len(all_ms),
                    "p50_ms": round(percentile(all_ms, 0.5), 2),
                    "p99_ms": round(percentile(all_ms, 0.99), 2),
                    "max_ms": round(max(all_ms), 2),
                }
                for minute, all_ms in sorted(held.items())
            ]
            for kind, held in sorted(times.items())
        }
