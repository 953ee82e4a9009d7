"""Is an LMDB data file whole? Asked before mapping it: reading past the end of a truncated map kills with SIGBUS.

Offsets are those of LMDB 0.9's meta page on 64-bit machines (`MDB_meta` in its mdb.c): a 16-byte page header, then
magic, version, address, map size, two 48-byte database records (the first one's `md_pad` is the page size), the last
page used, and the transaction id.
"""

from __future__ import annotations

import os
from pathlib import Path
from struct import Struct
from typing import Final

from strata.errors import StoreDamaged

MAGIC: Final = 0xBEEFC0DE
DATA_VERSION: Final = 1
META: Final = Struct("<16xIIQQ I92x QQ")
"""magic, version, address, map size, page size, last page, transaction id."""
_PAGE_SIZES: Final = frozenset(1 << bits for bits in range(9, 17))


def data_file(folder: Path) -> Path:
    """The data file of an environment."""
    return folder / "data.mdb"


def check_whole(folder: Path) -> None:
    """Raise StoreDamaged unless the data file's meta pages are LMDB's and every page they count is there."""
    path = data_file(folder)
    size = path.stat().st_size
    with path.open("rb") as file:
        first = _read_meta(file.read(META.size), folder)
        page_size, *newest = first
        file.seek(page_size)
        second = _read_meta(file.read(META.size), folder)
    last_page = max([newest, list(second[1:])], key=lambda meta: meta[1])[0]
    if size < (last_page + 1) * page_size:
        raise _damaged(folder, f"it has {size} bytes and should have {(last_page + 1) * page_size}")


def extend_to_last_page(folder: Path, last_page: int, page_size: int) -> None:
    """Make the file as long as its meta page counts.

    LMDB leaves out pages at the end that one transaction took and gave back; without this such a file would look
    truncated. Allocation only ever lengthens the file, so another writer is not disturbed.
    """
    needed = (last_page + 1) * page_size
    size = data_file(folder).stat().st_size
    if size >= needed:
        return
    descriptor = os.open(data_file(folder), os.O_RDWR)
    try:
        os.posix_fallocate(descriptor, size, needed - size)
    finally:
        os.close(descriptor)


def _read_meta(head: bytes, folder: Path) -> tuple[int, int, int]:
    """(page size, last page, transaction id)"""
    if len(head) < META.size:
        raise _damaged(folder, "it ends inside its first pages")
    magic, version, _, _, page_size, last_page, transaction = META.unpack(head)
    if magic != MAGIC or page_size not in _PAGE_SIZES:
        raise _damaged(folder, "it is not an LMDB file")
    if version != DATA_VERSION:
        raise _damaged(folder, f"it has LMDB format {version}, not {DATA_VERSION}")
    return page_size, last_page, transaction


def _damaged(folder: Path, reason: str) -> StoreDamaged:
    return StoreDamaged(
        f"the online state {data_file(folder)} is damaged: {reason}. Stop what uses it, remove the folder "
        "and rebuild it with: strata features materialize"
    )
