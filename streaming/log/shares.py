"""Who reads which partitions: dealt out in turn over the members of the group."""

from __future__ import annotations


def share_of(rank: int, members: int, partitions: int) -> set[int]:
    """The partitions of the member at a rank among all members.

    >>> share_of(0, 3, 8), share_of(2, 3, 8)
    ({0, 3, 6}, {2, 5})
    """
    return set(range(rank, partitions, members))
