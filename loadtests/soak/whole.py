"""`strata up` of a copied home, soaked."""

from __future__ import annotations

import random
import signal
from pathlib import Path
from typing import Final

from loadtests.soak.crowd import Crowd, settle_quiet
from loadtests.soak.plan import Plan
from loadtests.soak.platforms import WholePlatform, copy_home
from loadtests.soak.trial import Outcome, Say, Soak
from strata.processes.stop_event import stop_event
from strata.settings import Settings

OTHERS: Final = 1_000
ACTIVE: Final = 500


def soak_whole(settings: Settings, plan: Plan, users: list[str], folder: Path, say: Say) -> Outcome:
    """Do it; SIGINT and SIGTERM end it early. `users`: some the home's history knows.

    Raises InputInvalid for a home that cannot be copied, StrataError when the platform does not start.
    """
    place = copy_home(settings, folder, STREAM__RECENT_IDS=str(plan.recent_ids))
    embedded = [name for name, each in settings.segmenters.items() if each.placement == "embedded"]
    others = random.Random(plan.seed).sample(users, min(OTHERS, len(users)))
    with stop_event(signal.SIGINT, signal.SIGTERM) as stop, WholePlatform(place) as platform:
        say(f"the platform serves; its log is {platform.log}")
        crowd = Crowd(settle_quiet(platform.gateway_address, plan.seed), others, [f"active-{n}" for n in range(ACTIVE)])
        say(f"{plan.warm_s:.0f} s to warm up, then {plan.minutes:g} minutes are judged; Ctrl-C ends it early")
        return Soak(platform, plan, crowd, say).run(stop, embedded[0] if embedded else "")
