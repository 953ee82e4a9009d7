#!/bin/sh
# Find a Python 3.11 and let scripts/setup_environment.py make .venv with it.
#   PYTHON=/path/to/python3.11 scripts/setup.sh     to choose it yourself
set -eu
cd "$(dirname "$0")/.."

is_311() {
    "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1
}

# /usr/bin last: a shim earlier on the path may be named python3.11 and not be one.
for candidate in ${PYTHON:-} python3.11 python3 /usr/bin/python3.11 /usr/bin/python3; do
    if is_311 "$candidate"; then
        exec "$candidate" -I scripts/setup_environment.py
    fi
    if [ -n "${PYTHON:-}" ]; then
        echo "setup: PYTHON=$PYTHON is not a Python 3.11; name one that is" >&2
        exit 1
    fi
done
echo "setup: Strata needs Python 3.11 and found none. Install it (Debian: apt-get install python3.11 python3.11-venv;" >&2
echo "setup: elsewhere: python.org or pyenv), or name one: make up PYTHON=/path/to/python3.11" >&2
exit 1
