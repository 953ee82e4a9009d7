"""Change notices over the Unix socket: what watchers are told, and what they are told they missed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from strata.changes import open_publisher, open_subscriber
from strata.changes.ports import GAP, Changed
from strata.changes.unix_publisher import KEPT_BYTES, UnixPublisher
from strata.changes.unix_subscriber import UnixSubscriber


async def first(notices: AsyncIterator[Changed], count: int, publisher: UnixPublisher) -> list[Changed]:
    """So many notices, while the publisher is pushed on as its worker does."""
    found: list[Changed] = []

    async def collect() -> None:
        async for notice in notices:
            found.append(notice)
            if len(found) == count:
                return

    task = asyncio.create_task(collect())
    while not task.done():
        publisher.publish("", [])
        await asyncio.sleep(0.005)
    return found


async def test_a_watcher_begins_with_a_gap_and_is_then_told_of_every_change(tmp_path: Path) -> None:
    """Nobody knows what changed before it came; what changes afterwards comes in order."""
    publisher = UnixPublisher(tmp_path / "c.sock")
    notices = UnixSubscriber(tmp_path / "c.sock", retry_s=0.01).notices()
    assert await first(notices, 1, publisher) == [GAP]
    publisher.publish("events@3600", ["ann", "bob"])
    publisher.publish("profile", ["日本"])
    assert await first(notices, 2, publisher) == [Changed("events@3600", ("ann", "bob")), Changed("profile", ("日本",))]
    publisher.close()


async def test_a_publisher_that_comes_back_is_found_again(tmp_path: Path) -> None:
    """A restart of the writer is a gap to its watchers, not an end."""
    path = tmp_path / "c.sock"
    notices = UnixSubscriber(path, retry_s=0.01).notices()
    before = UnixPublisher(path)
    assert await first(notices, 1, before) == [GAP]
    before.close()
    after = UnixPublisher(path)
    assert await first(notices, 1, after) == [GAP]
    after.close()


async def test_a_watcher_that_does_not_read_never_holds_the_writer_up(tmp_path: Path) -> None:
    """What waits for it is bounded; when it reads again it is told that it missed some."""
    publisher = UnixPublisher(tmp_path / "c.sock")
    slow = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    slow.connect(str(tmp_path / "c.sock"))
    users = [f"user-{n}" for n in range(2_000)]
    for _ in range(300):
        publisher.publish("t", users)
    assert sum(len(watcher.waiting) for watcher in publisher._watchers) <= KEPT_BYTES
    slow.setblocking(False)
    data = b""
    for _ in range(2_000):
        publisher.publish("", [])
        try:
            data += slow.recv(1 << 20)
        except BlockingIOError:
            break
    gap = (0).to_bytes(4, "little")
    assert data.startswith(gap)
    assert data.endswith(gap)
    slow.close()
    publisher.close()


async def test_a_path_too_long_for_a_socket_works(tmp_path: Path) -> None:
    """A home deep in a tree is no reason to lose notices."""
    deep = tmp_path.joinpath(*["a-rather-long-folder-name"] * 6)
    publisher = open_publisher(deep)
    assert isinstance(publisher, UnixPublisher)
    assert await first(open_subscriber(deep).notices(), 1, publisher) == [GAP]
    publisher.close()


async def test_a_socket_file_left_by_a_kill_is_replaced(tmp_path: Path) -> None:
    """Nothing has to be cleaned up by hand."""
    killed = UnixPublisher(tmp_path / "c.sock")
    killed._listener.close()
    assert (tmp_path / "c.sock").exists()
    again = UnixPublisher(tmp_path / "c.sock")
    again.close()


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """The reason is said, with the path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="change notices cannot be served"):
        UnixPublisher(tmp_path / "file" / "c.sock")
