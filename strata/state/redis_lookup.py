"""What a reader asks a Redis, and what the replies mean. Pure: the blocking and the asynchronous reader share it.

Every question carries the catalog. A reply whose catalog is not the one the question was made from is not used: the
question is made again, from what the reply taught. So a read is from one generation of each table, in one round trip
but for the one after a flip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from strata.errors import StoreDamaged, StoreUnavailable
from strata.state.ports import Rows
from strata.state.redis_address import RedisAddress
from strata.state.redis_errors import REBUILD, absent, lost
from strata.state.redis_keys import CATALOG, RedisCatalog, row_prefix, table_key

ATTEMPTS: Final = 20
"""Flips in a row a read may meet: more than that is not a flip."""


class Known(NamedTuple):
    """A catalog, as bytes and as read, and what the row keys of its tables begin with. One value, for threads."""

    blob: bytes | None
    catalog: RedisCatalog
    prefixes: dict[str, bytes]
    forms: dict[tuple[str, ...], Form | None]
    """Of the tables of single users that were asked for; None where one of them is not built."""


class Form(NamedTuple):
    """The packed question for one user's rows, but for the user: pairs of a row key's length and the user follow."""

    text: bytes
    lengths: tuple[int, ...]
    """Of each row key, without the user."""


class Question(NamedTuple):
    """Commands, and where in their replies the catalog and the answer are."""

    commands: list[list[str | bytes]]
    blob: bytes | None
    answer: Callable[[list[Any]], tuple[bytes | None, Any]]
    """The replies' catalog, and the answer if it is the question's."""


class RedisLookup:
    """What is known of a Redis's catalog."""

    def __init__(self, address: RedisAddress, *, must_exist: bool) -> None:
        """`must_exist`: no catalog is an error, also when none was ever seen."""
        self._address, self._must_exist = address, must_exist
        self.known = Known(None, RedisCatalog(), {}, {})
        self._seen: set[str] = set()
        """Tables that were there once: one of them gone means that the store lost what it held."""

    def rows(self, tables: Sequence[str], users: Sequence[str]) -> Question:
        """Ask for users' rows of tables."""
        blob, prefixes = self.known.blob, self.known.prefixes
        built = [table for table in tables if table in prefixes]
        ends = [user.encode(errors="surrogatepass") + b"}" for user in users]
        keys: list[str | bytes] = ["MGET", CATALOG]
        for table in built:
            prefix = prefixes[table]
            keys += [prefix + end for end in ends]
        count = len(users)

        def answer(replies: list[Any]) -> tuple[bytes | None, list[Rows]]:
            values = replies[0]
            starts = iter(range(1, len(values), count or 1))
            cut: list[Rows] = [
                values[(start := next(starts)) : start + count] if count and table in prefixes else [None] * count
                for table in tables
            ]
            return values[0], cut

        return Question([keys], blob, answer)

    def row_of_each(self, tables: tuple[str, ...], user: str) -> tuple[bytes | None, bytes] | None:
        """The catalog, and the packed command that asks for it and a user's row of each table: `rows` for one user, at
        a fraction of its cost. None where it cannot be asked so: before the first reply, and of a table not built."""
        blob, _, prefixes, forms = self.known
        try:
            form = forms[tables]
        except KeyError:
            form = forms[tables] = _form([prefixes.get(table) for table in tables])
        if form is None or blob is None:
            return None
        end = user.encode(errors="surrogatepass") + b"}"
        filled: list[int | bytes] = []
        for length in form.lengths:
            filled += (length + len(end), end)
        return blob, form.text % tuple(filled)

    def beside(self, table: str, *command: str | bytes) -> Question:
        """Ask a command of a table's hash. The catalog is read behind it: while it stood, the hash was the table's."""
        blob, catalog = self.known.blob, self.known.catalog
        generation = catalog.generations.get(table)
        if generation is None:
            return Question([["GET", CATALOG]], blob, lambda replies: (replies[0], None))
        name, *fields = command
        ask: list[list[str | bytes]] = [[name, table_key(table, generation), *fields], ["GET", CATALOG]]
        return Question(ask, blob, lambda replies: (replies[1], replies[0]))

    def settle(self, question: Question, replies: list[Any]) -> tuple[bool, Any]:
        """(True, answer), or (False, None): ask again. Raises StoreUnavailable, StoreDamaged."""
        blob, answer = question.answer(replies)
        if blob == question.blob and (blob is not None or not self._must_exist):
            return True, answer
        self.learn(blob)
        return False, None

    def learn(self, blob: bytes | None) -> RedisCatalog:
        """Take over a catalog. Raises StoreUnavailable (none was built), StoreDamaged (it is broken, or was lost)."""
        try:
            catalog = RedisCatalog.unpack(blob)
        except (ValueError, KeyError, TypeError) as error:
            raise StoreDamaged(
                f"the online state {self._address} is damaged: its catalog cannot be read. Empty it and {REBUILD}"
            ) from error
        if not self._seen <= catalog.generations.keys():
            raise lost(self._address)
        if blob is None and self._must_exist:
            raise absent(self._address)
        prefixes = {name: row_prefix(name, held) for name, held in catalog.generations.items()}
        self.known = Known(blob, catalog, prefixes, {})
        self._seen.update(catalog.generations)
        return catalog

    def gives_up(self) -> StoreUnavailable:
        """Said after too many attempts."""
        return StoreUnavailable(f"the online state {self._address} changes its tables faster than it can be read")


def _form(prefixes: Sequence[bytes | None]) -> Form | None:
    """As RESP has it: the number of parts, then each part after its length."""
    parts: list[bytes] = [b"*%d\r\n$4\r\nMGET\r\n$%d\r\n%b\r\n" % (2 + len(prefixes), len(CATALOG), CATALOG)]
    for prefix in prefixes:
        if prefix is None:
            return None
        parts.append(b"$%d\r\n" + prefix.replace(b"%", b"%%") + b"%b\r\n")
    return Form(b"".join(parts), tuple(len(prefix) for prefix in prefixes if prefix is not None))
