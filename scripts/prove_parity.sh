#!/usr/bin/env bash
# The long proof that training and serving have the same values: 1,000,000 (user, t) on the demonstration's history and,
# where its files are given, as many on Online Retail; both shuffled, with repeats, late and too late events and restarts.
#   scripts/prove_parity.sh [PAIRS] [RETAIL_FOLDER]      the folder holds Online Retail's Parquet or CSV files
# Interrupted, it goes on where it stopped when the same is asked again. Results: loadtests/out/parity*.json
set -euo pipefail
cd "$(dirname "$0")/.."
pairs=${1:-1000000}
retail=${2:-${STRATA_RETAIL_FOLDER:-../shared/data/online_retail}}
how=(--pairs "$pairs" --oracle 2000 --shuffle --duplicates 0.05 --late 0.05 --too-late 0.01 --restarts 20)
mkdir -p loadtests/out
.venv/bin/strata features parity "${how[@]}" --json loadtests/out/parity.json

shopt -s nullglob
files=("$retail"/*.parquet "$retail"/*.csv "$retail"/*.csv.gz)
if ((${#files[@]} == 0)); then
    echo "NOT PROVED on Online Retail: there are no files in $retail; name its folder, or set STRATA_RETAIL_FOLDER" >&2
    exit 1
fi
home=$(pwd)/loadtests/out/retail-home
STRATA_HOME=$home .venv/bin/strata events import "${files[@]}" --mapping online_retail
.venv/bin/strata features parity "${how[@]}" --history "$home" --json loadtests/out/parity-retail.json
