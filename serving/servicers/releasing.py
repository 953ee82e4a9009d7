"""ReleaseService over the office where releases are changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final, Protocol, TypeVar

from serving.domain.deadline import Deadline
from serving.domain.failures import ReleasePending, RequestInvalid, Violation
from serving.servicers.guarded import CallMeter, guarded
from serving.servicers.release_reply import to_release_proto, to_worker_proto
from strata import release
from strata.release import Change, Entry, Release
from strata.v1 import release_pb2 as pb
from strata.v1.release_pb2_grpc import ReleaseServiceServicer, add_ReleaseServiceServicer_to_server

SERVICE: Final = pb.DESCRIPTOR.services_by_name["ReleaseService"].full_name
LOOK_S: Final = 1.0
CHANGE_S: Final = 60.0
POLL_S: Final = 0.05
PAGE: Final = 50
MOST: Final = 1_000
T = TypeVar("T")


class Office(Protocol):
    """What `serving.releases.office.ReleaseOffice` does. Its methods block."""

    log: release.ReleaseLog

    def newest(self) -> Entry: ...

    def exact(self, segmenter: str, version: str) -> str: ...

    def change(
        self,
        change: Change,
        step: Callable[[Release], Release],
        *,
        version: str = "",
        expected_serial: int | None = None,
    ) -> Entry: ...

    def workers(self) -> list[Any]: ...

    def behind(self, serial: int) -> int: ...


class ReleaseMethods:
    """The six methods. Everything that touches files or loads a package runs on a thread."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def get_release(self, request: pb.GetReleaseRequest, deadline: Deadline) -> pb.GetReleaseResponse:
        entry = await _thread(self._office.newest)
        workers = await _thread(self._office.workers)
        return pb.GetReleaseResponse(release=to_release_proto(entry), workers=map(to_worker_proto, workers))

    async def list_releases(self, request: pb.ListReleasesRequest, deadline: Deadline) -> pb.ListReleasesResponse:
        if not 0 <= request.page_size <= MOST:
            raise RequestInvalid([Violation("page_size", f"is {request.page_size}; at most {MOST}")])
        before, most = request.before_serial, request.page_size or PAGE

        def listed() -> list[Entry]:
            entries = self._office.log.entries()
            return list(islice((e for e in entries if not before or e.release.serial < before), most))

        return pb.ListReleasesResponse(releases=map(to_release_proto, await _thread(listed)))

    async def promote(self, request: pb.PromoteRequest, deadline: Deadline) -> pb.PromoteResponse:
        version = await self._exact(request.change, request.version)
        entry = await self._change(
            "promote", request.change, deadline, lambda held, name: release.promote(held, name, version), version
        )
        return pb.PromoteResponse(release=to_release_proto(entry))

    async def set_canary(self, request: pb.SetCanaryRequest, deadline: Deadline) -> pb.SetCanaryResponse:
        if request.share == 0:
            entry = await self._change("end_canary", request.change, deadline, release.end_canary)
        else:
            share, version = request.share, await self._exact(request.change, request.version)
            entry = await self._change(
                "canary", request.change, deadline, lambda held, name: release.set_canary(held, name, version, share),
                version,
            )  # fmt: skip
        return pb.SetCanaryResponse(release=to_release_proto(entry))

    async def set_shadow(self, request: pb.SetShadowRequest, deadline: Deadline) -> pb.SetShadowResponse:
        if not request.version:
            entry = await self._change("end_shadow", request.change, deadline, release.end_shadow)
        else:
            version = await self._exact(request.change, request.version)
            entry = await self._change(
                "shadow", request.change, deadline, lambda held, name: release.set_shadow(held, name, version), version
            )
        return pb.SetShadowResponse(release=to_release_proto(entry))

    async def roll_back(self, request: pb.RollBackRequest, deadline: Deadline) -> pb.RollBackResponse:
        entry = await self._change("roll_back", request.change, deadline, release.roll_back)
        return pb.RollBackResponse(release=to_release_proto(entry))

    async def _exact(self, change: pb.ReleaseChange, version: str) -> str:
        _check(change, *([] if version else [Violation("version", "is empty; name an exact one (strata packages)")]))
        return await _thread(self._office.exact, change.segmenter, version)

    async def _change(
        self,
        action: str,
        asked: pb.ReleaseChange,
        deadline: Deadline,
        step: Callable[[Release, str], Release],
        version: str = "",
    ) -> Entry:
        """Log a change and wait for the workers. A caller that leaves does not undo it."""
        _check(asked)
        name, expected = asked.segmenter, asked.expected_serial or None
        change = Change(action, name, asked.who, asked.why)

        def changed() -> Entry:
            return self._office.change(change, lambda held: step(held, name), version=version, expected_serial=expected)

        entry = await asyncio.shield(_thread(changed))
        await self._served(entry.release.serial, deadline)
        return entry

    async def _served(self, serial: int, deadline: Deadline) -> None:
        while behind := await _thread(self._office.behind, serial):
            if deadline.for_segmenter_s() <= 0:
                raise ReleasePending(serial, behind)
            await asyncio.sleep(POLL_S)


def _check(change: pb.ReleaseChange, *faults: Violation) -> None:
    """Raise RequestInvalid for everything that is missing."""
    missing = [name for name in ("segmenter", "who", "why") if not getattr(change, name).strip()]
    violations = [Violation(f"change.{name}", "is empty") for name in missing] + list(faults)
    if violations:
        raise RequestInvalid(violations)


def add_releases(server: Any, methods: ReleaseMethods, meters: Mapping[str, CallMeter]) -> None:
    """Serve them."""
    servicer: Any = ReleaseServiceServicer()
    wired: dict[str, tuple[Any, float]] = {
        "GetRelease": (methods.get_release, LOOK_S),
        "ListReleases": (methods.list_releases, LOOK_S),
        "Promote": (methods.promote, CHANGE_S),
        "SetCanary": (methods.set_canary, CHANGE_S),
        "SetShadow": (methods.set_shadow, CHANGE_S),
        "RollBack": (methods.roll_back, CHANGE_S),
    }
    for name, (method, default_s) in wired.items():
        setattr(servicer, name, guarded(method, default_s, meters[name]))
    add: Any = add_ReleaseServiceServicer_to_server
    add(servicer, server)


def _thread(work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
    return asyncio.get_running_loop().run_in_executor(None, work, *arguments)
