"""Which servers a platform has."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from strata.command.up.children import platform_children, spawn
from strata.processes.frugal import FRUGAL
from strata.settings import ClockSettings, SegmenterSettings, Settings


def _arguments(settings: Settings) -> dict[str, tuple[str, ...]]:
    return {child.name: child.arguments[:3] for child in platform_children(settings, {})}


def _settings(home: Path, **placements: str) -> Settings:
    segmenters = {name: SegmenterSettings.model_validate({"placement": where}) for name, where in placements.items()}
    return Settings(home=home, segmenters=segmenters, clock=ClockSettings(mode="system"))


def test_a_remote_segmenter_has_a_follower(tmp_path: Path) -> None:
    """Which starts Bento servers as releases name versions; its log is the one the operations page names."""
    settings = _settings(tmp_path, value_tiers="embedded", promo_responder="remote")
    assert _arguments(settings)["bento"] == ("bento", "follow", "promo_responder")
    assert platform_children(settings, {})[0].log == settings.run / "bento.log"


def test_each_remote_segmenter_has_a_follower_of_its_own(tmp_path: Path) -> None:
    """The first one on the settings' ports, the others on free ones, each with a name and a log of its own."""
    settings = _settings(tmp_path, value_tiers="remote", promo_responder="remote")
    first, second = platform_children(settings, {})[:2]
    assert (first.name, first.arguments, first.own) == ("bento", ("bento", "follow", "value_tiers"), {})
    assert second.name == "bento-promo_responder"
    assert second.arguments == ("bento", "follow", "promo_responder")
    assert second.own == {"STRATA_BENTO__HTTP_PORT": "0", "STRATA_BENTO__GRPC_PORT": "0"}
    assert second.log == settings.run / "bento-promo_responder.log"


def test_embedded_segmenters_need_no_bento_server(tmp_path: Path) -> None:
    """And without a replay nobody feeds events."""
    found = _arguments(_settings(tmp_path, value_tiers="embedded"))
    assert list(found) == ["stream", "gateway", "monitor", "parity"]


def test_children_hold_little_memory_unless_they_are_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator's own choice of allocator stays."""
    started: list[dict[str, str]] = []

    def popen(*words: Any, env: dict[str, str], **more: Any) -> None:
        started.append(env)

    monkeypatch.setattr(subprocess, "Popen", popen)
    environ = {"PATH": os.environ["PATH"], "ARROW_DEFAULT_MEMORY_POOL": "jemalloc"}
    child = platform_children(_settings(tmp_path, value_tiers="embedded"), environ)[0]
    child.log.parent.mkdir(parents=True, exist_ok=True)
    spawn(child, again=False)
    [found] = started
    assert found["ARROW_DEFAULT_MEMORY_POOL"] == "jemalloc"
    assert found["MALLOC_ARENA_MAX"] == FRUGAL["MALLOC_ARENA_MAX"]
