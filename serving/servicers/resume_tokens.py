"""What a client was told, as bytes it gives back: the watch goes on from there on any worker, which keeps nothing.

a byte: 1; 8 bytes: a hash of the users and segmenters; zlib of JSON {segmenter: [version, [segment keys]]}, a line
feed, and per user and segmenter the place of the segment among the keys, plus one, in two bytes; 0 for untold
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

FORMAT: Final = b"\x01"
MAX_TOKEN: Final = 1 << 20
MAX_PLAIN: Final = 8 << 20
Told = dict[tuple[str, str], str]


def write_token(
    users: Sequence[str], segmenters: Mapping[str, str], told: Iterable[tuple[tuple[str, str], str]]
) -> bytes:
    """The token. `segmenters`: name to version; users and segmenters in the order of the request."""
    place = {user: i for i, user in enumerate(users)}
    names = list(segmenters)
    keys: dict[str, dict[str, int]] = {name: {} for name in names}
    codes = np.zeros((len(users), len(names)), dtype="<u2")
    for (user, name), segment in told:
        if segment and name in keys and user in place:
            codes[place[user], names.index(name)] = keys[name].setdefault(segment, len(keys[name])) + 1
    head = json.dumps({name: [segmenters[name], list(keys[name])] for name in names}).encode()
    return FORMAT + _hash(users, names) + zlib.compress(head + b"\n" + codes.tobytes(), 1)


def read_token(token: bytes, users: Sequence[str], segmenters: Sequence[str]) -> tuple[Told, dict[str, str]] | None:
    """(told, versions then); None for a token of another watch, or none of ours."""
    if len(token) > MAX_TOKEN or token[:1] != FORMAT or token[1:9] != _hash(users, segmenters):
        return None
    try:
        plain = zlib.decompressobj().decompress(token[9:], MAX_PLAIN)
        head, _, body = plain.partition(b"\n")
        found = json.loads(head)
        codes = np.frombuffer(body, "<u2").reshape(len(users), len(segmenters))
        told = {
            (users[i], segmenters[k]): found[segmenters[k]][1][codes[i, k] - 1]
            for i, k in zip(*(axis.tolist() for axis in codes.nonzero()), strict=True)
        }
        return told, {name: str(found[name][0]) for name in segmenters}
    except (ValueError, KeyError, IndexError, TypeError, zlib.error):
        return None


def _hash(users: Sequence[str], segmenters: Sequence[str]) -> bytes:
    digest = hashlib.blake2b(digest_size=8)
    for words in (segmenters, users):
        digest.update("\n".join(words).encode() + b"\n\n")
    return digest.digest()
