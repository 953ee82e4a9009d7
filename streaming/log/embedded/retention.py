"""Which whole segments of an embedded log may go: released by the consumers, and too old or too many."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from streaming.log.embedded.segments import Segment, read_following, sync_folder

logger = logging.getLogger(__name__)


def remove_old(
    segments: list[Segment], released: Mapping[int, int], *, retention_bytes: int, retention_s: float, end: int
) -> None:
    """Remove the oldest segments that may go, here and on the disk. The newest, which is written to, never goes."""
    removed = False
    while len(segments) > 1:
        oldest, after = segments[0], segments[1]
        too_many = end - oldest.start > retention_bytes
        too_old = time.time() - oldest.path.stat().st_mtime > retention_s
        if not (too_many or too_old) or not _is_released(after, released):
            break
        oldest.path.unlink(missing_ok=True)
        logger.info("removed %s of the event log: all of it is released", oldest.path.name)
        segments.pop(0)
        removed = True
    if removed:
        sync_folder(segments[0].path.parent)


def _is_released(after: Segment, released: Mapping[int, int]) -> bool:
    """Whether nothing before a segment is needed any more."""
    following = read_following(after, len(released))
    return all(released[partition] >= offset for partition, offset in following.items())
