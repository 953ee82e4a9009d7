#!/usr/bin/env bash
# Make the contract as it stands the one that `make check` holds later changes to. Run when a version is released.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/buf build protos --exclude-source-info --output protos/baseline.binpb
