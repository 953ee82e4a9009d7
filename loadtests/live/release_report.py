"""A trial of releases as JSON and as lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from loadtests.live.report import header
from loadtests.releases.trial import ReleaseTrial, Say, Trial, document_of, faults_of
from loadtests.users import read_users
from strata.settings import Settings


def released(settings: Settings, asked: tuple[str, int, float], folder: Path, say: Say) -> dict[str, Any]:
    """Run it; `asked` is the segmenter, the rounds and the seconds a cost is measured."""
    trial = Trial(*asked)
    outcome = ReleaseTrial(settings, trial, folder, say).run(read_users(settings))
    document = header(f"strata prove releases --segmenter {trial.segmenter} --rounds {trial.rounds}")
    document |= document_of(trial, outcome)
    return document | {"faults": faults_of(document)}


def print_releases(document: dict[str, Any]) -> None:
    """For a person."""
    failed = sum(document["failed"].values())
    print(f"{document['calls']:,} calls during every change: {failed} failed, {document['not_live']} not live")
    for what, found in document["changes"].items():
        print(f"{what}: median {found['median_s']:.3f} s, max {found['max_s']:.3f} s ({found['count']} times)")
    for each in document["canary"]:
        print(f"canary of {each['set']:.0%}: answered {each['found']:.2%} of {each['of_users']:,} users")
    shadow = document["shadow"]
    cost = shadow["cpu_us_per_call_with"] - shadow["cpu_us_per_call_without"]
    users = {name: shadow["users"].get(name, 0.0) for name in ("agreed", "disagreed", "dropped", "failed")}
    share = "none compared" if shadow["disagreed_share"] is None else f"{shadow['disagreed_share']:.2%}"
    print(
        f"shadow: {shadow['cpu_us_per_call_without']:.0f} us of server CPU a call without, {cost:+.0f} us with "
        "(one call in six is a batch of 100)"
    )
    print(f"shadow's users: {', '.join(f'{name} {count:,.0f}' for name, count in users.items())}; disagreement {share}")
    print("\n".join(["WRONG:", *document["faults"]]) if document["faults"] else "all as it must be")
