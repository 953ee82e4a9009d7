"""The history's Parquet as DuckDB relations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def named(text: str) -> str:
    """A SQL identifier."""
    return '"' + text.replace('"', '""') + '"'


def connect() -> duckdb.DuckDBPyConnection:
    """A private in-memory database."""
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false")
    return connection
