"""Metrics of a file on another process's page."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from streaming.borrowed_metrics import BorrowedMetrics


def test_they_are_on_the_page_as_long_as_the_file_is_whole(tmp_path: Path) -> None:
    """A file that is not there, or is garbage, takes nothing else off the page."""
    registry = CollectorRegistry()
    registry.register(BorrowedMetrics(tmp_path / "parity.prom"))
    assert generate_latest(registry) == b""
    (tmp_path / "parity.prom").write_text("# TYPE strata_parity_mismatches gauge\nstrata_parity_mismatches 0.0\n")
    assert b"strata_parity_mismatches 0.0" in generate_latest(registry)
    (tmp_path / "parity.prom").write_text("no such { thing")
    assert generate_latest(registry) == b""
