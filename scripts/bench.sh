#!/usr/bin/env bash
# Runs every benchmark of the engines, the examples that measure themselves, and the load program:
# Millrace, Prometheus and VictoriaMetrics with the same bytes in one run.
# `LOAD_ONLY=1 make bench` runs the last alone.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh bench
. scripts/env.sh

engines() {
  local folder crate example
  # What the references compute in the same run; without them the figures stand alone.
  PYTHON="$(scripts/references.sh)" && export PYTHON || say "No references: only our own figures"
  for folder in crates/*; do
    crate="$(basename "$folder")"
    if [ -d "$folder/benches" ]; then
      say "Benchmarks of $crate"
      cargo bench --locked -p "$crate" --benches "$@"
    fi
    for example in "$folder"/examples/*_{bench,rate,speed}.rs; do
      [ -e "$example" ] || continue
      say "$example"
      cargo run --locked --release -p "$crate" --example "$(basename "$example" .rs)"
    done
  done
}

peers() {
  scripts/build.sh
  say "The load program"
  cargo build --locked --release -p load
  "$CARGO_TARGET_DIR/release/load" \
    --prometheus "$(command -v prometheus)" \
    --victoria-metrics "$MILLRACE_TOOLS/bin/victoria-metrics"
}

[ -n "${LOAD_ONLY:-}" ] || engines "$@"
peers
