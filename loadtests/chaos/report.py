"""A trial of chaos for a person."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

SHOWN = ("live", "last_known", "fallback")


def _has_a_column(name: str) -> bool:
    return name in (*SHOWN, "calls") or name.startswith(("error", "wrong"))


def _most(scenes: list[dict[str, Any]], name: str) -> str:
    """Of the rounds; nothing where no call was answered."""
    found = [scene["during_ms"][name] for scene in scenes if scene["during_ms"]["count"]]
    return f"{max(found):.0f}" if found else ""


def print_chaos(document: dict[str, Any]) -> None:
    """One line per fault, all its rounds together."""
    table = Table(
        "fault", "calls", *SHOWN, "p99, ms", "max, ms", "errors", "others", "wrong", "live again after, s", box=None
    )
    by_fault: dict[str, list[dict[str, Any]]] = {}
    for scene in document["scenes"]:
        by_fault.setdefault(scene["fault"], []).append(scene)
    for fault, scenes in by_fault.items():
        seen: Counter[str] = Counter()
        for scene in scenes:
            seen.update(scene["during"])
        slowest = max(scene["recovery_s"] for scene in scenes)
        errors = ", ".join(f"{name[6:]} {n:,}" for name, n in sorted(seen.items()) if name.startswith("error"))
        wrongs = sum(sum(scene["wrong"].values()) for scene in scenes)
        shown = [f"{seen[name]:,}" for name in SHOWN] + [_most(scenes, name) for name in ("p99", "max")]
        others = ", ".join(f"{name} {n:,}" for name, n in sorted(seen.items()) if not _has_a_column(name))
        table.add_row(fault, f"{seen['calls']:,}", *shown, errors, others, str(wrongs), f"{slowest:.1f}")
    console = Console(width=170)
    console.print(table)
    before, after = document["workers_memory_mb"]
    users, seconds = document["users"], document["seconds"]
    memory = f"; workers {before:.0f} MB before, {after:.0f} MB after" if before else ""
    console.print(f"{users} users asked about in {seconds:.0f} s{memory}")
    if document["moved_by_clock"]:
        console.print(f"{document['moved_by_clock']} of them have another segment when the clock is set")
    wrong = ", ".join(f"{name} {count:,}" for name, count in document["wrong"].items())
    console.print(
        f"WRONG: {wrong}"
        if wrong
        else "no wrong answer, no unmarked stale one, no call past its deadline, no more errors than may be"
    )
