"""The bytes of a windowed row: where each section is. Little endian, every section a multiple of 8 bytes.

    header      56 bytes: magic, widths, fingerprint, counts, newest, watermark, log position
    tiles       n tile numbers (event_time // hop), ascending, 4 or 8 bytes each
    narrow      (n+1) x k suffix sums of counts; the last row is 0. 1, 2, 4 or 8 bytes, the row's largest decides
    wide        (n+1) x k suffix sums of totals, likewise
    extremes    (n+1) x k suffix minima and maxima, int64
    latest      the newest values, then the newest times, int64
    ----------- what a read at now needs ends here; what follows is for folding and for reads at a past t
    extremes, latest values and latest times per tile, int64
    id sets     per set: unique hashes, entries per tile, codes into the hashes
    seen        (hash, event time) of the events a repeat must be known by

A window that reaches from tile `lo` to now is row `lo` of the suffix tables: a read gathers, and adds nothing.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from strata.features.plan import Plan
from strata.features.user_row import RowDamaged

IntArray = npt.NDArray[np.int64]
Whole = TypeVar("Whole", int, IntArray)
MAGIC: Final = b"STW1"
HEADER: Final = Struct("<4sHHQIIIIqqq")
INT_DTYPES: Final = ("<i1", "<i2", "<i4", "<i8")
_LAYOUTS: Final = 4_096
NEVER: Final = -(2**63)
"""Stands for "no time" and "no greatest"; the constant for "no least" is 2**63 - 1."""
NO_LEAST: Final = 2**63 - 1


class Header(NamedTuple):
    """A row's head, as unpacked."""

    magic: bytes
    widths: int
    spare: int
    fingerprint: int
    tiles: int
    seen: int
    ids_bytes: int
    size: int
    newest_us: int
    watermark_us: int
    log_position: int


_HEADERS: Final = np.dtype(
    [
        ("magic", "S4"), ("widths", "<u2"), ("spare", "<u2"), ("fingerprint", "<u8"), ("tiles", "<u4"), ("seen", "<u4"),
        ("ids_bytes", "<u4"), ("size", "<u4"), ("newest_us", "<i8"), ("watermark_us", "<i8"), ("log_position", "<i8"),
    ]
)  # fmt: skip
"""The header again, for many rows at once."""


class Headers(NamedTuple):
    """The heads of many rows, in columns."""

    tiles: IntArray
    widths: IntArray
    size: IntArray
    newest_us: IntArray
    watermark_us: IntArray


class Sections(NamedTuple):
    """Byte offsets of the parts a read needs, and the end of them; of one row, or of many in columns."""

    narrow: Any
    wide: Any
    extremes: Any
    latest: Any
    end: Any


def padded(size: Whole) -> Whole:
    """The next multiple of 8."""
    return (size + 7) & ~7


def pack_widths(tile: int, narrow: int, wide: int) -> int:
    """Three log2 byte widths in one number."""
    return tile | narrow << 2 | wide << 4


def sections(plan: Plan, widths: Whole, tiles: Whole) -> Sections:
    """Where the sections of a row with so many tiles are; takes columns of many rows as well."""
    partials = plan.partials
    narrow = HEADER.size + padded(tiles << (widths & 3))
    wide = narrow + padded((tiles + 1) * partials.narrow << (widths >> 2 & 3))
    extremes = wide + padded((tiles + 1) * len(partials.totals) << (widths >> 4 & 3))
    latest = extremes + (tiles + 1) * partials.extremes * 8
    return Sections(narrow, wide, extremes, latest, latest + (len(partials.values) + partials.latest) * 8)


def row_size(plan: Plan, widths: Whole, tiles: Whole, ids_bytes: Whole, seen: Whole) -> Whole:
    """The whole row's bytes; takes columns of many rows as well."""
    partials = plan.partials
    per_tile = partials.extremes + len(partials.values) + partials.latest
    size: Whole = sections(plan, widths, tiles).end + tiles * per_tile * 8 + ids_bytes + seen * 16
    return size


def layout_of(plan: Plan, widths: int, tiles: int) -> tuple[Sections, int]:
    """(sections, size without ids and seen) of one row, remembered: a read is made of little else."""
    key = tiles << 6 | widths & 63
    found: tuple[Sections, int] | None = plan.layouts.get(key)
    if found is None:
        if len(plan.layouts) >= _LAYOUTS:
            plan.layouts.clear()
        found = sections(plan, widths & 63, tiles), row_size(plan, widths & 63, tiles, 0, 0)
        plan.layouts[key] = found
    return found


def read_header(plan: Plan, row: bytes) -> Header | None:
    """A sound row's header; None for a row of another definition of the view. Raises RowDamaged."""
    if len(row) < HEADER.size:
        raise RowDamaged(plan.spec.name, f"it has {len(row)} bytes")
    header = Header._make(HEADER.unpack_from(row))
    if header.magic != MAGIC:
        raise RowDamaged(plan.spec.name, f"it starts with {header.magic!r}, not {MAGIC!r}")
    if header.size != len(row):
        raise RowDamaged(plan.spec.name, f"it should have {header.size} bytes and has {len(row)}")
    if header.fingerprint != plan.fingerprint:
        return None
    if header.widths >> 6 or not header.widths & 2 or header.ids_bytes & 7:
        raise RowDamaged(plan.spec.name, "its widths mean nothing")
    if layout_of(plan, header.widths, header.tiles)[1] + header.ids_bytes + header.seen * 16 != header.size:
        raise RowDamaged(plan.spec.name, "its sections do not add up")
    return header


def read_headers(plan: Plan, rows: list[bytes]) -> tuple[Headers, npt.NDArray[np.bool_]]:
    """Every row's head, and which rows are of this definition of the view. Raises RowDamaged as `read_header` does."""
    heads = np.frombuffer(b"".join([row[: HEADER.size] for row in rows if len(row) >= HEADER.size]), _HEADERS)
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    if len(heads) == len(rows):
        own = heads["fingerprint"] == plan.fingerprint
        widths, tiles, seen, ids, size = (
            heads[name].astype(np.int64) for name in ("widths", "tiles", "seen", "ids_bytes", "size")
        )
        sound = (heads["magic"] == MAGIC) & (size == lengths)
        # The sections of another definition's row cannot be told.
        sums = (
            (widths >> 6 == 0) & (widths & 2 != 0) & (ids & 7 == 0) & (row_size(plan, widths, tiles, ids, seen) == size)
        )
        if (sound & (sums | ~own)).all():
            return Headers(tiles, widths, size, heads["newest_us"], heads["watermark_us"]), own
    for row in rows:
        read_header(plan, row)
    raise RowDamaged(plan.spec.name, "its header cannot be read")
