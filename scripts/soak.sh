#!/usr/bin/env bash
# The tests that the suite runs briefly, for long: two hundred crashes under load, on a quiet machine
# about ten minutes. `MILLRACE_CRASH_CYCLES=1000 make soak` goes on for longer.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build
. scripts/env.sh
export MILLRACE_CRASH_CYCLES="${MILLRACE_CRASH_CYCLES:-200}"
say "$MILLRACE_CRASH_CYCLES crashes under load"
cargo test --locked --release -p store --test store -- crash --nocapture
say "A full disk, a hundred times"
for _ in $(seq 100); do
  cargo test --locked --release --quiet -p store --test store -- full >/dev/null
done
