"""A gateway of two workers with everything it leans on: a Redis and a Bento server behind proxies, or LMDB."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal

import grpc

from loadtests.bench.gateways import remote_segmenter
from loadtests.bench.processes import free_port
from loadtests.bench.redis_state import copy_table
from loadtests.chaos.predictions import Predictions
from loadtests.live.places import Place, make_place
from loadtests.live.servers import Gateway, Redis, Server
from loadtests.slow_proxy import Delay, slowed
from strata.clock import system_us
from strata.registry import read_catalog
from strata.settings import Settings
from strata.state import open_state

FROZEN: Final = "0.000001"
"""The clock's speed: nothing leaves a window, so that right answers stay right."""
WORKERS: Final = 2
Kind = Literal["redis", "lmdb"]


class Bento(Server):
    """`strata bento serve`."""

    def __init__(self, place: Place, segmenter: str, http_port: int, grpc_port: int) -> None:
        super().__init__("bento", place, sys.executable, "-m", "strata.command", "bento", "serve", segmenter)
        self.address = f"127.0.0.1:{grpc_port}"
        self._own = {"STRATA_BENTO__HTTP_PORT": str(http_port), "STRATA_BENTO__GRPC_PORT": str(grpc_port)}

    def serves(self) -> bool:
        with grpc.insecure_channel(self.address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            try:
                grpc.channel_ready_future(channel).result(0.3)
            except grpc.FutureTimeoutError:
                return False
        return True

    def _environ(self) -> dict[str, str]:
        return super()._environ() | self._own


class World:
    """Start it with `start`; faults are made on its parts."""

    def __init__(self, settings: Settings, kind: Kind, folder: Path, users: list[str]) -> None:
        self.settings, self.kind, self.folder, self.users = settings, kind, folder, users
        origin = {} if settings.clock.mode == "system" else {"CLOCK__ORIGIN_US": str(system_us())}
        self.place = make_place(
            settings, folder, log="embedded", state=kind, GATEWAY__WORKERS=str(WORKERS),
            CLOCK__MODE=settings.clock.mode, CLOCK__SPEED=FROZEN, PREDICTION_LOG__ROTATE_S="1", **origin,
        )  # fmt: skip
        (self.place.home / "packages").unlink()
        shutil.copytree(settings.packages, self.place.home / "packages")
        self.remote = remote_segmenter(settings) if kind == "redis" else ""
        self.state_delay, self.bento_delay = Delay(), Delay()
        self.redis: Redis | None = None
        self.bento: Bento | None = None
        self.gateway = Gateway(self.place)
        self.predictions = Predictions(self.place.home / "predictions", list(settings.segmenters))
        self.damaged = 0
        """Versions that were damaged so far; each has an id of its own."""

    @property
    def state_file(self) -> Path:
        """LMDB's file."""
        return self.place.home / "state" / "data.mdb"

    def start(self, stack: ExitStack) -> None:
        """Everything, in order. Raises StrataError with the last words of what does not start."""
        if self.kind == "redis":
            self.redis = stack.enter_context(Redis(self.place))
            self.fill()
            address = stack.enter_context(slowed(f"127.0.0.1:{self.place.redis_port}", self.state_delay))
            self.place.environ["STRATA_STATE_URL"] = f"redis://{address}/0?timeout_s=1"
            self._start_bento(stack)
        else:
            shutil.copytree(self.settings.state, self.place.home / "state")
        stack.enter_context(self.gateway)

    def fill(self) -> None:
        """The platform's rows into Redis."""
        catalog = read_catalog(self.settings.registry)
        tables = dict.fromkeys(catalog.table_of(view) for view in catalog.views)
        with (
            open_state(self.settings.state_address, readonly=True) as ours,
            open_state(self.place.state_address) as theirs,
        ):
            for table in tables:
                copy_table(table, self.users, ours, theirs)

    def _start_bento(self, stack: ExitStack) -> None:
        if self.settings.bentoml_home.exists():
            home = self.place.home / self.settings.bentoml_home.name
            shutil.copytree(self.settings.bentoml_home, home, symlinks=True)
            self.place.environ["BENTOML_HOME"] = str(home)
        self.bento = stack.enter_context(Bento(self.place, self.remote, free_port(), free_port()))
        address = stack.enter_context(slowed(self.bento.address, self.bento_delay))
        self.place.environ |= {
            f"STRATA_SEGMENTERS__{self.remote.upper()}__PLACEMENT": "remote",
            "STRATA_BENTO__GRPC_PORT": address.rpartition(":")[2],
        }
