"""Freshness as JSON and as lines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from loadtests.live.freshness import Outcome, Trial
from loadtests.live.report import as_words, header, spread

GOALS_MS: Final = {"embedded": 50.0, "kafka": 250.0}
"""For the 99th percentile, by log."""


def freshness_document(outcome: Outcome, trial: Trial) -> dict[str, Any]:
    """Everything, as plain values."""
    command = f"strata prove freshness --rate {trial.rate:g} --seconds {trial.seconds:g}"
    goal = GOALS_MS[trial.log]
    visible, told = (spread([1e3 * one for one in times], 2) for times in (outcome.visible_s, outcome.told_s))
    return header(f"{command} --log {trial.log} --state {trial.state}") | {
        "trial": asdict(trial),
        "acknowledged_ms": spread([1e3 * one for one in outcome.acknowledged_s], 2),
        "visible_ms": visible,
        "told_ms": told,
        "lost": outcome.lost,
        "untold": outcome.untold,
        "goal_p99_ms": goal,
        "visible_kept": visible["p99"] <= goal,
        "told_kept": None if told["p99"] is None else told["p99"] <= goal,
        "load": {key: value for key, value in outcome.load.items() if not key.startswith("newest")},
    }


def print_freshness(document: dict[str, Any]) -> None:
    """For a person."""
    load, trial, goal = document["load"], document["trial"], document["goal_p99_ms"]
    rate = load["events"] / load["seconds"]
    print(f"under {rate:,.0f} events/s over {trial['log']} and {trial['state']}, {trial['users']:,} users")
    print(f"published to acknowledged:         {as_words(document['acknowledged_ms'], 'ms')}")
    print(f"acknowledged to GetSegments:       {as_words(document['visible_ms'], 'ms')}; goal p99 {goal:g} ms")
    if trial["watch"]:
        print(f"acknowledged to a watcher's message: {as_words(document['told_ms'], 'ms')}; goal p99 {goal:g} ms")
    if document["lost"] or document["untold"]:
        print(f"LOST: {document['lost']} probes never showed, {document['untold']} were never told")
