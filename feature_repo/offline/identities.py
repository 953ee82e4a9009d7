"""Who a question is about: the user asked for, with everybody who is the same user at that instant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.aliases import AliasBook
from feature_repo.offline.frame import Asked

FOREVER_US = 2**62


@dataclass(frozen=True)
class Identities:
    """A name per question, and which users' events each name stands for."""

    names: NDArray[np.object_]
    """Per asked row; a user's own id unless several ids are one user then."""
    members: dict[str, tuple[str, ...]]
    """The users behind a name; one that is not here stands for itself."""

    def users(self, name: str) -> tuple[str, ...]:
        """Whose events a name stands for."""
        return self.members.get(name, (name,))


def identities(book: AliasBook, asked: Asked, *, as_known: bool) -> Identities:
    """Each question's identity at its instant; with `as_known` off, as all aliases say by now."""
    names = asked.users
    if not book:
        return Identities(names, {})
    groups = book.groups()
    group_of = {name: (user, *others) for user, others in groups.items() for name in (user, *others)}
    names = names.copy()
    members: dict[str, tuple[str, ...]] = {}
    numbers: dict[tuple[str, ...], int] = {}
    for row, user in enumerate(asked.users.tolist()):
        group = group_of.get(user)
        if group is None:
            continue
        t_us = int(asked.t_us[row]) if as_known else FOREVER_US
        end = book.canonical(user, t_us)
        same = tuple(name for name in group if book.canonical(name, t_us) == end)
        if len(same) > 1:
            # A control character and a number: no user can have that id.
            name = f"\x1f{numbers.setdefault(same, len(numbers))}"
            names[row], members[name] = name, same
    return Identities(names, members)


def canonical_users(book: AliasBook, asked: Asked, *, as_known: bool) -> Asked:
    """The same questions, of those the users are by then."""
    if not book:
        return asked
    times = asked.t_us.tolist() if as_known else [FOREVER_US] * len(asked)
    users = [book.canonical(user, t_us) for user, t_us in zip(asked.users.tolist(), times, strict=True)]
    return Asked(np.array(users, dtype=object), asked.t_us)
