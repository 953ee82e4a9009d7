#!/usr/bin/env bash
# Install what `strata bench` needs from the system: h2load (package nghttp2-client), the native load
# generator, and redis-server, which the glued peer keeps its features in. Nothing else of Strata needs them.
#   scripts/install_bench_tools.sh [--dry-run]
set -euo pipefail

missing=()
command -v h2load >/dev/null || missing+=(nghttp2-client)
command -v redis-server >/dev/null || missing+=(redis-server)

if [ ${#missing[@]} -eq 0 ]; then
    echo "h2load and redis-server are installed; nothing to do."
    exit 0
fi
echo "This installs the system packages: ${missing[*]} (apt-get, about 3 MB)."
echo "Strata starts its own Redis on a free loopback port; the packaged redis service is not started by this script."
if [ "${1:-}" = "--dry-run" ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get here. Install h2load (nghttp2) and redis-server with your own package tool." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "This needs root. Run: sudo $0    (or ask an administrator for ${missing[*]})" >&2
    exit 1
fi
# A run level of 1 keeps invoke-rc.d from starting the service where there is no systemd.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}"
if command -v systemctl >/dev/null && [[ " ${missing[*]} " == *" redis-server "* ]]; then
    systemctl disable --now redis-server >/dev/null 2>&1 || true
fi
echo "Installed: $(h2load --version), $(redis-server --version | cut -d' ' -f1-3)."
