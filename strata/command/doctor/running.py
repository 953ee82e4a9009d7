"""Checks of what runs now."""

from __future__ import annotations

from strata.command.doctor.finding import Finding
from strata.command.up.exclusive import holder_of
from strata.command.up.ports import claim_ports
from strata.settings import Settings


def check_ports(settings: Settings) -> Finding:
    """Whether the ports are free, or held by the platform of this very home."""
    holder = holder_of(settings.run)
    if holder is not None:
        return Finding("ports", "ok", f"in use by the platform of this home (process {holder})")
    ports = claim_ports(settings)
    return Finding("ports", "ok", f"free: grpc {ports.grpc}, metrics {ports.metrics}, reports {ports.reports}")
