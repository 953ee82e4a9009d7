"""Ports are made certain before anything starts."""

from __future__ import annotations

import socket

import pytest

from strata.command.up.ports import claim_ports
from strata.errors import AlreadyRunning, SettingsInvalid
from strata.settings import BentoSettings, GatewaySettings, MonitorSettings, Settings, StreamSettings


def _settings(grpc: int = 0, metrics: int = 0) -> Settings:
    return Settings(
        gateway=GatewaySettings(port=grpc, metrics_port=metrics),
        bento=BentoSettings(http_port=0, grpc_port=0),
        monitor=MonitorSettings(port=0),
        stream=StreamSettings(port=0, metrics_port=0),
    )


def test_each_zero_becomes_a_port_of_its_own() -> None:
    """Zeros are chosen, and no port is chosen twice."""
    told = claim_ports(_settings()).environ()
    assert len(set(told.values())) == 7
    assert "0" not in told.values()


def test_a_port_in_use_is_named_with_its_setting() -> None:
    """The sentence says which setting, and which variable moves it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(AlreadyRunning, match=rf"127.0.0.1:{port} \(gateway.port\).*in use.*STRATA_GATEWAY__PORT="):
            claim_ports(_settings(grpc=port))


def test_two_settings_may_not_share_a_port() -> None:
    """A twin is refused by both names."""
    with pytest.raises(SettingsInvalid, match=r"gateway\.port and gateway\.metrics_port are both 7400"):
        claim_ports(_settings(grpc=7400, metrics=7400))
