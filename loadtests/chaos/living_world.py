"""A gateway of two workers and the stream process, on a clock that runs and can be set ahead and back."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from loadtests.chaos.predictions import Predictions
from loadtests.chaos.shifted_clock import ShiftedClock
from loadtests.live.places import make_place
from loadtests.live.servers import Gateway, Stream
from strata.clock import make_clock
from strata.command.up.exclusive import holder_of
from strata.command.up.platform_time import origin_us
from strata.errors import InputInvalid
from strata.settings import ClockSettings, Settings

COPIED: Final = ("state", "log", "history")
"""They belong together: the state says how far the log is folded, the history how far it is written."""
FLUSH_S: Final = "0.7"
ROTATE_S: Final = "0.3"
"""The history and the prediction log are written this often, so that a fault meets them at work."""


class LivingWorld:
    """Start it with `start`; its clock is set by `shifted`."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Raises InputInvalid without a C compiler, and while a platform runs from the home."""
        if holder := holder_of(settings.run):
            raise InputInvalid(
                f"a platform runs from {settings.home} (process {holder}); stop it first: what changes cannot be copied"
            )
        clock = ClockSettings(mode=settings.clock.mode, origin_us=settings.clock.origin_us)
        origin = origin_us(settings.model_copy(update={"clock": clock}))
        told = {} if origin is None else {"CLOCK__ORIGIN_US": str(origin)}
        self.place = make_place(
            settings, folder, log="embedded", state="lmdb", GATEWAY__WORKERS="2", CLOCK__MODE=settings.clock.mode,
            STREAM__HISTORY_FLUSH_S=FLUSH_S, PREDICTION_LOG__ROTATE_S=ROTATE_S, **told,
        )  # fmt: skip
        for name in COPIED:
            if (settings.home / name).exists():
                shutil.copytree(settings.home / name, self.place.home / name)
        self.predictions = Predictions(self.place.home / "predictions", list(settings.segmenters))
        self.shifted = ShiftedClock(folder)
        self.place.environ |= self.shifted.environ
        self.clock = make_clock(settings.clock.mode, origin)
        """The platform's, as it is while the machine's is right."""
        self.stream, self.gateway = Stream(self.place), Gateway(self.place)

    def start(self, stack: ExitStack) -> None:
        """Both servers. Raises StrataError with the last words of what does not start."""
        stack.enter_context(self.stream)
        stack.enter_context(self.gateway)
