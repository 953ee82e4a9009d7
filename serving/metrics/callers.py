"""Who calls: the metadata key `x-strata-caller`, counted for a bounded number of names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import grpc

from serving.metrics.families import CODES
from serving.metrics.named_numbers import NamedNumbers

CALLER_KEY: Final = "x-strata-caller"
MOST_CALLERS: Final = 32
"""A caller that makes up names would otherwise fill the page, and whatever stores it."""
OTHER, UNNAMED = "other", "(unnamed)"
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def open_callers(path: Path) -> NamedNumbers:
    """A worker's file of callers."""
    return NamedNumbers(path, MOST_CALLERS + 2)


def open_caller_errors(path: Path) -> NamedNumbers:
    """A worker's file of what went wrong, by caller and code."""
    return NamedNumbers(path, (MOST_CALLERS + 2) * len(CODES))


class Callers:
    """Counts calls by caller: the first 32 names, then `other`, which is also any name that is no plain word."""

    def __init__(self, names: NamedNumbers, errors: NamedNumbers) -> None:
        self._names, self._numbers, self._errors = names, names.numbers, errors
        self._other, self._unnamed = names.position(OTHER) or 0, names.position(UNNAMED) or 0
        self._positions: dict[str, int] = {}

    def called(self, metadata: Iterable[tuple[str, Any]]) -> None:
        """Count a call with this metadata."""
        for key, value in metadata:
            if key == CALLER_KEY:
                position = self._positions.get(value)
                self._numbers[self._meet(value) if position is None else position] += 1.0
                return
        self._numbers[self._unnamed] += 1.0

    def failed(self, metadata: Iterable[tuple[str, Any]], code: grpc.StatusCode) -> None:
        """Count how a call ended that `called` has counted. Only calls that fail come here: others pay nothing."""
        position = self._errors.position(self._counted_as(metadata), code.name)
        if position is not None:
            self._errors.numbers[position] += 1.0

    def _counted_as(self, metadata: Iterable[tuple[str, Any]]) -> str:
        for key, value in metadata:
            if key == CALLER_KEY:
                return value if value in self._positions else OTHER
        return UNNAMED

    def _meet(self, name: Any) -> int:
        """The number of a caller this worker has not met; the 33rd and all after it are not remembered."""
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return self._other
        position = self._names.position(name)
        if position is None:
            return self._other
        self._positions[name] = position
        return position
