#!/usr/bin/env bash
# Runs every benchmark of the engines, the examples that measure themselves, and the load program:
# Millrace, Prometheus and VictoriaMetrics with the same bytes in one run.
# `LOAD_ONLY=1 make bench` runs only what needs the whole program.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh test
scripts/setup.sh bench
. scripts/env.sh

engines() {
  local folder crate example
  for folder in crates/*; do
    crate="$(basename "$folder")"
    if [ -d "$folder/benches" ]; then
      say "Benchmarks of $crate"
      cargo bench --locked -p "$crate" --benches "$@"
    fi
    for example in "$folder"/examples/*_{bench,rate,speed}.rs; do
      [ -e "$example" ] || continue
      # These want the data that not everybody has.
      [ "$crate" != forecast ] || continue
      say "$example"
      cargo run --locked --release -p "$crate" --example "$(basename "$example" .rs)"
    done
  done
}

# Accuracy and speed on the data that the references were measured on.
on_shared_data() {
  local data=../shared/data file
  [ -d "$data" ] || { say "No ../shared/data: the figures on it are left out"; return 0; }
  example() { cargo run --locked --release --quiet -p "$1" --example "$2" -- "${@:3}"; }
  for file in "$data"/forecast/*.bench; do
    say "Forecasts of $file"
    mkdir -p target
    example forecast score_forecast "$file" >target/predictions
    if [ -n "${PYTHON:-}" ]; then
      # One thread, as ours: what is compared is the processor's time.
      OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$PYTHON" crates/forecast/examples/reference_statsforecast.py "$file" target/statsforecast
      "$PYTHON" ../shared/tools/score_forecast.py "$file" ours=target/predictions \
        "statsforecast, ETS=target/statsforecast/ets" "statsforecast, DOT=target/statsforecast/dot" \
        "statsforecast, median of four=target/statsforecast/median"
    fi
    example forecast forecast_bench "$file"
    example forecast crossing_bench "$file"
  done
  say "Anomalies in tables and series"
  example anomaly adbench "$data/adbench"
  example anomaly nab_score "$data/nab"
}

peers() {
  scripts/build.sh
  say "The load program"
  cargo build --locked --release -p load
  "$CARGO_TARGET_DIR/release/load" \
    --prometheus "$(command -v prometheus)" \
    --victoria-metrics "$MILLRACE_TOOLS/bin/victoria-metrics"
  say "A burst of a minute"
  "$CARGO_TARGET_DIR/release/load" --burst 50000
}

if [ -z "${LOAD_ONLY:-}" ]; then
  # What the references compute in the same run; without them the figures stand alone.
  PYTHON="$(scripts/references.sh)" && export PYTHON || say "No references: only our own figures"
  engines "$@"
  on_shared_data
fi
peers
say "From a sample to the pixels of a page"
scripts/ts.sh end2end/latency.ts
