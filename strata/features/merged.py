"""The ledger of merges: beside the users' rows of a table stands one small entry per (alias, user) merged.

It says which record of the log merged them (`partition:offset`), or that a rebuild did, so that a merge that was
sent twice, or was already part of a rebuild, happens once. No user can have the entry's key: it is a control
character and a hash.
"""

from __future__ import annotations

import hashlib
from typing import Final

REBUILT: Final = b"rebuilt"
"""The entry of a merge that a rebuild of the table has made."""


def merge_key(alias: str, user: str) -> str:
    """Where the entry of an alias and a user stands.

    >>> merge_key("cookie-1", "ann")[1:9]
    '94be5d52'
    """
    return "\x1f" + hashlib.sha256(f"{alias}\x1f{user}".encode()).hexdigest()[:40]


def forwarded_id(user: str, event_id: str) -> str:
    """What an event of an aliased user is called in the row of the user it counts for; no published id can be it."""
    return f"{user}\x1f{event_id}"
