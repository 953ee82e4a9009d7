"""Whether the server at the other end serves exactly the package this gateway was told to serve.

The server is asked when a connection is made and each time it is made again. Until it has answered rightly, no row is
sent to it, and nobody waits for it either; only a connection that was sound a moment ago (a server asking its
channels to come again) is worth waiting for.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from enum import Enum
from typing import Any, Final

import grpc

from serving.domain.deadline import Deadline
from serving.domain.ending import end
from serving.domain.segmenter import SegmenterProfile
from strata.errors import SegmenterUnavailable
from strata.v1 import segmenter_pb2 as pb
from strata.v1.segmenter_pb2_grpc import SegmenterServiceStub

DESCRIBE_S: Final = 2.0
"""How long a server may take to say what it serves."""
RECHECK_S: Final = 2.0
"""How often a connected server that answered wrongly, or not, is asked again."""
_log = logging.getLogger("strata.gateway")


class _State(Enum):
    DOWN = 0
    RETURNING = 1
    SOUND = 2


class RemotePackage:
    """Watches one channel. Start it with `start`; `address` is for sentences only."""

    def __init__(self, profile: SegmenterProfile, channel: Any, address: str) -> None:
        self._profile, self._channel, self._address = profile, channel, address
        self._describe = SegmenterServiceStub(channel).DescribePackage  # type: ignore[no-untyped-call]
        self._state = _State.DOWN
        self._reason = f"not connected to {address} yet"
        self.sound = asyncio.Event()
        """Set while rows may be sent."""
        self._settled = asyncio.Event()
        """Set while it is known whether they may."""
        self._settled.set()
        self._doubted = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect and to watch, on the running loop."""
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Stop watching; the channel is its owner's to close."""
        await end(self._watching)

    async def checked(self, deadline: Deadline) -> None:
        """Return when rows may be sent. Raises SegmenterUnavailable, at once when the server is known to be down."""
        if self._state is _State.RETURNING:
            with suppress(TimeoutError):
                async with asyncio.timeout(deadline.for_segmenter_s()):
                    await self._settled.wait()  # it may turn out to be down: nobody waits for that
        if self._state is _State.SOUND:
            return
        timed_out = self._state is _State.RETURNING
        reason = "it was connecting again" if timed_out else self._reason
        raise SegmenterUnavailable(self._profile.name, reason, timed_out=timed_out)

    def doubt(self) -> None:
        """Something the server said does not fit: send no rows until it was asked again."""
        self._set(_State.DOWN, "its server serves another package")
        self._doubted.set()

    async def _watch(self) -> None:
        while True:
            seen = self._channel.get_state(try_to_connect=True)
            changed = asyncio.create_task(self._channel.wait_for_state_change(seen))
            try:
                await self._react(seen, changed)
            finally:
                changed.cancel()
                with suppress(asyncio.CancelledError, grpc.aio.UsageError):
                    await changed

    async def _react(self, seen: Any, changed: asyncio.Task[Any]) -> None:
        """Follow one connectivity state until it changes."""
        if seen is grpc.ChannelConnectivity.READY:
            while not changed.done():
                await self._verify()
                self._doubted.clear()
                pause_s = None if self._state is _State.SOUND else RECHECK_S
                doubted = asyncio.create_task(self._doubted.wait())
                await asyncio.wait({changed, doubted}, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED)
                doubted.cancel()
            return
        if seen is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            self._set(_State.DOWN, f"{self._address} cannot be reached")
        elif self._state is _State.SOUND:
            self._set(_State.RETURNING, "connecting again")
        await changed

    async def _verify(self) -> None:
        try:
            served = await self._describe(pb.DescribePackageRequest(), timeout=DESCRIBE_S)
        except grpc.aio.AioRpcError as error:
            self._set(_State.DOWN, f"{self._address} did not say what it serves ({error.code().name})")
            return
        differences = differences_from(self._profile, served)
        if differences:
            self._set(_State.DOWN, f"{self._address} serves another package: {'; '.join(differences)}")
        else:
            self._set(_State.SOUND, "")

    def _set(self, state: _State, reason: str) -> None:
        if (state, reason) == (self._state, self._reason):
            return
        fields = {"segmenter": self._profile.name, "version": self._profile.version, "address": self._address}
        if state is _State.DOWN:
            _log.warning("remote segmenter not routed", extra={"fields": {**fields, "reason": reason}})
        elif state is _State.SOUND and self._state is _State.DOWN:
            _log.info("remote segmenter routed", extra={"fields": fields})
        self._state, self._reason = state, reason
        self.sound.set() if state is _State.SOUND else self.sound.clear()
        self._settled.clear() if state is _State.RETURNING else self._settled.set()


def differences_from(profile: SegmenterProfile, served: pb.DescribePackageResponse) -> list[str]:
    """What a server says it serves, where that is not `profile`."""
    pairs = (
        ("segmenter", profile.name, served.segmenter),
        ("version", profile.version, served.version),
        ("schema fingerprint", profile.schema_fingerprint, served.schema_fingerprint),
        ("manifest", profile.manifest_sha256, served.manifest_sha256),
    )
    return [f"{what} {there or '(none)'} instead of {here}" for what, here, there in pairs if here != there]
