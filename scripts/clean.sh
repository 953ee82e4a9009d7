#!/usr/bin/env bash
# Remove what set-up, tests and the demonstration wrote. Refused while a platform runs from this folder's home.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=.strata/run/up.lock
if [[ -f $lock ]] && ! flock --nonblock "$lock" true; then
    echo "clean: strata up is running from .strata; stop it first" >&2
    exit 1
fi
rm -rf .strata .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist loadtests/out ./*.egg-info
find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
