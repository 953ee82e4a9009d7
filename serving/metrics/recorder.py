"""Counting inside a worker: an addition in shared memory, a fraction of a microsecond."""

from __future__ import annotations

import ctypes
from bisect import bisect_left
from collections.abc import Sequence

from serving.metrics.shared_numbers import Layout
from strata.runtime.native_single import Counter, HistogramPlace


class Histogram:
    """Counts of observations by upper bound, and their sum."""

    __slots__ = ("_bounds", "_numbers", "_start", "_sum")

    def __init__(self, numbers: memoryview[float], start: int, bounds: Sequence[float]) -> None:
        self._numbers, self._start, self._bounds = numbers, start, bounds
        self._sum = start + len(bounds) + 1

    def place(self) -> HistogramPlace:
        """For the kernel."""
        return HistogramPlace(_counter(self._numbers, self._start), self._bounds)

    def observe(self, value: float) -> None:
        numbers = self._numbers
        numbers[self._start + bisect_left(self._bounds, value)] += 1.0
        numbers[self._sum] += value


class Recorder:
    """A worker's counters and histograms by family and labels."""

    def __init__(self, numbers: memoryview[float], layout: Layout) -> None:
        self._numbers, self.layout = numbers, layout
        self._bounds = {family.name: family.bounds for family in layout.families}

    def position(self, family: str, *labels: str) -> int:
        """A counter's position, for `add`."""
        return self.layout.start(family, *labels)

    def add(self, position: int, amount: float = 1.0) -> None:
        self._numbers[position] += amount

    def counter(self, position: int) -> Counter:
        """A number, for the kernel to add to."""
        return _counter(self._numbers, position)

    def put(self, position: int, value: float) -> None:
        """Set a gauge."""
        self._numbers[position] = value

    def value(self, position: int) -> float:
        """What is kept there."""
        return self._numbers[position]

    def histogram(self, family: str, *labels: str) -> Histogram:
        """A series of a histogram family."""
        return Histogram(self._numbers, self.layout.start(family, *labels), self._bounds[family])


def _counter(numbers: memoryview[float], position: int) -> Counter:
    number = ctypes.c_double.from_buffer(numbers, position * numbers.itemsize)
    return Counter(ctypes.addressof(number), number)
