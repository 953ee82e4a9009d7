"""The stable reasons of `google.rpc.ErrorInfo`. Callers may switch on them: never rename one."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

DOMAIN: Final = "strata"


class Reason(StrEnum):
    """Why a call failed."""

    INVALID_REQUEST = "INVALID_REQUEST"
    """A field cannot be used; BadRequest names it."""
    SEGMENTER_NOT_FOUND = "SEGMENTER_NOT_FOUND"
    """Metadata: `segmenter`."""
    DEADLINE_EXPIRED = "DEADLINE_EXPIRED"
    """No time was left when the call arrived."""
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    """The online state cannot be read."""
    SEGMENTER_UNAVAILABLE = "SEGMENTER_UNAVAILABLE"
    """Metadata: `segmenter`."""
    EVENTS_UNAVAILABLE = "EVENTS_UNAVAILABLE"
    """The stream process, which takes events, does not answer."""
    SEGMENTER_NOT_TRACKED = "SEGMENTER_NOT_TRACKED"
    """Metadata: `segmenter`."""
    WORKER_FULL = "WORKER_FULL"
    """This worker watches as much as it may; RetryInfo says when to call again."""
    WATCH_BEHIND = "WATCH_BEHIND"
    """Too many changes waited to be read of a watch of all users; they are dropped, and the watch begins anew."""
    OVERLOADED = "OVERLOADED"
    """The call was refused before it began; RetryInfo says when to call again. Metadata: `cause`."""
    WORKER_GOING = "WORKER_GOING"
    """This worker is being stopped; another takes the watch up."""
    RELEASE_MOVED = "RELEASE_MOVED"
    """Somebody else changed the release. Metadata: `serial`, the newest."""
    PACKAGE_INVALID = "PACKAGE_INVALID"
    """A version is damaged, missing, or does not fit the feature registry."""
    REGISTRY_INVALID = "REGISTRY_INVALID"
    """The feature registry a version is held against is not there, or cannot be read; nothing was changed."""
    RELEASE_REFUSED = "RELEASE_REFUSED"
    """A change is logged and a worker cannot serve it; the release before answers. Metadata: `serial`."""
    RELEASE_PENDING = "RELEASE_PENDING"
    """A change is logged and not every worker serves it yet. Metadata: `serial`."""
    RELEASE_LOG_BUSY = "RELEASE_LOG_BUSY"
    """Another process keeps the release log; nothing was changed."""
    INTERNAL = "INTERNAL"
    """A defect of ours. Metadata: `request_id`, to report."""
