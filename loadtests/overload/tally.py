"""What became of the calls of one load, by the tenth of a second they were due in."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final

OK, CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE = 0, 1, 4, 8, 14
REFUSALS: Final = (RESOURCE_EXHAUSTED, UNAVAILABLE, CANCELLED)
"""Statuses by which a call is turned away; no caller of ours is told CANCELLED for its own cancelling."""
GIVEN_UP: Final = -1
"""The caller's deadline passed before anything came."""
LOST: Final = -2
"""The connection ended, or the stream was reset."""
WRONG: Final = -3
"""Said OK and is no answer to the question."""
SLICES_PER_S: Final = 10


@dataclass
class Slice:
    """The calls due in one tenth of a second."""

    good_s: list[float] = field(default_factory=list)
    """Latencies of answers, from when a call was due."""
    ends: dict[int, int] = field(default_factory=dict)
    """Other ends, by status."""


@dataclass
class Tally:
    """Slices by number, and how late the generator was itself."""

    slices: dict[int, Slice] = field(default_factory=dict)
    late_s: list[float] = field(default_factory=list)
    """One per call sent at a rate: what the generator itself is to blame for."""
    began_s: float = 0.0
    """On the monotonic clock, which all processes of a machine share."""

    def ended(self, status: int, due_s: float, now_s: float, deadline_s: float) -> None:
        """A call ended; an answer past the deadline is none."""
        number = int(due_s * SLICES_PER_S)
        if number not in self.slices:
            self.slices[number] = Slice()
        here = self.slices[number]
        if status == OK and now_s - due_s <= deadline_s:
            here.good_s.append(now_s - due_s)
        else:
            status = GIVEN_UP if status == OK else status
            here.ends[status] = here.ends.get(status, 0) + 1

    def between(self, start_s: float, end_s: float) -> list[Slice]:
        """The slices of a time, empty ones too."""
        numbers = range(round(start_s * SLICES_PER_S), round(end_s * SLICES_PER_S))
        return [self.slices.get(number, Slice()) for number in numbers]

    def to_document(self) -> dict[str, Any]:
        """As JSON has it; `from_document` reads it."""
        return asdict(self)

    @staticmethod
    def from_document(document: dict[str, Any]) -> Tally:
        """A tally that came through a pipe."""
        slices = {
            int(number): Slice(one["good_s"], {int(status): count for status, count in one["ends"].items()})
            for number, one in document["slices"].items()
        }
        return Tally(slices, document["late_s"], document["began_s"])
