#!/usr/bin/env bash
# The tests that the suite runs briefly, for long: two hundred crashes under load, then a hundred times a
# full disk, a clock that leaps, and clients that are slow. On a quiet machine about a quarter of an hour.
# `MILLRACE_CRASH_CYCLES=1000 SOAK_ROUNDS=500 make soak` goes on for longer.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build
. scripts/env.sh
export MILLRACE_CRASH_CYCLES="${MILLRACE_CRASH_CYCLES:-200}"
rounds="${SOAK_ROUNDS:-100}"

# Runs what a name fits, many times; the first that fails ends it and is shown.
again() {
  local what="$1" log count
  shift
  log="$(mktemp)"
  say "$what, $rounds times"
  for _ in $(seq "$rounds"); do
    cargo test --locked --release --quiet "$@" >"$log" 2>&1 || { cat "$log"; exit 1; }
    # A name that fits nothing would pass for ever.
    grep -qE '^test result: ok\. [1-9]' "$log" || { cat "$log"; say "no test has that name"; exit 1; }
  done
  count="$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$log" | awk '{ n += $1 } END { print n }')"
  say "$what: $rounds rounds passed, $count tests in each"
  rm -f "$log"
}

say "$MILLRACE_CRASH_CYCLES crashes under load"
cargo test --locked --release -p store --test store -- crash --nocapture
again "A full disk" -p store --test store -- full
again "A clock that leaps" -p store --test store -- a_clock_that_is_set
again "Slow clients" -p server --bin millrace -- listen::
