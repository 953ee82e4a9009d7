"""What a C library prints past Python, kept from a person who is told the same in our words.

LightGBM writes `[LightGBM] [Fatal] ...` to the process's standard error itself, whatever logger or verbosity it is
given (`Log::Fatal` of its `log.h`, version 4), and then raises an error of the same text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Final

_STDERR: Final = 2
# Some of its messages end in a line of their own, which leaves an empty one behind.
_LIGHTGBM: Final = re.compile(rb"^\[LightGBM\] .*\n{0,2}", re.MULTILINE)


@contextmanager
def without_lightgbm() -> Iterator[None]:
    """Standard error without LightGBM's lines; what others write meanwhile comes when it is left.

    The whole process has one standard error: for short work, and not for several threads at once.
    """
    try:
        own = os.dup(_STDERR)
    except OSError:
        yield  # started without one, so nobody reads it
        return
    with TemporaryFile() as written:
        os.dup2(written.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(own, _STDERR)
            os.close(own)
            written.seek(0)
            if others := _LIGHTGBM.sub(b"", written.read()):
                os.write(_STDERR, others)
