"""A reader that knows too much: what a feature computed after its label date looks like from outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.reader import FeatureReader, RestrictableReader
from training.rows import FeatureSchema, Floats


@dataclass(frozen=True)
class PeekingReader:
    """See `RestrictableReader`: features as they will be some time after the instant they are asked for."""

    reader: FeatureReader
    ahead_us: int

    def schema(self, service: str) -> FeatureSchema:
        return self.reader.schema(service)

    def matrix(self, service: str, users: Sequence[str], times_us: NDArray[np.int64]) -> Floats:
        return self.reader.matrix(service, users, times_us + self.ahead_us)

    @contextmanager
    def known_by(self, instant_us: int, users: Sequence[str]) -> Iterator[FeatureReader]:
        """It peeks there too, and there is nothing to be seen."""
        assert isinstance(self.reader, RestrictableReader)
        with self.reader.known_by(instant_us, users) as restricted:
            yield PeekingReader(restricted, self.ahead_us)
