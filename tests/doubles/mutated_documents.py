"""Documents of JSON with one to three parts exchanged for something else, for tests of their readers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from math import inf, nan
from random import Random
from typing import Any, TypeVar

from strata.errors import PackageInvalid

T = TypeVar("T")

_OTHERS: tuple[Any, ...] = (
    None, True, 0, 1, -1, 3, 7, 10**30, 10**400, 0.5, -2.0, 1e300, -1e300, 5e-324, nan, inf, "", "full", "fill", [], {},
    [0], [1.0, 2.0], [[0.0]], [[1.0], [2.0, 3.0]], {"kind": "fill"}, "1e3",
)  # fmt: skip


def mutated(document: Any, seed: int) -> Any:
    """A changed copy: parts replaced, left out, repeated, or moved by one."""
    chance, found = Random(seed), copy.deepcopy(document)
    for _ in range(chance.randint(1, 3)):
        places = list(_places(found))
        if places:
            _change(*chance.choice(places), chance)
    return found


def read_unless_refused(read: Callable[[], T]) -> T | None:
    """What it reads; None where it is refused, in one sentence: PackageInvalid on one line."""
    try:
        return read()
    except PackageInvalid as error:
        sentence = str(error)
    assert len(sentence.splitlines()) == 1
    return None


def _change(holder: Any, key: Any, chance: Random) -> None:
    way = chance.randrange(4)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif way == 2 and isinstance(holder[key], float):
        holder[key] = holder[key] + chance.choice([-1, 1, 1e-9, 1e60])
    elif way == 3 and isinstance(holder, dict):
        holder[f"{key}s"] = holder[key]
    else:
        holder[key] = copy.deepcopy(chance.choice(_OTHERS))


def _places(part: Any) -> Iterator[tuple[Any, Any]]:
    """Each (list or object, place in it); the whole itself is never exchanged."""
    keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
    for key in keys:
        yield part, key
        yield from _places(part[key])
