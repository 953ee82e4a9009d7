"""The addresses the platform will listen on, made certain before anything is started."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from strata.errors import AlreadyRunning, SettingsInvalid
from strata.settings import Settings


@dataclass(frozen=True)
class Ports:
    """Every port, none of them zero."""

    grpc: int
    metrics: int
    bento_http: int
    bento_grpc: int
    reports: int
    events: int
    stream_metrics: int

    def environ(self) -> dict[str, str]:
        """The variables that tell these to a child."""
        return {
            "STRATA_GATEWAY__PORT": str(self.grpc),
            "STRATA_GATEWAY__METRICS_PORT": str(self.metrics),
            "STRATA_BENTO__HTTP_PORT": str(self.bento_http),
            "STRATA_BENTO__GRPC_PORT": str(self.bento_grpc),
            "STRATA_MONITOR__PORT": str(self.reports),
            "STRATA_STREAM__PORT": str(self.events),
            "STRATA_STREAM__METRICS_PORT": str(self.stream_metrics),
        }


def claim_ports(settings: Settings) -> Ports:
    """Check that each port of the settings is free and choose one for each 0.

    Raises SettingsInvalid when two settings name one port, AlreadyRunning when something listens on one. The
    ports are not held: another process may still take one before the servers do, and they will then say so.
    """
    wanted = {
        "gateway.port": (settings.gateway.host, settings.gateway.port),
        "gateway.metrics_port": (settings.gateway.host, settings.gateway.metrics_port),
        "bento.http_port": (settings.bento.host, settings.bento.http_port),
        "bento.grpc_port": (settings.bento.host, settings.bento.grpc_port),
        "monitor.port": (settings.monitor.host, settings.monitor.port),
        "stream.port": (settings.stream.host, settings.stream.port),
        "stream.metrics_port": (settings.stream.host, settings.stream.metrics_port),
    }
    _refuse_twins({key: port for key, (_, port) in wanted.items()})
    held: list[socket.socket] = []
    try:
        # All are held until the last one is known, so that no free port is chosen twice.
        for key, (host, port) in wanted.items():
            held.append(_bind(key, host, port))
        return Ports(*(listener.getsockname()[1] for listener in held))
    finally:
        for listener in held:
            listener.close()


def _refuse_twins(ports: dict[str, int]) -> None:
    seen: dict[int, str] = {}
    for key, port in ports.items():
        if port and port in seen:
            raise SettingsInvalid(f"{seen[port]} and {key} are both {port}; give each its own port")
        seen[port] = key


def _bind(key: str, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    # As servers do: a port is not in use because a connection to a former server is still closing.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except PermissionError:
        listener.close()
        raise SettingsInvalid(f"{key} is {port}, which needs more rights; choose one above 1023") from None
    except OSError as error:
        listener.close()
        variable = "STRATA_" + key.replace(".", "__").upper()
        raise AlreadyRunning(
            f"{host}:{port} ({key}) cannot be used: {(error.strerror or str(error)).lower()}. "
            f"Stop what listens there, or choose another port: {variable}={port + 1000}"
        ) from None
    return listener
