"""DuckDB, and text for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


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
