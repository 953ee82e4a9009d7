"""The servers of a place: started with a log each, killed, started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import grpc
import psutil

from loadtests.live.places import ROOT, Place
from strata.errors import StrataError
from strata.v1.segmentation_pb2 import GetSegmentsRequest
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

START_S: Final = 60.0
STOP_S: Final = 30.0
# The kernel ends a server with whoever started it, however that ends.
_BOUND: Final = "import ctypes,os,sys; ctypes.CDLL(None).prctl(1,15); os.execvp(sys.argv[1],sys.argv[1:])"


class Server(ABC):
    """A process that can be killed and started again, on the same ports and files. Start it from the main thread."""

    start_s = START_S

    def __init__(self, name: str, place: Place, *command: str) -> None:
        self.name, self.place = name, place
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self.log = place.folder / f"{name}.log"

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Begin to start; `await_ready` waits."""
        with self._open_log() as words:
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-c", _BOUND, *self._command], stdin=subprocess.DEVNULL, stdout=words,
                stderr=words, env=self._environ(), cwd=ROOT, start_new_session=True, text=True,
            )  # fmt: skip

    def await_ready(self) -> None:
        """Wait until it serves. Raises StrataError with its last words."""
        deadline = time.monotonic() + self.start_s
        while not self.serves():
            dead = self._process is None or self._process.poll() is not None
            if dead or time.monotonic() > deadline:
                what = "ended" if dead else f"did not serve within {self.start_s:.0f} s"
                raise StrataError(f"{self.name} {what}; last words ({self.log}):\n{self.last_words()}")
            time.sleep(0.02)

    @abstractmethod
    def serves(self) -> bool:
        """Whether it takes connections on its port."""

    def has_ended(self) -> bool:
        """Whether it was started and is gone."""
        return self._process is not None and self._process.poll() is not None

    def kill(self) -> None:
        """SIGKILL, and gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM and its end; the exit code, 0 when it never ran."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            return self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])

    def __enter__(self) -> Self:
        self.start()
        self.await_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop()

    def _open_log(self) -> IO[str]:
        return self.log.open("a", encoding="utf-8")

    def _environ(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")}
        return kept | self.place.told()


class Stream(Server):
    """`strata stream run`."""

    def __init__(self, place: Place) -> None:
        super().__init__("stream", place, sys.executable, "-m", "strata.command", "stream", "run")
        self.address = f"127.0.0.1:{place.stream_port}"

    def serves(self) -> bool:
        return _takes_calls(self.address)


class Gateway(Server):
    """`strata serve` with one worker."""

    def __init__(self, place: Place) -> None:
        super().__init__("gateway", place, sys.executable, "-m", "strata.command", "serve")
        self.address = f"127.0.0.1:{place.gateway_port}"

    def serves(self) -> bool:
        with grpc.insecure_channel(self.address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            stub = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
            try:
                stub.GetSegments(GetSegmentsRequest(user_id="user-1"), timeout=0.5)
            except grpc.RpcError:
                return False
        return True

    def workers(self) -> list[psutil.Process]:
        """Its worker processes."""
        return list(psutil.Process(self.pid).children())


class Redis(Server):
    """A redis-server of the place's own, with an append-only file."""

    def __init__(self, place: Place) -> None:
        folder = place.folder / "redis"
        folder.mkdir(exist_ok=True)
        where = ("--bind", "127.0.0.1", "--port", str(place.redis_port), "--dir", str(folder))
        keeping = ("--save", "", "--appendonly", "yes", "--appendfsync", "everysec")
        super().__init__("redis", place, "redis-server", *where, *keeping)

    def serves(self) -> bool:
        from redis import Redis as Client
        from redis.exceptions import RedisError

        client = Client("127.0.0.1", self.place.redis_port, socket_timeout=1.0)
        try:
            return bool(client.ping())
        except RedisError:
            return False
        finally:
            client.close()


class Broker(Server):
    """An Apache Kafka of the place's own, as scripts/kafka.py starts it."""

    def __init__(self, place: Place) -> None:
        super().__init__("broker", place)
        self._folder = place.folder / "kafka"
        self._script = (sys.executable, str(ROOT / "scripts" / "kafka.py"))
        self._started = False

    @property
    def pid(self) -> int:
        return int((self._folder / "pid").read_text())

    def start(self) -> None:
        port = () if self._started else ("--port", "0")
        done = self._run("start", *port)
        if done.returncode:
            raise StrataError(f"no broker: {done.stdout}{done.stderr}")
        self._started = True
        lines = (self._folder / "server.properties").read_text().splitlines()
        listener = next(line for line in lines if line.startswith("advertised.listeners="))
        self.place.environ["STRATA_LOG__BROKERS"] = listener.rpartition("//")[2]

    def serves(self) -> bool:
        return True  # the script waits for it

    def has_ended(self) -> bool:
        return not psutil.pid_exists(self.pid)

    def kill(self) -> None:
        broker = psutil.Process(self.pid)
        broker.kill()
        psutil.wait_procs([broker], STOP_S)

    def stop(self) -> int:
        return self._run("stop").returncode

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [*self._script, *words, "--folder", str(self._folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False)


def missing(log: str, state: str) -> str:
    """Why servers of these kinds cannot run here; empty when they can."""
    if state == "redis" and shutil.which("redis-server") is None:
        return "there is no redis-server here: scripts/install_tools.sh redis-server"
    if log == "kafka" and shutil.which("java") is None:
        return "there is no Java here, which Apache Kafka needs (17 or later)"
    return ""


def scratch_folder(settings_home: Path, name: str) -> Path:
    """An empty folder below the home for one proof."""
    folder = settings_home / "prove" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _takes_calls(address: str) -> bool:
    with grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        try:
            grpc.channel_ready_future(channel).result(0.5)
        except grpc.FutureTimeoutError:
            return False
    return True
