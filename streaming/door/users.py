"""What a user id may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strata.events import MAX_USER_BYTES
from streaming.door.reasons import Reason, Verdict

if TYPE_CHECKING:
    import pyarrow as pa


def reject_users(users: pa.Array, verdict: Verdict) -> None:
    """Reject rows without a user, or with one over 256 bytes."""
    import pyarrow.compute as pc

    verdict.reject(pc.is_null(users).to_numpy(zero_copy_only=False), Reason.MISSING_USER)
    sizes = pc.fill_null(pc.binary_length(users), 0).to_numpy(zero_copy_only=False)
    verdict.reject(sizes > MAX_USER_BYTES, Reason.USER_TOO_LONG)
