"""`python -m strata.command`: the same as `strata`, for processes that start others by their interpreter."""

import sys

from strata.command.dispatch import main

sys.exit(main())
