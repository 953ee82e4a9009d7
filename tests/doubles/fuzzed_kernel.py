"""A child process: rows and records, sound and damaged, through one build of the C kernel and through its twin.

    python fuzzed_kernel.py LIBRARY ROUNDS

Both must give the same answer, or both say that the bytes are damaged; but a read of the C kernel passes over the
seen ids without looking at them, so what is wrong with those only the twin says. Standard library `random`, seeded.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from event_factories import NOON_US, batch_of, every_function, make_event, plan_of

from strata.features import kernel
from strata.features.build import build_rows
from strata.features.fold import fold_users
from strata.features.layout import compile_layout
from strata.features.native_library import NativeLibrary
from strata.features.packed import RecordDamaged, pack_event
from strata.features.reader import compile_reader
from strata.features.user_row import RowDamaged

PLAN = plan_of(*every_function())
LAYOUT = compile_layout("events@10", [PLAN.spec])


def main(library: str, rounds: int) -> None:
    """Every round: a few users' rows, some damaged, folded and read by both."""
    chance = random.Random(7)
    native = NativeLibrary(Path(library))
    told = [0, 0]
    for _ in range(rounds):
        batch = batch_of([_event(chance) for _ in range(chance.choice([1, 3, 20, 60, 300]))])
        rows: list[bytes | None] = [
            row for _, row in _same(native, lambda batch=batch: list(build_rows(LAYOUT, batch)))
        ]
        records = [pack_event(event) for event in batch_of([_event(chance) for _ in range(20)]).packed()]
        for _ in range(8):
            held = [_harmed(chance, row) for row in rows] + [None]
            told_of = [_harmed(chance, record) if chance.random() < 0.05 else record for record in records]
            index = [chance.randrange(len(held)) for _ in told_of]
            answer = _same(native, lambda: _folded(held, told_of, index))  # noqa: B023 - called at once
            told[isinstance(answer, str)] += 1
            t_us = NOON_US + chance.randrange(-(10**8), 10**9)
            for row in held:
                _same(native, lambda: _read([row], t_us), lenient=True)  # noqa: B023
            _same(native, lambda: _read(held, t_us), lenient=True)  # noqa: B023
    print(f"{told[0]} answers, {told[1]} sentences")


def _event(chance: random.Random) -> dict[str, Any]:
    at = NOON_US - chance.randrange(10 ** chance.choice([3, 7, 8, 9]))
    return make_event(
        user_id=chance.choice("aabü"),
        event_time_us=at,
        recorded_us=at + chance.choice([0, 5, 10**6, 7 * 86_400 * 10**6 + 1]),
        event_id=f"e{chance.randrange(200)}",
        event_type=chance.choice(["purchase", "return", "view"]),
        session_id=chance.choice([None, "s1", "日本" * chance.randrange(20)]),
        item_id=chance.choice([None, f"i{chance.randrange(100)}"]),
        value=chance.choice([None, 0, -5, 5, 2**31, 2**40, -(2**40), 2**41]),
        discount=chance.choice([None, 10]),
    )


def _harmed(chance: random.Random, data: bytes | None) -> bytes | None:
    if data is None or chance.random() < 0.5:
        return data
    harmed = bytearray(data)
    if chance.random() < 0.3:
        del harmed[chance.randrange(len(harmed)) :]
        if len(harmed) >= 8 and chance.random() < 0.7:  # its size is right again: the sections are not
            harmed[4:8] = len(harmed).to_bytes(4, "little")
        return bytes(harmed)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(chance.choice([64, len(harmed)])) % len(harmed)
        harmed[at] = chance.choice([0, 1, 127, 128, 255, harmed[at] ^ 1 << chance.randrange(8)])
    return bytes(harmed)


def _folded(rows: list[bytes | None], records: list[bytes], index: list[int]) -> Any:
    folded = fold_users(LAYOUT, rows, records, index, np.arange(len(records)))
    return folded.rows, folded.verdicts.tolist()


def _read(rows: list[bytes | None], t_us: int) -> Any:
    reader = compile_reader([PLAN], {"events@10": LAYOUT}, {"view": "events@10"})
    if len(rows) == 1:
        one = reader.one(rows, t_us)
        return one.values.tobytes(), one.times
    many = reader.many([rows], t_us)
    return many.values.tobytes(), many.watermark_us.tolist(), many.newest_us.tolist()


def _same(native: NativeLibrary, action: Callable[[], Any], *, lenient: bool = False) -> Any:
    answers = []
    for implementation in (native, None):
        kernel.native = lambda found=implementation: found  # type: ignore[assignment,misc]
        try:
            answers.append(action())
        except (RowDamaged, RecordDamaged):
            answers.append("damaged")
    if not (lenient and answers[1] == "damaged"):
        assert answers[0] == answers[1], answers
    return answers[0]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
