"""Lines of a text file, plain or gzipped, in blocks."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from strata.errors import InputInvalid

READ_BYTES: Final = 4 << 20
LONGEST_LINE: Final = 1 << 20
BLOCK_BYTES: Final = 64 << 20
"""A block ends at this size even when it holds fewer lines than asked, so that memory is bounded by bytes."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class LineBlock:
    """Consecutive lines without their ends; a line past LONGEST_LINE is cut there (so it is longer by one byte)."""

    lines: list[bytes]
    first: int
    """The line number of the first, from 1."""
    done: float


def read_blocks(path: Path, block_lines: int) -> Iterator[LineBlock]:
    """Stream the lines of a file. Raises InputInvalid when it cannot be read, or ends inside its gzip frame."""
    try:
        size = max(1, path.stat().st_size)
        with path.open("rb") as raw:
            opened: IO[bytes] = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw  # type: ignore[assignment]
            with closing(opened):
                first = 1
                for lines in _grouped(_lines(opened), block_lines):
                    yield LineBlock(lines, first, min(1.0, raw.tell() / size))
                    first += len(lines)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputInvalid(f"{path} is a damaged gzip file: {error}; what came before the damage was kept") from None
    except OSError as error:
        raise InputInvalid(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Whole lines, each cut to LONGEST_LINE + 1 bytes."""
    carry, first = b"", True
    while piece := file.read(READ_BYTES):
        if first:
            piece, first = piece.removeprefix(_BOM), False
        *whole, rest = piece.split(b"\n")
        if whole:
            whole[0] = carry + whole[0]
            carry = b""
            yield from (line[: LONGEST_LINE + 1].removesuffix(b"\r") for line in whole)
        # Bytes past the limit are forgotten as they come: a file without line ends must not fill the memory.
        carry = (carry + rest)[: LONGEST_LINE + 1]
    if carry:
        yield carry.removesuffix(b"\r")


def _grouped(lines: Iterator[bytes], block_lines: int) -> Iterator[list[bytes]]:
    group: list[bytes] = []
    size = 0
    for line in lines:
        group.append(line)
        size += len(line)
        if len(group) >= block_lines or size >= BLOCK_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group
