"""Start a `strata` command as a child that cannot outlive the process that started it.

python -m strata.command.up.tether serve
"""

from __future__ import annotations

import os
import sys

from strata.processes.parent import die_with_parent

NICE_VARIABLE = "_STRATA_NICE"
"""How much a child steps back behind the others."""


def main() -> int:
    """Tie this process to its parent and run the command in its arguments."""
    from strata.command.dispatch import main as run

    die_with_parent()
    os.nice(int(os.environ.get(NICE_VARIABLE, "0")))
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
