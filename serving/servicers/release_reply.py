"""Releases as messages of the contract."""

from __future__ import annotations

from typing import Protocol

from serving.servicers.times import set_instant
from strata.release import Entry, SegmenterRelease
from strata.v1 import release_pb2 as pb


class WorkerProgress(Protocol):
    """How far a worker has got."""

    @property
    def worker(self) -> int: ...

    @property
    def serial(self) -> int: ...

    @property
    def refusal(self) -> str: ...


def to_release_proto(entry: Entry) -> pb.Release:
    """A logged change and the release it led to."""
    change = entry.change
    message = pb.Release(
        serial=entry.release.serial,
        segmenters=[to_versions_proto(name, held) for name, held in entry.release.segmenters.items()],
        action=change.action,
        segmenter=change.segmenter,
        who=change.who,
        why=change.why,
    )
    if entry.before is not None:
        message.before.CopyFrom(to_versions_proto(change.segmenter, entry.before))
    set_instant(message.made_at, entry.at_us)
    return message


def to_versions_proto(name: str, held: SegmenterRelease) -> pb.ReleasedVersions:
    """One segmenter's versions."""
    canary = held.canary
    return pb.ReleasedVersions(
        segmenter=name,
        live=held.live,
        previous=held.previous,
        canary=canary.version if canary else "",
        canary_share=canary.share if canary else 0.0,
        shadow=held.shadow,
    )


def to_worker_proto(worker: WorkerProgress) -> pb.WorkerRelease:
    """How far one worker has got."""
    return pb.WorkerRelease(worker=worker.worker, serial=worker.serial, refusal=worker.refusal)
