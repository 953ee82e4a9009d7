"""One step's part of a document, read field by field: each of its kind and finite, or one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strata.errors import PackageInvalid
from strata.runtime.numbers import read_index, read_matrix, read_number, read_vector

Floats = NDArray[np.float64]


class Fields:
    """Takes fields out of an object; `done` refuses what nobody took."""

    def __init__(self, document: dict[str, Any], where: str, slots: Sequence[bool]) -> None:
        """`where` opens every sentence; `slots` are those before the step: whether each can be missing."""
        self._left = dict(document)
        self._slots = slots
        self.where = where

    def slot(self, name: str) -> int:
        """The position of a slot before the step's own."""
        return self._position(self._left.pop(name, None), name)

    def slots(self, name: str) -> tuple[int, ...]:
        """Positions of slots before the step's own, one at least."""
        found = self._left.pop(name, None)
        if not isinstance(found, list) or not found:
            raise PackageInvalid(f"{self.where}: {name} should list slots before it, one at least")
        return tuple(self._position(each, name) for each in found)

    def filled_slots(self, name: str) -> tuple[int, ...]:
        """The same, of slots that are never missing."""
        found = self.slots(name)
        for each in found:
            if self._slots[each]:
                raise PackageInvalid(f"{self.where}: {name} names slot {each}, which may be missing; fill it first")
        return found

    def number(self, name: str) -> float:
        """A finite one."""
        return read_number(self._left.pop(name, None), f"{self.where}: {name}")

    def limit(self, name: str) -> float | None:
        """A finite number, or null for none."""
        found = self._left.pop(name, None)
        return None if found is None else read_number(found, f"{self.where}: {name}")

    def vector(self, name: str, length: int | None = None) -> Floats:
        """Finite numbers, one at least; so many where `length` is given."""
        return read_vector(self._left.pop(name, None), f"{self.where}: {name}", length=length)

    def ascending(self, name: str) -> Floats:
        """Finite numbers, one at least, each greater than the one before."""
        found = self.vector(name)
        if np.any(found[1:] <= found[:-1]):
            raise PackageInvalid(f"{self.where}: {name} are out of order")
        return found

    def matrix(self, name: str, columns: int) -> Floats:
        """Finite numbers [n, columns]; [0, columns] for an empty list."""
        found = self._left.pop(name, None)
        if found == []:
            return np.zeros((0, columns))
        return read_matrix(found, f"{self.where}: {name}", columns=columns)

    def empty(self, name: str) -> bool:
        """Whether it is an empty list, which is taken out then."""
        if self._left.get(name) != []:
            return False
        del self._left[name]
        return True

    def word(self, name: str, known: Sequence[str]) -> str:
        """One of these."""
        found = self._left.pop(name, None)
        if found not in known or not isinstance(found, str):
            raise PackageInvalid(f"{self.where}: {name} {found!r:.40} is not known here ({', '.join(known)})")
        return found

    def done(self) -> None:
        """Raise PackageInvalid where a field was not taken."""
        if self._left:
            unknown = ", ".join(sorted(f"{name!r:.40}" for name in self._left))
            raise PackageInvalid(f"{self.where}: it has no field {unknown}")

    def _position(self, value: Any, name: str) -> int:
        return read_index(value, f"{self.where}: {name}", below=len(self._slots))
