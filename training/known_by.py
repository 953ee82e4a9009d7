"""A copy of a history as it was known at an instant: what a feature at that instant may be made of."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

RECORDED, USER, ALIAS = "recorded_at", "user_id", "alias_id"


def cut_home(settings: Settings, folder: Path, instant_us: int, users: Sequence[str]) -> Settings:
    """Write below `folder` the registry, and of the history what was recorded of these users by the instant.

    Answers the settings of that home. A file of the history that does not say when its rows were recorded is copied
    as it is.
    """
    cut = settings.model_copy(update={"home": folder})
    shutil.copyfile(settings.registry, cut.registry)
    files = sorted(settings.history.rglob("*.parquet"))
    ids = [*users, *_aliases(settings.history)]
    for path in files:
        to = cut.history / path.relative_to(settings.history)
        to.parent.mkdir(parents=True, exist_ok=True)
        _copy(path, to, instant_us, ids)
    return cut


def _copy(path: Path, to: Path, instant_us: int, ids: Sequence[str]) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    if RECORDED not in schema.names:
        shutil.copyfile(path, to)
        return
    known: Any = pc.field(RECORDED) <= pa.scalar(instant_us, pa.timestamp("us", tz="UTC"))
    if USER in schema.names and ALIAS not in schema.names:
        known &= pc.field(USER).isin(list(ids))
    table: pa.Table = pq.read_table(path, filters=known, partitioning=None)
    pq.write_table(table.cast(schema), to)


def _aliases(history: Path) -> list[str]:
    """Ids under which an event may be of somebody else: which of them counted at the instant is the reader's to say."""
    import pyarrow.parquet as pq

    names: set[str] = set()
    for path in sorted((history / "aliases").glob("*.parquet")):
        names |= set(pq.read_table(path, columns=[ALIAS])[ALIAS].to_pylist())
    return sorted(names)
