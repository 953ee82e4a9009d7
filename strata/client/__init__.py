"""The typed client: ask a gateway, tell it what users do, get plain Python back.

    with connect("127.0.0.1:7400") as client:
        for assignment in client.get_segments("1").assignments:
            print(assignment.segmenter, assignment.segment, assignment.score)
        client.publish([Event("1", "view", item_id="milk")])

Synchronous and safe to share between threads. Every call has a deadline. A call that met no server (UNAVAILABLE) is
sent again, up to three times while its deadline lasts: reads change nothing, and an event counts once however often its
id is sent. Where most attempts fail nothing is sent again: what is down or full hears each call once.
"""

from __future__ import annotations

from strata.client.calls import CallFailed
from strata.client.client import Client, connect
from strata.client.events import Event, Published, Refusal
from strata.client.explained import ExplainedCall, TimingMissing
from strata.client.publisher import Publisher
from strata.client.segments import Assignment, SegmentBatch, SegmentColumn, SegmenterInfo, Segments

__all__ = [
    "Assignment",
    "CallFailed",
    "Client",
    "Event",
    "ExplainedCall",
    "Published",
    "Publisher",
    "Refusal",
    "SegmentBatch",
    "SegmentColumn",
    "SegmenterInfo",
    "Segments",
    "TimingMissing",
    "connect",
]
