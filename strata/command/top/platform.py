"""The three pages of a platform, looked at again and again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from strata.command.top.frame import Document, drift_frame, gateway_frame, stream_frame
from strata.command.top.pages import Page, read_page
from strata.command.top.span import Span
from strata.errors import StrataError


@dataclass(frozen=True)
class Addresses:
    """HOST:PORT of each page."""

    gateway: str
    stream: str
    monitor: str


class NothingRunsError(StrataError):
    """The gateway's page does not answer."""


class Platform:
    """Remembers the look before."""

    def __init__(self, addresses: Addresses) -> None:
        """Take a first look. Raises NothingRunsError when the gateway's page does not answer."""
        self._addresses = addresses
        self._seen = self._look()

    def frame(self) -> Document:
        """What happened since the last look. Raises NothingRunsError; the next frame then spans the gap."""
        before, self._seen = self._seen, self._look()
        gateway, stream, monitor = (
            None if page is None else Span(older or page, page) for older, page in zip(before, self._seen, strict=True)
        )
        assert gateway is not None
        return {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "address": self._addresses.gateway,
            "interval_s": gateway.seconds,
            "gateway": gateway_frame(gateway),
            "stream": None if stream is None else stream_frame(stream),
            "drift": None if monitor is None else drift_frame(monitor),
        }

    def _look(self) -> tuple[Page, Page | None, Page | None]:
        addresses = self._addresses
        gateway = read_page(addresses.gateway)
        if gateway is None:
            raise NothingRunsError(
                f"no gateway's metrics page answers at {addresses.gateway}; start one with: strata up"
            )
        return gateway, read_page(addresses.stream), read_page(addresses.monitor)
