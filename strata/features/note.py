"""The note beside a generation: the layout of its rows, and the log offsets its history reached.

JSON, so that a person can read it: `{"layout": base64, "positions": {"0": 1234}}`. The state keeps it and does not
look inside.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

from strata.errors import StoreDamaged
from strata.features.layout import Layout


@dataclass(frozen=True)
class GenerationNote:
    """What must be known to go on from a generation: partition to the first offset its rows do not hold."""

    layout: Layout
    positions: Mapping[int, int]

    def pack(self) -> bytes:
        """As kept."""
        layout = base64.b64encode(self.layout.pack()).decode("ascii")
        positions = {str(partition): offset for partition, offset in sorted(self.positions.items())}
        return json.dumps({"layout": layout, "positions": positions}).encode()

    @classmethod
    def unpack(cls, data: bytes) -> GenerationNote:
        """As read. Raises StoreDamaged."""
        try:
            found = json.loads(data)
            positions = {int(partition): int(offset) for partition, offset in found["positions"].items()}
            return cls(Layout.unpack(base64.b64decode(found["layout"], validate=True)), positions)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreDamaged(
                f"the note of a generation cannot be read ({error}); rebuild with: strata features materialize"
            ) from error
