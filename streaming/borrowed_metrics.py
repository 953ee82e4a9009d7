"""Metrics that another process of the platform writes to a file, on this process's page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector


class BorrowedMetrics(Collector):
    """What the file says when the page is asked for; nothing while there is none, or one that cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def collect(self) -> Iterator[Metric]:
        """Every family of the file."""
        try:
            families = list(text_string_to_metric_families(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return
        yield from families

    def describe(self) -> Iterator[Metric]:
        """Unknown before it is read."""
        return iter(())
