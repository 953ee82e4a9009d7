"""What a Bento's server is told, and what it is spared."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from serving.bento import launch
from strata.settings import BentoSettings, GatewaySettings, Settings, TracingSettings, load_settings


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a server started under a setting that only the newest Strata knows."""
    seen: dict[str, str] = {}

    def stop_here(_path: str, _arguments: list[str], environ: dict[str, str]) -> None:
        seen.update(environ)

    monkeypatch.setattr(os, "execve", stop_here)
    monkeypatch.setattr(launch, "check_port", lambda *_: None)
    monkeypatch.setenv("STRATA_MONITOR__INVENTED_LATER", "1")
    settings = Settings(
        home=tmp_path, bento=BentoSettings(host="127.0.0.2", grpc_port=7), gateway=GatewaySettings(drain_s=3)
    )
    started: Any = launch.serve_bento
    started(settings, "value_tiers:0123456789ab")
    return seen


def test_a_worker_reads_what_it_needs_and_no_more(told: dict[str, str]) -> None:
    """A Bento keeps the Strata it was built with: a key invented since would end its start for ever."""
    assert [name for name in told if name.startswith("STRATA_")] == ["STRATA_SETTINGS"]
    path = Path(told["STRATA_SETTINGS"])
    assert sorted(yaml.safe_load(path.read_text(encoding="utf-8"))) == ["bento", "gateway", "home"]


@pytest.mark.parametrize("knows", [True, False])
def test_a_bento_is_told_of_tracing_only_if_its_strata_traces(tmp_path: Path, knows: bool) -> None:
    """One built before would refuse the key and never start. It goes on with traces and begins none."""
    settings = Settings(home=tmp_path, tracing=TracingSettings(endpoint="127.0.0.1:4317", sample_ratio=0.5))
    inside = settings.bentoml_home / "bentos" / "value_tiers" / "0123456789ab" / "src" / "strata"
    (inside / "tracing" if knows else inside).mkdir(parents=True)
    known = launch.knows_tracing(settings, "value_tiers:0123456789ab")
    path = launch.write_settings(settings, tmp_path, knows_tracing=known)
    told = load_settings(path, environ={}).tracing
    assert told == (TracingSettings(endpoint="127.0.0.1:4317", sample_ratio=0.0) if knows else TracingSettings())


def test_a_worker_serves_where_the_platform_expects_it(told: dict[str, str], tmp_path: Path) -> None:
    """Address and times are the platform's, wherever they were set."""
    settings = load_settings(environ=told)
    assert (settings.home, settings.bento.host, settings.bento.grpc_port) == (tmp_path, "127.0.0.2", 7)
    assert settings.gateway.drain_s == 3
