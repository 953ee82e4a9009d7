"""Servers on one port, each of which notes the first call it gets and dies of it, like a worker killed half-way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc

from loadtests.bench.processes import free_port


@contextmanager
def dying_servers(notes: Path, count: int) -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """Their address, and what tells the methods called so far, one for every server reached. `notes`: a file to be."""
    port = free_port()
    notes.touch()
    command = [sys.executable, __file__, str(port), str(notes)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        yield f"127.0.0.1:{port}", lambda: notes.read_text(encoding="utf-8").split()
    finally:
        for process in processes:
            process.kill()
            process.communicate()


class _Dying(grpc.GenericRpcHandler):
    """Every method but health's."""

    def __init__(self, notes: Path) -> None:
        self._notes = notes

    def service(self, handler_call_details: Any) -> Any:
        if handler_call_details.method.startswith("/grpc."):
            return None

        def die(request: bytes, context: Any) -> bytes:
            with self._notes.open("a", encoding="utf-8") as file:
                file.write(handler_call_details.method.rpartition("/")[2] + "\n")
            os._exit(1)

        return grpc.unary_unary_rpc_method_handler(die)


def _serve(port: int, notes: Path) -> None:
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 1)])
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    server.add_generic_rpc_handlers((_Dying(notes),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    print("ready", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), Path(sys.argv[2]))
