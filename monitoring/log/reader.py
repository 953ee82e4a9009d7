"""Read one segmenter's log for one version and window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from monitoring.log.sample import UserSample
from monitoring.log.schema import log_differences

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class LogQuery:
    """Which rows are asked for: `since_us <= as_of < until_us`; None is unbounded."""

    version: str
    features: tuple[str, ...]
    fingerprint: str
    since_us: int | None
    until_us: int | None
    limit: int
    seed: int


@dataclass
class LogExtract:
    """What the log held."""

    files: int = 0
    skipped: list[str] = field(default_factory=list)
    """Files that could not be read, with the reason."""
    rows: int = 0
    other_versions: Counter[str] = field(default_factory=Counter)
    outside_window: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    degradations: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    newest_us: int | None = None
    oldest_us: int | None = None
    sample: pa.Table | None = None
    """Live rows, one per user."""
    sampled_down: bool = False

    @property
    def compared(self) -> int:
        """Users whose row is compared with the reference."""
        return 0 if self.sample is None else int(self.sample.num_rows)

    @property
    def judged_rows(self) -> int:
        """Rows of the version inside the window, whatever their source."""
        return self.sources.total()


def log_files(folder: Path) -> list[Path]:
    """Complete files, by name; hidden ones are still being written."""
    return sorted(path for path in folder.glob("*.parquet") if not path.name.startswith("."))


def newest_row_us(folder: Path) -> int | None:
    """The newest `as_of` among the files written last; None without a readable row."""
    spans = [span for path in _written_last(folder) if (span := _span_us(path)) is not None]
    return max((newest for _, newest in spans), default=None)


def _written_last(folder: Path, count: int = 32) -> list[Path]:
    """Several writers rotate at different moments, so the file written last alone may lack the newest row."""
    stamped = []
    for path in log_files(folder):
        with suppress(FileNotFoundError):
            stamped.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(stamped)[-count:]]


def _span_us(path: Path) -> tuple[int, int] | None:
    """Oldest and newest `as_of` of one file; None for an empty, damaged or foreign one."""
    try:
        instants = pq.read_table(path, columns=["as_of"], partitioning=None)["as_of"]
        span = pc.min_max(instants)
        oldest, newest = _micros(span["min"]), _micros(span["max"])
    except (OSError, pa.ArrowException, KeyError):
        return None
    return None if oldest is None or newest is None else (oldest, newest)


def read_log(folder: Path, query: LogQuery) -> LogExtract:
    """Read every file once. Unreadable files are skipped and named; files of another schema are told apart."""
    extract = LogExtract()
    sample = UserSample(query.limit, query.seed)
    for path in log_files(folder):
        extract.files += 1
        try:
            for rows in _rows_of(path, query, extract):
                sample.add(rows)
        except FileNotFoundError:
            extract.files -= 1  # rotated away between the listing and the opening
        except (OSError, pa.ArrowException) as error:
            extract.skipped.append(f"{path.name}: {_short(error)}")
    extract.sample, extract.sampled_down = sample.table, sample.full
    return extract


def _rows_of(path: Path, query: LogQuery, extract: LogExtract) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        if "version" not in schema.names:
            extract.differences.extend(f"{path.name}: {d}" for d in log_differences(schema, query.features, ""))
            return
        if _lies_outside(file.metadata, query):
            extract.rows += file.metadata.num_rows
            extract.outside_window += file.metadata.num_rows
            return
        versions = Counter(str(name) for name in file.read(columns=["version"])["version"].to_pylist())
        ours = versions.pop(query.version, 0)
        differences = log_differences(schema, query.features, query.fingerprint) if ours else []
        rows = _plain(file.read(columns=_wanted(query))) if ours and not differences else None
    # Counted only now: a damaged page above leaves the file skipped and nothing of it counted.
    extract.rows += versions.total() + ours
    extract.other_versions.update(versions)
    extract.differences.extend(f"{path.name}: {difference}" for difference in differences)
    if rows is not None:
        yield _select(rows, query, extract)


def _lies_outside(footer: pq.FileMetaData, query: LogQuery) -> bool:
    """Whether a file's own statistics put all of it outside the window: most of a long log is told by its footers."""
    groups = [footer.row_group(index) for index in range(footer.num_row_groups)]
    columns = [group.column(i) for group in groups for i in range(group.num_columns)]
    spans = [column.statistics for column in columns if column.path_in_schema == "as_of"]
    if not spans or not all(span is not None and span.has_min_max for span in spans):
        return False
    oldest = min(_instant_us(span.min) for span in spans)
    newest = max(_instant_us(span.max) for span in spans)
    before = query.since_us is not None and newest < query.since_us
    return before or (query.until_us is not None and oldest >= query.until_us)


def _instant_us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _wanted(query: LogQuery) -> list[str]:
    return ["user_id", "as_of", "version", "segment", "score", "source", "degradation", *query.features]


def _select(rows: pa.Table, query: LogQuery, extract: LogExtract) -> pa.Table:
    rows = rows.filter(pc.equal(rows["version"], query.version))
    inside = _inside(rows, query)
    extract.outside_window += rows.num_rows - inside.num_rows
    extract.sources.update(str(source) for source in inside["source"].to_pylist())
    extract.degradations.update(str(text) for text in inside["degradation"].to_pylist() if text)
    if inside.num_rows:
        span = pc.min_max(inside["as_of"])
        oldest, newest = _micros(span["min"]), _micros(span["max"])
        extract.oldest_us = min(filter(None, (extract.oldest_us, oldest)), default=None)
        extract.newest_us = max(filter(None, (extract.newest_us, newest)), default=None)
    live = inside.filter(pc.equal(inside["source"], "live"))
    return live.drop_columns(["version", "source", "degradation"])


def _inside(rows: pa.Table, query: LogQuery) -> pa.Table:
    instant = pa.timestamp("us", tz="UTC")
    if query.since_us is not None:
        rows = rows.filter(pc.greater_equal(rows["as_of"], pa.scalar(query.since_us, instant)))
    if query.until_us is not None:
        rows = rows.filter(pc.less(rows["as_of"], pa.scalar(query.until_us, instant)))
    return rows


def _plain(rows: pa.Table) -> pa.Table:
    """Text as plain strings, instants as microseconds UTC, numbers as float64: one schema over all writers."""
    fields = []
    for column in rows.schema:
        if pa.types.is_floating(column.type):
            fields.append(pa.field(column.name, pa.float64()))
        elif pa.types.is_timestamp(column.type):
            fields.append(pa.field(column.name, pa.timestamp("us", tz="UTC")))
        else:
            fields.append(pa.field(column.name, pa.string()))
    return rows.cast(pa.schema(fields))


def _micros(value: pa.Scalar) -> int | None:
    instant = value.cast(pa.timestamp("us", tz="UTC"))
    return int(instant.value) if instant.is_valid else None


def _short(error: Exception) -> str:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return first[:160]
