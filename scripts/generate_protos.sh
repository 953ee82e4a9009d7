#!/usr/bin/env bash
# Write the Python code of every .proto under protos/ into strata/. Run after each change of a .proto;
# `make check` fails when the committed code differs from what this writes.
#   scripts/generate_protos.sh [OUT]     OUT: another folder than the repository itself
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-.}
python=${PYTHON:-.venv/bin/python}
mkdir -p "$out"
contracts=(strata/v1/event.proto strata/v1/release.proto strata/v1/segmentation.proto strata/v1/segmenter.proto)
"$python" -m grpc_tools.protoc --proto_path=protos --python_out="$out" --pyi_out="$out" \
    "${contracts[@]}" strata/registry/v1/feast_registry.proto
"$python" -m grpc_tools.protoc --proto_path=protos --grpc_python_out="$out" "${contracts[@]}"
