"""The ratios of a comparison: each cell to the Python echo, and to ours that does the same work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loadtests.bench.h2load import Burst
from loadtests.bench.summary import Claim, Ratio, cpu_us, quotients, rate
from loadtests.comparison.cells import BATCHES, ROWS, SINGLE, USERS

ECHO, CPP_ECHO = "echo", "C++ echo"
EMBEDDED, REDIS, REMOTE, REMOTE_REDIS = "embedded", "redis", "remote", "remote redis"
GLUED = "glued"
OUR_MODEL, MLSERVER, RAY = "model in Bento", "model in MLServer", "model in Ray Serve"
FEAST = "features from Feast's server"

ALONE = (
    *(f"{name}{SINGLE}" for name in (CPP_ECHO, EMBEDDED, REDIS, REMOTE, REMOTE_REDIS, GLUED)),
    *(f"{name}{ROWS[1]}" for name in (OUR_MODEL, MLSERVER, RAY)),
    f"{FEAST}{USERS[1]}",
)
"""Cells of one user or row, which an echo of one message can stand below."""
LIKE = (
    *((f"{GLUED}{kind}", f"{EMBEDDED}{kind}") for kind in (SINGLE, *BATCHES.values())),
    *((f"{GLUED}{kind}", f"{REDIS}{kind}") for kind in (SINGLE, *BATCHES.values())),
    *((f"{name}{kind}", f"{OUR_MODEL}{kind}") for name in (MLSERVER, RAY) for kind in ROWS.values()),
)
"""The same work on both sides."""
MORE = (
    (f"{FEAST}{USERS[1]}", f"{REDIS}{SINGLE}"),
    (f"{FEAST}{USERS[500]}", f"{REDIS}{BATCHES[500]}"),
)
"""Ours reads the same features from Redis, and scores every model and logs the answer on top."""


def claims() -> tuple[list[Claim], list[Claim]]:
    """Quotients of CPU per call, and of calls per second."""
    alone: list[Claim] = [(f"{cell} / {ECHO}, CPU per call", cell, ECHO, {}) for cell in ALONE]
    alone.append((f"{EMBEDDED} / {CPP_ECHO}, CPU per call", EMBEDDED, CPP_ECHO, {}))
    pairs = [(theirs, ours, f"{theirs} / {ours}") for theirs, ours in LIKE]
    pairs += [(theirs, ours, f"{theirs} / {ours} (features and segments)") for theirs, ours in MORE]
    costs: list[Claim] = [(f"{words}, CPU per call", theirs, ours, {}) for theirs, ours, words in pairs]
    rates: list[Claim] = [
        (f"{ours} / {theirs}, calls per second", ours, theirs, {})
        for theirs, ours in LIKE
    ]  # fmt: skip
    return [*alone, *costs], rates


def ratios(rounds: Mapping[str, Sequence[Burst]]) -> list[Ratio]:
    """The claims whose cells were measured."""
    costs, rates = claims()
    return [*quotients(costs, cpu_us, rounds), *quotients(rates, rate, rounds)]
