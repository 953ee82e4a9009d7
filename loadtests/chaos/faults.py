"""What is broken, and how it is mended again."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import grpc
import psutil

from loadtests.chaos.world import WORKERS, World
from strata.release import Change, ReleaseLog, promote, roll_back
from strata.runtime import find_package, write_package
from strata.runtime.manifest import FILE_NAME, parse_manifest
from strata.v1 import release_pb2 as pb
from strata.v1.release_pb2_grpc import ReleaseServiceStub

SLOW_S: Final = 0.2
SLOW_MODEL_S: Final = 0.5
WHO: Final = "strata prove chaos"
DAMAGED: Final = "it is damaged"
CALL_S: Final = 30.0
REPLACED_S: Final = 30.0
"""A worker that is not replaced by then will not be."""

Act = Callable[[World], Counter[str] | None]
"""What is done to a world; what was seen by it, where that is not the callers' to see."""


@dataclass(frozen=True)
class Fault:
    """One way to break a world. `kinds`: the worlds it can happen in."""

    name: str
    make: Act
    mend: Act
    kinds: tuple[str, ...] = ("redis",)
    unavailable_share: float = 0.0
    """Of the calls while it lasts may end UNAVAILABLE, for it takes a server away."""


def _nothing(_: World) -> None:
    return


def _signalled(number: int, *, tree: bool, of: str) -> Callable[[World], None]:
    def send(world: World) -> None:
        server = getattr(world, of)
        root = psutil.Process(server.pid)
        for process in [root, *(root.children(recursive=True) if tree else [])]:
            os.kill(process.pid, number)

    return send


def _killed(of: str) -> Callable[[World], None]:
    def kill(world: World) -> None:
        server = getattr(world, of)
        for child in psutil.Process(server.pid).children(recursive=True):
            child.kill()
        server.kill()

    return kill


def _started(of: str) -> Callable[[World], None]:
    def start(world: World) -> None:
        getattr(world, of).start()
        getattr(world, of).await_ready()

    return start


def _empty(world: World) -> None:
    assert world.redis is not None
    from redis import Redis

    Redis("127.0.0.1", world.place.redis_port).flushall()


def _restart_empty(world: World) -> None:
    """As one whose disk was lost."""
    assert world.redis is not None
    world.redis.kill()
    for path in (world.folder / "redis").rglob("*"):
        if path.is_file():
            path.unlink()
    world.redis.start()
    world.redis.await_ready()


def _fill(world: World) -> None:
    world.fill()


def _slow_state(world: World) -> None:
    world.state_delay.seconds = SLOW_S


def _slow_bento(world: World) -> None:
    world.bento_delay.seconds = SLOW_MODEL_S


def _quick(world: World) -> None:
    world.state_delay.seconds = world.bento_delay.seconds = 0.0


def _kill_worker(world: World) -> Counter[str]:
    """Counts how soon another one listens, which it does when it has warmed up: 2 s is what is promised."""
    killed, began_s = world.gateway.workers()[0], time.monotonic()
    killed.kill()
    while time.monotonic() - began_s < REPLACED_S and not _replaced(world, killed):
        time.sleep(0.02)
    return Counter({f"replaced in {time.monotonic() - began_s:.1f} s": 1})


def _replaced(world: World, killed: psutil.Process) -> bool:
    workers = [worker for worker in world.gateway.workers() if worker.pid != killed.pid]
    return len(workers) == WORKERS and all(map(_listens, workers))


def _listens(worker: psutil.Process) -> bool:
    try:
        return any(each.status == psutil.CONN_LISTEN for each in worker.net_connections(kind="tcp"))
    except psutil.NoSuchProcess:
        return False


def _fill_disk(world: World) -> None:
    """No file of a worker may grow: what a full disk says to whoever writes."""
    for worker in world.gateway.workers():
        worker.rlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def _empty_disk(world: World) -> Counter[str]:
    """What could not be written is gone, and what comes is written again."""
    for worker in world.gateway.workers():
        worker.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return world.predictions.await_more(world.predictions.count())


def _release_damaged(world: World) -> None:
    """Another version goes live whose model is not what its manifest says; nobody checked."""
    name, version = _embedded(world), _write_damaged(world)
    _log(world).append(Change("promote", name, WHO, "nobody looked"), lambda held: promote(held, name, version))


