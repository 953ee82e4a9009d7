"""Where Feast's relative paths point.

`online_store.path` and `offline_store.home` are relative to the Feast repository; paths of sources are relative
to that home. A registry therefore names no folder of a machine, and one set of definitions serves any home.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from feature_repo.offline.history import ParquetSource
from strata.errors import DefinitionInvalid

if TYPE_CHECKING:
    from feast import RepoConfig
    from feast.data_source import DataSource

HISTORY: Final = "history"
"""The folder of the home that the imports and the stream write."""


def in_repo(config: RepoConfig, path: str) -> Path:
    """A path of feature_store.yaml, absolute."""
    return (Path(config.repo_path or ".") / path).resolve()


def history_of(config: RepoConfig, source: DataSource | None) -> ParquetSource:
    """Where a source's rows lie. Raises DefinitionInvalid for anything but Parquet files with both times named."""
    from feast import FileSource

    if not isinstance(source, FileSource):
        raise DefinitionInvalid(f"source {source.name if source else '(none)'} is not a FileSource of Parquet files")
    if not source.timestamp_field or not source.created_timestamp_column:
        raise DefinitionInvalid(f"source {source.name} should name timestamp_field and created_timestamp_column")
    home = in_repo(config, config.offline_store.home)
    return ParquetSource(
        source.name,
        str(home / source.path),
        source.timestamp_field,
        source.created_timestamp_column,
        str(home / HISTORY),
    )
