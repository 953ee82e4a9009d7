"""A home with a small shop's history and a Feast repository of its own: the demonstration's definitions, applied."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from history_files import HOUR_US, YEAR_START_US, shop_events, write_events, write_facts

from strata.clock import FixedClock, format_instant
from strata.settings import Settings, load_settings

PACKAGE = Path(__file__).parents[2] / "feature_repo"
USERS = ("1", "2", "3", "ü")
NOW_US = YEAR_START_US + 330 * 24 * HOUR_US + 1_234_567
"""Late in the year, on no edge."""


@dataclass(frozen=True)
class World:
    """Settings, and the events and facts that its history holds."""

    settings: Settings
    events: list[dict[str, Any]]
    facts: list[dict[str, Any]]

    def open(self, at_us: int = NOW_US) -> Any:
        """Feast's store with its clock standing still."""
        from feature_repo.store import open_store

        store = open_store(self.settings)
        store.provider.online_store.clock = FixedClock(at_us)
        return store

    def environment(self) -> dict[str, str]:
        """For a process that should see the same home and, to the microsecond, the same standing clock."""
        clock = self.settings.clock
        return {
            "STRATA_HOME": str(self.settings.home),
            "STRATA_CLOCK__MODE": clock.mode,
            "STRATA_CLOCK__ORIGIN_US": str(clock.origin_us),
            "STRATA_CLOCK__SPEED": str(clock.speed),
        }


def make_world(folder: Path, seed: int = 1, count: int = 600) -> World:
    """`folder/.strata` with a history, `folder/repo` with the repository's files; nothing applied yet."""
    repo, home = folder / "repo", folder / ".strata"
    repo.mkdir(parents=True)
    for name in ("feature_store.yaml", "repository.py", ".feastignore"):
        shutil.copy(PACKAGE / name, repo / name)
    # Slow enough to stand still for a century, so that two processes read the same instant.
    clock = {"MODE": f"replay:{format_instant(NOW_US)}", "ORIGIN_US": "1800000000000000", "SPEED": "1e-15"}
    settings = load_settings(
        environ={
            "STRATA_HOME": str(home),
            "STRATA_REPO": str(repo),
            **{f"STRATA_CLOCK__{key}": value for key, value in clock.items()},
        }
    )
    events = shop_events(seed, USERS, count)
    facts = [
        {"user_id": "1", "event_time_us": YEAR_START_US, "age_band": "25-34", "kids": "0"},
        {"user_id": "1", "event_time_us": YEAR_START_US + 100 * 24 * HOUR_US, "age_band": "25-34", "kids": "1"},
        {"user_id": "2", "event_time_us": YEAR_START_US, "income_band": "250K+", "kids": "17"},
    ]
    write_events(home, events)
    write_facts(home, facts)
    return World(settings, events, facts)
