"""The `strata` command: finds each room's sub-commands by name, when they are asked for."""

from strata.command.dispatch import main

__all__ = ["main"]
