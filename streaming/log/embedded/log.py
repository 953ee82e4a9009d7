"""The embedded log: files in a folder, no broker. One process writes it; consumers share its partitions.

    log.json                        what it was made with
    <first byte, 20 digits>.log     segments: frames of all partitions in the order of their commits
    marks                           how far it is durable, and released
    lock                            held by the writer
    readers/*.lock                  held by the consumers

One file for all partitions, because a commit then costs one sync, not one for each partition.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from strata.errors import LogUnavailable
from strata.one_holder import take
from strata.settings import LogSettings
from streaming.log.embedded.commits import EmbeddedCommits
from streaming.log.embedded.consumer import EmbeddedConsumer
from streaming.log.embedded.group import Group
from streaming.log.embedded.marks import Marks
from streaming.log.embedded.recovery import recover
from streaming.log.embedded.retention import remove_old
from streaming.log.embedded.segment_reader import SegmentReader
from streaming.log.embedded.segment_writer import SegmentWriter
from streaming.log.embedded.shape import ensure_shape
from streaming.log.embedded.writer import EmbeddedWriter
from streaming.log.ports import Assigned, Lost, Revoked

SEGMENTS_A_RETENTION = 8
"""A segment is closed after this part of the retention time, so that records go about when it says."""


class EmbeddedLog:
    """A log in a folder."""

    def __init__(self, folder: Path, settings: LogSettings) -> None:
        self._folder, self._settings = folder, settings
        try:
            ensure_shape(folder, settings.partitions)
            self._marks = Marks(folder, settings.partitions)
        except OSError as error:
            raise _cannot_open(folder, error) from error
        self._commits = EmbeddedCommits(self._marks)
        self._opening = threading.Lock()
        self._writer: EmbeddedWriter | None = None
        self._lock = -1

    def writer(self) -> EmbeddedWriter:
        with self._opening:
            if self._writer is None:
                try:
                    self._writer = self._open_writer()
                except OSError as error:
                    raise _cannot_open(self._folder, error) from error
            return self._writer

    def consumer(self, assigned: Assigned, revoked: Revoked, lost: Lost | None = None) -> EmbeddedConsumer:
        partitions = self._settings.partitions
        return EmbeddedConsumer(
            SegmentReader(self._folder, partitions, self._marks),
            Group(self._folder / "readers", partitions),
            self._marks,
            self._commits,
            assigned=assigned,
            revoked=revoked,
        )

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._commits.writes_here = False
            os.close(self._lock)

    def _open_writer(self) -> EmbeddedWriter:
        settings, partitions = self._settings, self._settings.partitions
        lock = take(
            self._folder / "lock",
            lambda holder: (
                f"process {holder} writes the event log in {self._folder}, and an embedded log has one writer: stop "
                "that process, or use Kafka (log.kind) for several"
            ),
        )
        try:
            segments = SegmentWriter(
                self._folder,
                recover(self._folder, partitions, self._marks.end),
                self._marks,
                segment_bytes=settings.segment_bytes,
                segment_s=settings.retention_s / SEGMENTS_A_RETENTION,
                fsync=settings.fsync,
            )
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock
        self._commits.writes_here = True
        return EmbeddedWriter(
            segments,
            partitions,
            queue_records=settings.queue_records,
            committed=self._commits.announce,
            keep_house=lambda: remove_old(
                segments.segments,
                self._marks.released(),
                retention_bytes=settings.retention_bytes,
                retention_s=settings.retention_s,
                end=self._marks.end,
            ),
        )


def _cannot_open(folder: Path, error: OSError) -> LogUnavailable:
    return LogUnavailable(f"the event log in {folder} cannot be opened: {(error.strerror or str(error)).lower()}")
