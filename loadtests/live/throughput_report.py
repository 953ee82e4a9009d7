"""Throughput as JSON and as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from loadtests.bench.summary import figure
from loadtests.live.report import header
from loadtests.live.throughput import Backfill, Outcome, Plan

GOAL_LIVE: Final = 20_000
"""Events a second and core of the stream process."""
GOAL_BACKFILL: Final = 500_000
"""Events a second."""


def throughput_document(outcome: Outcome, plan: Plan, quick: bool) -> dict[str, Any]:
    """Everything, as plain values; figures are medians over rounds with the least and the most."""
    document = header("strata bench live" + " --quick" * quick) | {"plan": asdict(plan), "live": _live(outcome)}
    if outcome.pushed:
        document["pushed"] = _pushed(outcome)
        document["ratios"] = _ratios(outcome)
    for key, backfills in (("backfill", outcome.backfills), ("large_backfill", outcome.large_backfills)):
        if backfills:
            document[key] = _backfill(backfills)
    return document


def _backfill(backfills: Sequence[Backfill]) -> dict[str, Any]:
    rates = [one.events / one.seconds for one in backfills]
    building = [one.events / max(one.building_s, 1e-9) for one in backfills]
    return {
        "events": backfills[0].events,
        "events_per_s": asdict(figure(rates)),
        "events_per_s_building": asdict(figure(building)),
        "cpu_us_per_event": asdict(figure([1e6 * one.cpu_s / one.events for one in backfills])),
        "goal_events_per_s": GOAL_BACKFILL,
        "kept": figure(rates).median >= GOAL_BACKFILL,
    }


def _live(outcome: Outcome) -> dict[str, Any]:
    bursts = outcome.live
    per_core = figure([one.events / one.cpu_s for one in bursts])
    return {
        "events": sum(one.events for one in bursts),
        "events_per_s_and_core": asdict(per_core),
        "cpu_us_per_event": asdict(figure([1e6 * one.cpu_s / one.events for one in bursts])),
        "store_cpu_us_per_event": asdict(figure([1e6 * one.store_cpu_s / one.events for one in bursts])),
        "publisher_cpu_us_per_event": asdict(figure([1e6 * one.publisher_cpu_s / one.events for one in bursts])),
        "events_per_s_acknowledged": asdict(figure([one.events / one.acknowledged_s for one in bursts])),
        "events_per_s_counted": asdict(figure([one.events / one.seconds for one in bursts])),
        "p99_ms": asdict(figure([one.p99_ms for one in bursts])),
        "other_cpu_share": asdict(figure([one.other_cpu_share for one in bursts])),
        "goal_events_per_s_and_core": GOAL_LIVE,
        "kept": per_core.median >= GOAL_LIVE,
    }


def _pushed(outcome: Outcome) -> dict[str, Any]:
    return {
        "rows": sum(one.rows for one in outcome.pushed),
        "rows_per_s": asdict(figure([one.rows / one.seconds for one in outcome.pushed])),
        "client_cpu_us_per_row": asdict(figure([1e6 * one.client_cpu_s / one.rows for one in outcome.pushed])),
        "store_cpu_us_per_row": asdict(figure([1e6 * one.store_cpu_s / one.rows for one in outcome.pushed])),
    }


def _ratios(outcome: Outcome) -> dict[str, Any]:
    pairs = list(zip(outcome.live, outcome.pushed, strict=True))
    wall = [live.events / live.seconds / (pushed.rows / pushed.seconds) for live, pushed in pairs]
    cost = [
        (pushed.client_cpu_s + pushed.store_cpu_s) / pushed.rows / ((live.cpu_s + live.store_cpu_s) / live.events)
        for live, pushed in pairs
    ]
    return {"events_counted_per_row_pushed": asdict(figure(wall)), "pushed_cpu_per_live_cpu": asdict(figure(cost))}


def print_throughput(document: dict[str, Any]) -> None:
    """For a person."""
    live, plan = document["live"], document["plan"]
    print(f"live, {plan['log']} log, {plan['state']} state, {plan['publishers']} publishers, {plan['users']:,} users:")
    goal = f"goal {live['goal_events_per_s_and_core']:,}, {_kept(live)}"
    print(f"  events per second and core   {_words(live['events_per_s_and_core'])}; {goal}")
    print(f"  stream CPU per event         {_words(live['cpu_us_per_event'])} us")
    print(f"  events per second, wall      {_words(live['events_per_s_counted'])} counted")
    print(f"                               {_words(live['events_per_s_acknowledged'])} acknowledged")
    print(f"  other work on the machine    {live['other_cpu_share']['median']:.2f} cores")
    if "pushed" in document:
        pushed, ratios = document["pushed"], document["ratios"]
        print("Feast push to Redis, values ready beforehand:")
        print(f"  rows per second, wall        {_words(pushed['rows_per_s'])}")
        print(f"  client CPU per row           {_words(pushed['client_cpu_us_per_row'])} us")
        print(f"  rate, live / pushed          {_ratio(ratios['events_counted_per_row_pushed'])}")
        print(f"  CPU, pushed / live           {_ratio(ratios['pushed_cpu_per_live_cpu'])}")
    for found in (document[key] for key in ("backfill", "large_backfill") if key in document):
        print(f"backfill of {found['events']:,} events, the command's start included:")
        print(
            f"  events per second            {_words(found['events_per_s'])}, "
            f"goal {found['goal_events_per_s']:,}, {_kept(found)}"
        )
        print(f"  builds alone                 {_words(found['events_per_s_building'])}")


def _kept(found: dict[str, Any]) -> str:
    return "kept" if found["kept"] else "NOT KEPT"


def _words(found: dict[str, float]) -> str:
    return f"{found['median']:,.0f} ({found['least']:,.0f} to {found['most']:,.0f})"


def _ratio(found: dict[str, float]) -> str:
    return f"{found['median']:.1f} ({found['least']:.1f} to {found['most']:.1f})"
