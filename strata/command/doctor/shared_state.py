"""Checks of an online state in Redis."""

from __future__ import annotations

from strata.command.doctor.finding import Finding


def check_shared_state(url: str) -> Finding:
    """Whether it answers, holds a state, keeps every row and keeps a file."""
    from strata.state import open_state
    from strata.state.redis_address import parse_address
    from strata.state.redis_connection import RedisConnection
    from strata.state.redis_server import examine_server

    address = parse_address(url)
    connection = RedisConnection(address)
    try:
        server = examine_server(connection)
    finally:
        connection.close()
    if not server.keeps_rows:
        advice = "set maxmemory-policy noeviction"
        return Finding("state", "fault", f"{address} may forget rows (maxmemory-policy {server.policy})", advice)
    with open_state(url, readonly=True) as state:
        state.read("doctor", ["nobody"])
    found = f"{address}, Redis {server.version}, sound, {server.memory_bytes / 1024**2:.1f} MB"
    if not server.appends:
        return Finding(
            "state", "note", f"{found}, no append-only file", "set appendonly yes, or rebuild after a restart"
        )
    return Finding("state", "ok", found)
