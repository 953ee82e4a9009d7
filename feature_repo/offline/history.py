"""The history's Parquet as DuckDB relations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from feature_repo.offline.aliases import AliasBook, read_aliases
from feature_repo.offline.duck import connect, named, quoted
from strata.errors import InputInvalid

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class ParquetSource:
    """Where rows of one Feast source lie, and which columns say when."""

    name: str
    pattern: str
    """A file or a glob; absolute."""
    event_time: str
    recorded_at: str
    root: str = ""
    """The history whose aliases count for its users; none when empty."""

    def aliases(self, until_us: int | None = None) -> AliasBook:
        """The aliases recorded by an instant, or all."""
        return read_aliases(Path(self.root), until_us) if self.root else AliasBook()

    def files(self) -> list[Path]:
        """Its files, sorted by name."""
        path = Path(self.pattern)
        fixed = next((i for i, part in enumerate(path.parts) if "*" in part), len(path.parts))
        root = Path(*path.parts[:fixed])
        if fixed == len(path.parts):
            return [root] if root.exists() else []
        return sorted(root.glob(str(Path(*path.parts[fixed:]))))

    def exists(self) -> bool:
        """Whether at least one file is there. A source without files has no rows, which is not an error."""
        return bool(self.files())

    def scan(self) -> str:
        """SQL for all rows; `exists` must hold."""
        return f"read_parquet({quoted(self.pattern)}, hive_partitioning = false, union_by_name = true)"

    def columns(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        """The names of its columns. Raises InputInvalid when a file is not Parquet."""
        import duckdb

        try:
            return [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {self.scan()}").fetchall()]
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise InputInvalid(f"the history of {self.name} cannot be read: {reason}") from None


__all__ = ["ParquetSource", "connect", "named", "quoted"]
