"""What is where in Redis.

`s:{generation}:{table}:{user in braces}`: a row. The braces are a cluster's hash tag: a user's rows share a slot.
`s:catalog`: which generation of each table is current, with a version that every flip raises. One value, so that it
travels in the very MGET that reads rows: a reader whose knowledge is old learns it with the rows it may not use.
`s:table:{generation}:{table}`: a hash of the generation's watermark, note and positions.
`s:building:{table}`: a hash of the rebuild that counts. `s:garbage`: generations whose keys are to be removed.
A generation is ten random hex digits and never used again, so that no leftover row can appear in a later one.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

CATALOG: Final = b"s:catalog"
GARBAGE: Final = b"s:garbage"
WATERMARK: Final = b"watermark_us"
NOTE: Final = b"note"
_POSITION: Final = b"position:"


@dataclass(frozen=True)
class RedisCatalog:
    """The current generations."""

    version: int = 0
    generations: Mapping[str, str] = field(default_factory=dict)

    def flipped(self, table: str, generation: str) -> RedisCatalog:
        """With another generation of a table. Versions begin at the time, so that an emptied store repeats none."""
        version = self.version + 1 if self.version else time.time_ns() // 1_000
        return RedisCatalog(version, {**self.generations, table: generation})

    def pack(self) -> bytes:
        """As kept."""
        return json.dumps({"version": self.version, "tables": dict(self.generations)}, sort_keys=True).encode()

    @classmethod
    def unpack(cls, blob: bytes | None) -> RedisCatalog:
        """As read; an empty one where there is none. Raises ValueError, KeyError."""
        if blob is None:
            return cls()
        held = json.loads(blob)
        return cls(int(held["version"]), dict(held["tables"]))


def new_generation() -> str:
    """A name for a generation."""
    return os.urandom(5).hex()


def row_prefix(table: str, generation: str) -> bytes:
    """What a generation's row keys begin with; the user and `}` follow."""
    return f"s:{generation}:{table}:{{".encode()


def row_pattern(table: str, generation: str) -> str:
    """A glob of a generation's row keys."""
    literal = "".join(f"\\{char}" if char in "*?[]\\^" else char for char in table)
    return f"s:{generation}:{literal}:{{*"


def table_key(table: str, generation: str) -> bytes:
    """Where a generation's watermark, note and positions are."""
    return f"s:table:{generation}:{table}".encode()


def building_key(table: str) -> bytes:
    """Where a table's rebuild is said to run."""
    return f"s:building:{table}".encode()


def lease_key(name: str) -> bytes:
    """Where a lease's holder is."""
    return f"s:lease:{name}".encode()


def garbage_member(table: str, generation: str) -> str:
    """How `s:garbage` names a generation."""
    return f"{generation}:{table}"


def position_fields(positions: Mapping[int, int] | None) -> list[bytes]:
    """Positions as fields and values of a table's hash."""
    return [part for pair in (positions or {}).items() for part in (position_field(pair[0]), b"%d" % pair[1])]


def position_field(partition: int) -> bytes:
    """The field of a partition's position."""
    return _POSITION + b"%d" % partition


def read_positions(fields: list[bytes]) -> dict[int, int]:
    """The positions among a hash's fields and values."""
    pairs = zip(fields[::2], fields[1::2], strict=True)
    return {int(name[len(_POSITION) :]): int(value) for name, value in pairs if name.startswith(_POSITION)}
