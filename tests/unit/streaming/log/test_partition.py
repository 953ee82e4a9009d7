"""Kafka's murmur2, so that every producer of the topic agrees on a user's partition."""

from __future__ import annotations

import pytest

from streaming.log.partition import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_kafka_s_own(key: bytes, expected: int) -> None:
    """The vectors of Kafka's UtilsTest.testMurmur2."""
    assert murmur2(key) == expected & 0xFFFFFFFF


def test_a_text_is_hashed_as_its_utf8_and_negative_hashes_lose_their_sign_bit() -> None:
    """`toPositive(murmur2(key)) % partitions`, as Kafka's default for keyed records."""
    assert partition_of("21", 10) == (-973932308 & 0x7FFFFFFF) % 10 == 0
    assert partition_of("žluťoučký", 7) == partition_of("žluťoučký".encode(), 7)
    assert partition_of("", 3) in range(3)


def test_users_spread_over_all_partitions() -> None:
    """Ten thousand numbered households over eight: each partition has its eighth, give or take a fifth."""
    counts = [0] * 8
    for user in range(10_000):
        counts[partition_of(str(user), 8)] += 1
    assert min(counts) > 1_000
    assert max(counts) < 1_500