def _write_damaged(world: World) -> str:
    """A version, one byte of whose largest file is another one than its manifest says."""
    packages = world.place.home / "packages"
    folder = find_package(packages, _embedded(world))
    manifest = parse_manifest((folder / FILE_NAME).read_bytes())
    files = {each: (folder / each).read_bytes() for each in manifest.files}
    world.damaged += 1
    twin, made = write_package(packages, replace(manifest, description=f"Damaged, number {world.damaged}."), files)
    model = max((made / each for each in files), key=lambda path: path.stat().st_size)
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 0xFF
    model.write_bytes(content)
    return twin.version


def _embedded(world: World) -> str:
    return next(each for each in world.settings.segmenters if each != world.remote)


def _promote_damaged(world: World) -> Counter[str]:
    """As above, but asked for as anybody would: the gateway looks before it says yes."""
    version = _write_damaged(world)
    request = pb.PromoteRequest(
        change=pb.ReleaseChange(segmenter=_embedded(world), who=WHO, why=DAMAGED), version=version
    )
    with grpc.insecure_channel(world.gateway.address) as channel:
        try:
            ReleaseServiceStub(channel).Promote(request, timeout=CALL_S)  # type: ignore[no-untyped-call]
        except grpc.RpcError as error:
            return Counter({f"promotion {error.code().name}": 1})
    return Counter({"wrong: a damaged package was promoted": 1})


def _take_back(world: World) -> None:
    name = _embedded(world)
    _log(world).append(Change("roll_back", name, WHO, DAMAGED), lambda held: roll_back(held, name))


def _log(world: World) -> ReleaseLog:
    return ReleaseLog(world.place.home / "releases.jsonl")


def _cut_state(world: World) -> None:
    """Half of the file is gone while it is mapped; the gateway may end over it, and is started when it is back."""
    world.state_file.with_suffix(".whole").write_bytes(world.state_file.read_bytes())
    os.truncate(world.state_file, world.state_file.stat().st_size // 2)


def _cut_before_start(world: World) -> None:
    """The gateway finds half of the file when it begins; it may refuse, and is started when the file is whole."""
    world.gateway.stop()
    _cut_state(world)
    world.gateway.start()


def _restore_state(world: World) -> None:
    world.state_file.with_suffix(".whole").replace(world.state_file)
    if not world.gateway.has_ended():
        world.gateway.stop()
    world.gateway.start()
    world.gateway.await_ready()


BOTH: Final = ("redis", "lmdb")
WORKER_GONE: Final = 0.05
"""Calls on their way in it, and those that come while their channels look for the other: a quarter of a second of five.
Fewer than 3 in 1,000 were seen (2026-11)."""
GATEWAY_GONE: Final = 1.0
FAULTS: Final = (
    Fault("worker killed", _kill_worker, _nothing, BOTH, WORKER_GONE),
    Fault("disk full", _fill_disk, _empty_disk, BOTH),
    Fault("package damaged", _release_damaged, _take_back, BOTH),
    Fault("damaged package promoted", _promote_damaged, _nothing, BOTH),
    Fault("redis killed", _killed("redis"), _started("redis")),
    Fault("redis paused", _signalled(signal.SIGSTOP, tree=False, of="redis"),
          _signalled(signal.SIGCONT, tree=False, of="redis")),
    Fault("redis slowed to 200 ms", _slow_state, _quick),
    Fault("redis emptied", _empty, _fill),
    Fault("redis restarted empty", _restart_empty, _fill),
    Fault("bento killed", _killed("bento"), _started("bento")),
    Fault("bento paused", _signalled(signal.SIGSTOP, tree=True, of="bento"),
          _signalled(signal.SIGCONT, tree=True, of="bento")),
    Fault("bento slowed to 500 ms", _slow_bento, _quick),
    Fault("lmdb file truncated", _cut_state, _restore_state, ("lmdb",), GATEWAY_GONE),
    Fault("lmdb file truncated before the start", _cut_before_start, _restore_state, ("lmdb",), GATEWAY_GONE),
)  # fmt: skip
