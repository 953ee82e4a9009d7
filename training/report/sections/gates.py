"""Why it was accepted, held or rejected: every gate, and the champion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.report.html import Html, code, joined, note, section, table, tag, unbroken, verdict
from training.report.judged import Judged
from training.report.numbers import number, spread


def gates_section(judged: Judged) -> Html:
    """Gates with what was asked and found, then the version it would replace."""
    rows = [
        (
            code(gate["metric"]),
            _figure(gate.get("asked")),
            unbroken(_figure(gate.get("found"))),
            verdict(bool(gate.get("passed")), f"missed: {gate.get('otherwise', 'reject')}"),
            _said(gate),
        )
        for gate in judged.details.get("gates", ())
    ]
    return section(
        "Gates",
        table(("metric", "asked", "found", "verdict", ""), rows),
        _champion(judged.details.get("champion")),
        identity="gates",
    )


def _said(gate: Mapping[str, Any]) -> str:
    return str(gate.get("statement", ""))


def _figure(found: Any) -> str:
    return found if isinstance(found, str) else number(found)


def _champion(found: Mapping[str, Any] | None) -> Html:
    if not found:
        return Html("")
    row = (code(found.get("version", "")), str(found.get("metric", "")), spread(found.get("difference"), 4))
    return joined(
        (
            tag("h3", "Against the version before"),
            table(("champion", "metric", "this version minus the champion (95 %)"), [row]),
            note(str(found.get("statement", ""))),
        )
    )
