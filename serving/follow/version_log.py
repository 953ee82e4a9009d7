"""The log of one version: what happens to two at once is told of both (see serving.json_logs.Repeats)."""

from __future__ import annotations

import logging


def version_log(version: str) -> logging.Logger:
    """A message that another version's log has just had is no repetition in this one."""
    return logging.getLogger(f"strata.follower.{version}")
