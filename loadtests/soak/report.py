"""A soak for programs and for people."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from loadtests.soak import growth
from loadtests.soak.folders import per_hour
from loadtests.soak.plan import Plan
from loadtests.soak.trial import Outcome

PERIODIC = ("monitor.", "parity.")
"""Processes below these come for a report or a look, and go."""
SERIES = ("rss", "judged", "anonymous")


def document_of(plan: Plan, outcome: Outcome) -> dict[str, Any]:
    """Everything, as plain values (keys: docs/live_proofs.md)."""
    samples = growth.after_warm_up(outcome.samples, plan.warm_s)
    enough = len(samples) >= growth.LEAST_SAMPLES
    total = growth.total_growth(samples) if enough else {}
    processes = growth.process_growth(samples) if enough else {}
    joint = growth.joint_growth(samples, processes) if enough else {}
    passing = growth.passing(samples) if enough else {}
    document: dict[str, Any] = {
        "plan": {
            "minutes": plan.minutes,
            "seed": plan.seed,
            "calls_per_s": plan.calls_per_s,
            "batches_per_s": plan.batches_per_s,
            "events_per_s": plan.events_per_s,
            "watchers": plan.watchers,
            "release_every_s": plan.release_every_s,
            "warm_s": plan.warm_s,
            "sample_s": plan.sample_s,
        },
        "seconds": round(outcome.seconds, 1),
        "complete": outcome.complete,
        "samples": len(samples),
        "limit": growth.LIMIT,
        "total": total,
        "joint": joint,
        "processes": processes,
        "passing": passing,
        "folders": per_hour(outcome.folders, plan.warm_s),
        "seen": outcome.tally.seen(),
        "minutes": outcome.tally.by_minute(),
        "looks": {"count": outcome.looks, "compared": outcome.compared, "moved": outcome.moved},
        "parity": outcome.parity,
        "wrong": outcome.tally.wrong(),
        "failed": failed_of(outcome.tally.seen()),
        "series": series_of(outcome),
    }
    return document | {"faults": faults_of(document)}


def series_of(outcome: Outcome) -> dict[str, Any]:
    """MB over time: `at_s`, and of each kind of memory, by process, a value or null for each."""
    names = sorted({name for sample in outcome.samples for name in sample.processes})
    series: dict[str, Any] = {"at_s": [round(sample.at_s, 1) for sample in outcome.samples]}
    for kind in SERIES:
        series[f"{kind}_mb"] = {name: _values(outcome, name, kind) for name in names}
    return series


def _values(outcome: Outcome, name: str, kind: str) -> list[float | None]:
    found = (sample.processes.get(name) for sample in outcome.samples)
    return [None if each is None else round(getattr(each[1], kind) / growth.MIB, 2) for each in found]


def failed_of(seen: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """By kind, how many calls ended with which status."""
    found = {
        kind: {name.removeprefix("error "): count for name, count in outcomes.items() if name.startswith("error ")}
        for kind, outcomes in seen.items()
    }
    return {kind: codes for kind, codes in found.items() if codes}


def faults_of(document: dict[str, Any]) -> list[str]:
    """What is not as it must be, as sentences; nothing when all is."""
    faults = [f"{name.removeprefix('wrong: ')}: {count:,} times" for name, count in document["wrong"].items()]
    faults += [
        f"{kind}: {count:,} calls failed with {code}"
        for kind, codes in document["failed"].items()
        for code, count in codes.items()
    ]
    if not document["total"]:
        return [*faults, f"too short to judge memory: {document['samples']} samples after the warm-up"]
    faults += growth.faults_of(document["joint"], document["processes"])
    faults += [
        f"{name} was not one and the same process throughout"
        for name in document["passing"]
        if not name.startswith(PERIODIC)
    ]
    differences = document["parity"].get("strata_parity_differences_total", 0.0)
    if differences:
        faults.append(f"the parity sample found {differences:,.0f} differences of the online state from the history")
    return faults


def print_soak(document: dict[str, Any]) -> None:
    """Memory by process, folders, answers, the verdict."""
    console = Console(width=150)
    if document["total"]:
        console.print(_memory(document))
        console.print(_judged(document))
    for name, found in document["passing"].items():
        console.print(f"{name}: {found['ids']} processes came or went, the largest of {found['rss_mb']:.0f} MB")
    console.print(_folders(document["folders"]))
    for kind, seen in document["seen"].items():
        console.print(f"{kind}: " + ", ".join(f"{name} {count:,}" for name, count in seen.items()))
    for kind, minutes in document["minutes"].items():
        times = sorted(minute["p99_ms"] for minute in minutes)
        console.print(
            f"{kind}: p99 by minute from {times[0]:.1f} to {times[-1]:.1f} ms, median {times[len(times) // 2]:.1f} ms"
        )
    looks = document["looks"]
    console.print(
        f"{looks['compared']:,} answers about quiet users held to {looks['count']} looks; "
        f"time moved {looks['moved']} of their segments"
    )
    if not document["complete"]:
        console.print(f"INTERRUPTED after {document['seconds']:.0f} s: what was seen until then")
    for fault in document["faults"]:
        console.print(f"FAULT: {fault}")
    if not document["faults"]:
        minutes = (document["seconds"] - document["plan"]["warm_s"]) / 60
        grown = document["joint"]["judged_grown"]
        console.print(
            f"{minutes:.0f} minutes after the warm-up: memory grew by {grown:.2%}; no wrong answer, no failed call"
        )


def _memory(document: dict[str, Any]) -> Table:
    words = ("process", "RSS, MB", "grown", "state's pages", "JUDGED: without", "grown", "anonymous, MB", "PSS, MB")
    table = Table(*words, "descriptors", "threads", box=None)
    rows = {**document["processes"], "all": document["total"]}
    if without := document["joint"]["without"]:
        rows[f"all but {', '.join(without)}"] = document["joint"]
    for name, found in rows.items():
        table.add_row(
            name, _pair(found["rss_mb"]), f"{found['rss_grown']:+.2%}", _pair(found["state_mb"]),
            _pair(found["judged_mb"]), f"{found['judged_grown']:+.2%}", _pair(found["anonymous_mb"]),
            _pair(found["pss_mb"]), _pair(found["descriptors"]), _pair(found["threads"]),
        )  # fmt: skip
    return table


def _judged(document: dict[str, Any]) -> str:
    """Which figure is held to the limit, and why."""
    rate = document["folders"].get("state", {}).get("bytes_per_hour")
    told = "" if rate is None else f", which grew by {rate / growth.MIB:+,.1f} MB an hour"
    fell = document["joint"]["without"]
    return (
        f"Held to {document['limit']:.0%}: resident memory without pages of the state's own file{told} as the store "
        "was told more (they are the page cache's, and every reader counts them as its own), of each process and of all"
        + (f" but {', '.join(fell)}, whose fall would hide growth," if fell else "")
        + " together; of these together anonymous memory too."
    )


def _folders(folders: dict[str, Any]) -> Table:
    table = Table("folder", "MB", "MB an hour", box=None)
    for name, found in folders.items():
        rate = found["bytes_per_hour"]
        table.add_row(name, f"{found['bytes'] / growth.MIB:,.1f}", "" if rate is None else f"{rate / growth.MIB:+,.1f}")
    return table


def _pair(found: list[float]) -> str:
    return f"{found[0]:,} > {found[1]:,}"
