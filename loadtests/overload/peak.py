"""What a server answers in time to callers who wait for each answer: its capacity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import psutil

from loadtests.bench.processes import cpu_s
from loadtests.overload.caller import Order
from loadtests.overload.calling import call
from loadtests.overload.figures import goodput_per_s
from loadtests.overload.tally import SLICES_PER_S
from strata.errors import StrataError


class Peak:
    """One server's, looked at as often as one likes: the machine's speed moves."""

    def __init__(self, order: Order, seconds: float, trees: Sequence[psutil.Process]) -> None:
        """`order`: whom to ask and how; its phases are of no account. `trees`: whose CPU an answer costs."""
        self._order, self._seconds, self._trees = replace(order, phases=[(0.0, seconds)]), seconds, trees

    def look(self) -> tuple[float, float]:
        """Answers a second, and CPU seconds for each. Raises StrataError when there are none."""
        began_s = cpu_s(self._trees)
        tally = call(self._order)
        spent_s = cpu_s(self._trees) - began_s
        answers = sum(len(one.good_s) for one in tally.slices.values())
        if not answers:
            raise StrataError(f"the server at {self._order.address} answered nothing in time; see its log")
        return goodput_per_s(tally.between(1 / SLICES_PER_S, self._seconds)), spent_s / answers
