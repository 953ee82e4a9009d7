"""Anonymous ids that became known users, and since when: `history/aliases`.

An id is aliased once; later aliases of it, and of an id to itself over any chain, are ignored. From the moment an
alias was recorded, both ids are one user, with the events of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from feature_repo.offline.duck import connect, quoted
from streaming.history import ALIASES_GLOB, History

MAX_HOPS: Final = 16


class Alias(NamedTuple):
    """One record: from `recorded_us` on, `alias_id` is `user_id`."""

    recorded_us: int
    event_id: str
    alias_id: str
    user_id: str


@dataclass(frozen=True)
class AliasBook:
    """Whom each id names, and since when; only aliases that count."""

    named: dict[str, Alias] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.named)

    def canonical(self, user: str, t_us: int) -> str:
        """Who a user is at t."""
        while (alias := self.named.get(user)) is not None and alias.recorded_us <= t_us:
            user = alias.user_id
        return user

    def chain(self, user: str) -> list[str]:
        """The ids a user has become, one after the other, by the end of the book."""
        found: list[str] = []
        while (alias := self.named.get(user)) is not None:
            user = alias.user_id
            found.append(user)
        return found

    def groups(self) -> dict[str, list[str]]:
        """Each user that others became by the end, with those others in byte order."""
        found: dict[str, list[str]] = {}
        for alias in sorted(self.named, key=str.encode):
            found.setdefault(self.chain(alias)[-1], []).append(alias)
        return found


def book_of(aliases: Iterable[Alias]) -> AliasBook:
    """The aliases that count, of any.

    >>> again, back = Alias(7, "e2", "cookie", "bob"), Alias(8, "e3", "ann", "cookie")
    >>> book = book_of([Alias(5, "e1", "cookie", "ann"), again, back])
    >>> book.canonical("cookie", 4), book.canonical("cookie", 9), book.canonical("ann", 9)
    ('cookie', 'ann', 'ann')
    """
    book = AliasBook()
    for alias in sorted(aliases):
        if alias.alias_id in book.named or book.canonical(alias.user_id, alias.recorded_us) == alias.alias_id:
            continue
        if len(book.chain(alias.user_id)) < MAX_HOPS:
            book.named[alias.alias_id] = alias
    return book


def read_aliases(history_root: Path, until_us: int | None = None) -> AliasBook:
    """The aliases recorded by an instant, or all."""
    files: Sequence[Path] = History(history_root).alias_files()
    if not files:
        return AliasBook()
    with connect() as connection:
        rows = connection.execute(
            f"SELECT epoch_us(recorded_at), event_id, alias_id, user_id FROM "
            f"read_parquet({quoted(str(history_root / ALIASES_GLOB))})"
        ).fetchall()
    aliases = (Alias(*row) for row in rows)
    return book_of(alias for alias in aliases if until_us is None or alias.recorded_us <= until_us)
