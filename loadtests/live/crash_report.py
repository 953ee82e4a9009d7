"""A crash trial as JSON and as lines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from loadtests.live.crashes import CrashTrial, Trial
from loadtests.live.report import as_words, header, spread


def crash_document(running: CrashTrial, trial: Trial) -> dict[str, Any]:
    """Everything, as plain values."""
    outcome, ledger = running.outcome, running.ledger
    gateway = " --with-gateway" * trial.with_gateway
    command = f"strata prove crashes --kills {trial.kills} --seed {trial.seed} --log {trial.log} --state {trial.state}"
    return header(command + gateway) | {
        "trial": asdict(trial),
        "seconds": round(outcome.seconds, 1),
        "kills": dict(outcome.kills),
        "kills_not_waited_for": outcome.hasty,
        "ended_by_themselves": dict(outcome.ended),
        "events": {
            "made": len(ledger.purchases),
            "aliases": len(ledger.aliases),
            "outcomes": dict(ledger.outcomes),
            "sent_again": ledger.repeated,
        },
        "failed_calls": dict(ledger.errors),
        "recovery": {
            victim: {
                "to_acknowledged_s": spread(outcome.to_acknowledged_s[victim]),
                "to_counted_s": spread(outcome.to_counted_s[victim]),
            }
            for victim in outcome.kills
        },
        "differences": outcome.differences,
    }


def print_crashes(document: dict[str, Any]) -> None:
    """For a person."""
    events, kills = document["events"], document["kills"]
    print(f"{sum(kills.values())} kills in {document['seconds']:.0f} s: {_pairs(kills)}")
    print(
        f"{events['made']:,} purchases and {events['aliases']} aliases; answers: {_pairs(events['outcomes'])}; ", end=""
    )
    print(f"{events['sent_again']:,} sent again after {_pairs(document['failed_calls']) or 'no failed call'}")
    if document["ended_by_themselves"]:
        print(f"ended by themselves and started again: {_pairs(document['ended_by_themselves'])}")
    for victim, found in document["recovery"].items():
        print(f"{victim}: kill to the next acknowledgement {as_words(found['to_acknowledged_s'], 's')}")
        print(f"{victim}: kill to that event counted {as_words(found['to_counted_s'], 's')}")
    if document["differences"]:
        print("\n".join(["DIFFERENT:", *document["differences"]]))
    else:
        print("acknowledged = counted, for every user; the history holds each event once")


def _pairs(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
