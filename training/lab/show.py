"""Results as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from training.lab.planted import Planted


def algorithms_table(results: Sequence[dict[str, Any]]) -> Table:
    """One line a subject."""
    table = Table("algorithm", "table", "rows", "quality (95 %)", "training s", "peak MB", "package kB", "us, 1 user",
                  "us, 500", "export: others, by")  # fmt: skip
    for each in results:
        quality = each["quality"]
        table.add_row(
            each["algorithm"], each["table"], f"{each['rows']:,} x {each['features']}",
            f"{quality['metric']} {quality['value']:.3f} ({quality['low']:.3f} to {quality['high']:.3f})",
            f"{each['training_s']:.1f}", f"{each['peak_memory_mb']:,.0f}", f"{each['package_bytes'] / 1e3:,.1f}",
            f"{each['latency_us_1']:,.0f}", f"{each['latency_us_500']:,.0f}",
            f"{each['export_segments_differ']}, {each['export_difference']:.1g}",
        )  # fmt: skip
    return table


def scale_table(results: Sequence[dict[str, Any]]) -> Table:
    """One line an algorithm."""
    table = Table("algorithm", "users x features", "training s", "judging s", "rows alone MB", "peak MB")
    for each in results:
        table.add_row(
            each["algorithm"], f"{each['users']:,} x {each['features']}", f"{each['training_s']:,.1f}",
            f"{each['judging_s']:,.1f}", f"{each['rows_mb']:,.0f}", f"{each['peak_memory_mb']:,.0f}",
        )  # fmt: skip
    return table


def quality_table(results: Sequence[dict[str, Any]]) -> Table:
    """One line a table."""
    table = Table("table", "metric", "reached (95 %)", "asked", "seconds")
    for each in results:
        found = each[each["metric"]]
        table.add_row(
            each["table"], each["metric"], f"{found['value']:.4f} ({found['low']:.4f} to {found['high']:.4f})",
            f"{each['floor']}", f"{each['seconds']:,.0f}",
        )  # fmt: skip
    return table


def leaks_table(found: Sequence[Planted]) -> Table:
    """One line a planted leak."""
    table = Table("planted", "without it", "with it", "what is said of it", "seconds")
    for each in found:
        without = "passes" if each.clean.passed else "FALSE ALARM"
        table.add_row(
            each.leak, without, "MISSED" if each.planted.passed else "caught", each.planted.statement,
            f"{each.seconds:.1f}",
        )  # fmt: skip
    return table
