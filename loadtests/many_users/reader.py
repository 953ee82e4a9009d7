"""Reads users of a simulated store as the gateway does, drawn anew for each order.

    python -m loadtests.many_users.reader FILE     ({"features": [...], "users": N}; the settings name the state)

{"pattern": "uniform", "users": 500, "seconds": 1.0, "seed": 7} -> what `loadtests.reads.loop.timed` found
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import uvloop

from loadtests.many_users.names import draw
from loadtests.reads.loop import Read, timed
from loadtests.reads.ours import make_read

MOST_PER_S: Final = {1: 100_000, 500: 800_000}
"""More users than are read in a second, by users a read: each is drawn before the clock starts, so that drawing is
not measured; a read that is quicker ends early."""


async def obey(read: Read, among: int) -> None:
    """Answer orders until standard input ends."""
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(await take(read, among, json.loads(line))), flush=True)


async def take(read: Read, among: int, order: dict[str, Any]) -> dict[str, float]:
    """Carry one order out."""
    users, seconds = order["users"], order["seconds"]
    count = users * -(-round(MOST_PER_S.get(users, MOST_PER_S[500]) * seconds) // users)
    drawn = draw(order["pattern"], among, count, np.random.default_rng(order["seed"]))
    return await timed(read, iter(drawn), users, seconds)


def main() -> None:
    """Do as told."""
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))

    async def run() -> None:
        await obey(make_read(told["features"])[0], told["users"])

    uvloop.run(run())


if __name__ == "__main__":
    main()
