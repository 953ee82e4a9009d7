"""Parts under hidden names, until the journal lets them be seen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

HIDDEN: Final = ".import-"
HIDDEN_SUFFIX: Final = ".tmp"


class Staging:
    """Writes Parquet below a home so that nothing is visible until it is renamed."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.moves: list[tuple[str, str]] = []

    def write(self, table: pa.Table, folder: Path, stem: str) -> None:
        """Write one part, durably, to be renamed to `folder/stem.parquet` (or stem-2, ..., where that is taken)."""
        import pyarrow.parquet as pq

        folder.mkdir(parents=True, exist_ok=True)
        final = _free_name(folder, stem)
        hidden = folder / f"{HIDDEN}{final.stem}{HIDDEN_SUFFIX}"
        self.moves.append((str(hidden.relative_to(self._home)), str(final.relative_to(self._home))))
        with hidden.open("wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())


def reveal(home: Path, moves: tuple[tuple[str, str], ...]) -> bool:
    """Rename hidden parts to their final names. False when one is at neither: then it is lost."""
    whole = True
    for hidden, final in moves:
        source, target = home / hidden, home / final
        if source.exists():
            source.replace(target)
        whole = whole and target.exists()
    return whole


def sweep(folders: list[Path]) -> None:
    """Remove hidden files that no journal knows of, left by a run that ended while it wrote."""
    for folder in folders:
        for leftover in folder.glob(f"**/{HIDDEN}*{HIDDEN_SUFFIX}"):
            leftover.unlink(missing_ok=True)


def _free_name(folder: Path, stem: str) -> Path:
    candidate, number = folder / f"{stem}.parquet", 2
    while candidate.exists():
        candidate, number = folder / f"{stem}-{number}.parquet", number + 1
    return candidate
