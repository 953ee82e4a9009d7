"""The users a load asks about, each a user id the platform knows."""

from __future__ import annotations

from pathlib import Path

from strata.errors import InputInvalid
from strata.settings import Settings


def read_users(settings: Settings, user_file: Path | None = None) -> list[str]:
    """User ids from a file (one a line), or from the history: everyone with an event before the clock's now.

    In sorted order, each once. Raises InputInvalid when there are none.
    """
    users = _from_file(user_file) if user_file else _from_history(settings)
    if not users:
        where = user_file or settings.history
        raise InputInvalid(f"no users found in {where}; import events first, or name a file with --users FILE")
    return users


def _from_file(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputInvalid(f"the user file {path} cannot be read: {error}") from error
    return sorted({line.strip() for line in lines if line.strip()})


def _from_history(settings: Settings) -> list[str]:
    parts = sorted(settings.history.glob("events/**/*.parquet"))
    if not parts:
        raise InputInvalid(
            f"there is no history in {settings.history}; run `strata up`, or name users with --users FILE"
        )
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    now_us = settings.make_clock().now_us()
    known: set[str] = set()
    for part in parts:
        # ParquetFile, not read_table: the folder names would be read as a column.
        table = pq.ParquetFile(part).read(columns=["user_id", "event_time"])
        past = pc.less_equal(pc.cast(table["event_time"], "int64"), now_us)
        known.update(pc.unique(table.filter(past)["user_id"]).to_pylist())
    return sorted(known)
