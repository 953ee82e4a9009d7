#!/usr/bin/env bash
# Install redis-server from the system's packages: what the tests of the online state in Redis start, and a way to run
# a platform on it. Strata itself needs none unless settings.state_url names one.
#   scripts/install_redis.sh [--dry-run]
set -euo pipefail

if command -v redis-server >/dev/null; then
    echo "redis-server is installed: $(redis-server --version | cut -d' ' -f1-3). Nothing to do."
    exit 0
fi
echo "This installs the system package redis-server (apt-get, about 2 MB)."
echo "Tests start a Redis of their own on a free loopback port; the packaged service is left stopped."
if [ "${1:-}" = "--dry-run" ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get here. Install Redis 6 or newer with your own package tool." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        echo "This needs root, and sudo asks for a password. Run: sudo $0" >&2
        exit 1
    fi
    as_root=(sudo -n)
fi
# A run level of 1 keeps invoke-rc.d from starting the service where there is no systemd.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends redis-server
if command -v systemctl >/dev/null; then
    "${as_root[@]}" systemctl disable --now redis-server >/dev/null 2>&1 || true
fi
echo "Installed: $(redis-server --version | cut -d' ' -f1-3)."
