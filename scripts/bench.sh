#!/usr/bin/env bash
# Runs every benchmark of the engines, then the examples that measure themselves (`bench_*.rs`).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build
. scripts/env.sh
for folder in crates/*; do
  crate="$(basename "$folder")"
  if [ -d "$folder/benches" ]; then
    say "Benchmarks of $crate"
    cargo bench --locked -p "$crate" --benches "$@"
  fi
  for example in "$folder"/examples/bench_*.rs; do
    [ -e "$example" ] || continue
    say "$example"
    cargo run --locked --release -p "$crate" --example "$(basename "$example" .rs)"
  done
done
