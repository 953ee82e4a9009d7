"""The HTTP server: GET and HEAD, loopback only, one thread per connection."""

from __future__ import annotations

import errno
import ipaddress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from monitoring.page.routes import TEXT, Reply, answer
from monitoring.page.shelf import Shelf
from strata.errors import AlreadyRunning, SettingsInvalid, StrataError

IDLE_S: Final = 15
"""A connection that sends nothing for this long is closed, so that idle ones cannot pile up."""
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "script-src 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:; connect-src 'none'; frame-ancestors 'none'"
)
"""Evidently's pages carry their scripts inside; nothing may be fetched from anywhere."""


class PageServer(ThreadingHTTPServer):
    """Serves a shelf; bound when made. Raises AlreadyRunning when the port is taken."""

    daemon_threads = True
    # Without SO_REUSEADDR a restart would wait for old connections; SO_REUSEPORT stays off, so a second server fails.
    allow_reuse_address = True

    def __init__(self, host: str, port: int, shelf: Shelf) -> None:
        _refuse_public(host)
        self.shelf = shelf
        try:
            super().__init__((host, port), PageHandler)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise AlreadyRunning(
                    f"port {port} on {host} is in use; stop what listens there or choose another: --port, "
                    "or monitor.port in the settings"
                ) from None
            raise StrataError(f"{host}:{port} cannot be listened on: {error.strerror}") from None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who went away is no error worth a trace."""


class PageHandler(BaseHTTPRequestHandler):
    """One connection."""

    server: PageServer
    server_version = "strata"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S

    def do_GET(self) -> None:
        """Answer with a body."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer with the same headers and no body."""
        self._answer(with_body=False)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Anything but GET and HEAD, and malformed requests: a plain sentence instead of an HTML page."""
        self.close_connection = True
        if code == HTTPStatus.NOT_IMPLEMENTED:
            self._send(Reply(HTTPStatus.METHOD_NOT_ALLOWED, TEXT, b"this page is for reading: GET or HEAD\n"), True)
        else:
            self._send(Reply(HTTPStatus(code), TEXT, f"{HTTPStatus(code).phrase.lower()}\n".encode()), True)

    def log_message(self, format: str, *args: Any) -> None:
        """No line per request."""

    def _answer(self, with_body: bool) -> None:
        if not _is_loopback_name(self.headers.get("Host", "")):
            reply = Reply(HTTPStatus.MISDIRECTED_REQUEST, TEXT, b"this page answers to loopback names only\n")
        else:
            try:
                reply = answer(self.server.shelf, self.path)
            except (OSError, KeyError, TypeError, ValueError):
                reply = Reply(HTTPStatus.INTERNAL_SERVER_ERROR, TEXT, b"a report could not be read\n")
        self._send(reply, with_body)

    def _send(self, reply: Reply, with_body: bool) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        if reply.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        if reply.location is not None:
            self.send_header("Location", reply.location)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if with_body and self.command != "HEAD":
            self.wfile.write(reply.body)


def _refuse_public(host: str) -> None:
    if not _is_loopback_name(host):
        raise SettingsInvalid(
            f"monitor.host is {host}, but reports are served on loopback only; "
            "put a proxy that asks for a login in front"
        )


def _is_loopback_name(host: str) -> bool:
    """`localhost` or a loopback address, with or without a port: a page of elsewhere cannot ask through a name
    that was pointed here."""
    name = host.strip().lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
