#!/usr/bin/env bash
# The fast loop: format, lints for both halves, the house rules, the engines.
# Run by hand as `make check`; scripts/test.sh begins with the same steps but the last: there the engines
# are tested with everything else, and tested alone their crates are compiled once more for their own features.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build
. scripts/env.sh
. scripts/stage.sh
. scripts/checks.sh

# Crates without a database, a socket or a page: their tests take seconds.
engines=()
for crate in api series chunks forecast anomaly query ingest; do engines+=(-p "$crate"); done

checks
stage "engines" cargo test --locked --quiet "${engines[@]}"
