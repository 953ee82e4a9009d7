"""Servers as child processes of this one, each `strata bento serve NAME --version V`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

from serving.bento.launch import HOMES_VARIABLE, home_folder
from serving.follow.described import describes
from serving.follow.place import Ports, Process
from strata.processes.logs import append_log, cut_log, open_log, tail
from strata.processes.orphans import end_processes, find_marked
from strata.processes.parent import PARENT_VARIABLE
from strata.release.addresses import forget_address, forget_addresses, write_address
from strata.settings import Settings

FOLLOWER_VARIABLE: Final = "_STRATA_FOLLOWER"
"""Carried by everything a follower starts: its home and its segmenter."""
SERVER_VARIABLE: Final = "_STRATA_BENTO_SERVER"
"""Carried by the processes of one server: the same, with version and port."""


class BentoPlace:
    """This machine. Its servers end with this process, however that ends."""

    def __init__(self, settings: Settings, segmenter: str) -> None:
        self._settings, self._segmenter = settings, segmenter
        self._mark = f"{settings.home} {segmenter}"
        self._homes = settings.run / f"bento-{segmenter}-homes"

    def mend(self) -> None:
        """Remove what a follower that was killed left behind: addresses, servers, their homes. Takes seconds at most.

        For whoever knows that there is no other follower of this segmenter and home.
        """
        forget_addresses(self._settings.bento_addresses, self._segmenter)
        end_processes(find_marked(FOLLOWER_VARIABLE, self._mark))
        shutil.rmtree(self._homes, ignore_errors=True)

    def free_ports(self) -> Ports:
        host = self._settings.bento.host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as http, socket.socket(family) as grpc:
            for each in (http, grpc):
                each.bind((host, 0))
            return Ports(http.getsockname()[1], grpc.getsockname()[1])

    def start(self, version: str, ports: Ports, *, again: bool) -> Process:
        environ = {
            **os.environ,
            "STRATA_BENTO__HTTP_PORT": str(ports.http),
            "STRATA_BENTO__GRPC_PORT": str(ports.grpc),
            HOMES_VARIABLE: str(self._homes),
            PARENT_VARIABLE: str(os.getpid()),
            FOLLOWER_VARIABLE: self._mark,
            SERVER_VARIABLE: self._server_mark(version, ports),
        }
        words = ("bento", "serve", self._segmenter, "--version", version)
        with append_log(self._log(version)) if again else open_log(self._log(version)) as log:
            return subprocess.Popen(
                [sys.executable, "-m", "strata.command.up.tether", *words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ, start_new_session=True,
            )  # fmt: skip

    def answers(self, version: str, ports: Ports) -> bool:
        return describes(self._settings.bento.host, ports.grpc, self._segmenter, version)

    def leftovers(self, version: str, ports: Ports) -> list[int]:
        return find_marked(SERVER_VARIABLE, self._server_mark(version, ports))

    def trim(self, version: str) -> None:
        cut_log(self._log(version))

    def last_words(self, version: str) -> str:
        said = tail(self._log(version), lines=1).removeprefix("strata: ")
        return said or f"it said nothing; its log is {self._log(version)}"

    def publish(self, version: str, ports: Ports) -> str:
        address = f"{self._settings.bento.host}:{ports.grpc}"
        write_address(self._settings.bento_addresses, self._segmenter, version, address)
        return address

    def withdraw(self, version: str) -> None:
        forget_address(self._settings.bento_addresses, self._segmenter, version)

    def clear(self, ports: Ports) -> None:
        shutil.rmtree(home_folder(self._homes, self._segmenter, ports.http), ignore_errors=True)

    def _server_mark(self, version: str, ports: Ports) -> str:
        return f"{self._mark} {version} {ports.grpc}"

    def _log(self, version: str) -> Path:
        return self._settings.run / f"bento-{self._segmenter}-{version}.log"
