"""Holding the gateway's port before any worker starts.

Workers share the port by SO_REUSEPORT, and so would a stranger's server that sets it too: half of the calls would go
there without a sign. So the port is first asked for alone, then held by a socket that never listens.
"""

from __future__ import annotations

import socket

from strata.errors import AlreadyRunning


def claim_port(host: str, port: int) -> socket.socket:
    """A bound socket; its port is the one workers may listen on while it is open. Raises AlreadyRunning."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        port = _ask_alone(family, host, port)
        held = socket.socket(family, socket.SOCK_STREAM)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((host, port))
    except OSError as error:
        raise AlreadyRunning(
            f"gRPC port {host}:{port} cannot be had ({error.strerror}); set STRATA_GATEWAY__PORT to a free one"
        ) from None
    return held


def _ask_alone(family: socket.AddressFamily, host: str, port: int) -> int:
    """Listen for a moment without sharing: fails when anyone else listens."""
    with socket.socket(family, socket.SOCK_STREAM) as alone:
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past connections may still be closing
        alone.bind((host, port))
        alone.listen(1)
        chosen: int = alone.getsockname()[1]
        return chosen
