"""Which call comes next: a seeded mix of single and batch calls over rotating users."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from strata.v1.segmentation_pb2 import BatchGetSegmentsRequest, GetSegmentsRequest

Request = GetSegmentsRequest | BatchGetSegmentsRequest


def rotate(users: Sequence[str], seed: int) -> Iterator[str]:
    """Every user once in a shuffled order, then again in another, for ever."""
    draws = random.Random(seed)
    while True:
        order = list(users)
        draws.shuffle(order)
        yield from order


def calls(users: Sequence[str], batch_share: float, batch_users: int, seed: int) -> Iterator[Request]:
    """An endless mix. Batches draw from the same rotation, so a batch repeats a user only when it wraps."""
    turn = rotate(users, seed)
    draws = random.Random(seed + 1)
    while True:
        if draws.random() < batch_share:
            yield BatchGetSegmentsRequest(user_ids=[next(turn) for _ in range(batch_users)])
        else:
            yield GetSegmentsRequest(user_id=next(turn))
