#!/usr/bin/env bash
# Everything: set-up, checks, Rust tests on both databases, the release build, the image's own test, the browser.
# Stages stand in the order of what they cost; the first that fails ends the run.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "${MILLRACE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace}"
. scripts/env.sh
. scripts/stage.sh
. scripts/checks.sh

# Compiles aloud, then runs quietly: minutes without a line look like a hang, a line for each test hides the failing one.
rust_tests() {
  cargo test --locked --no-run && cargo test --locked --quiet
}

stage "set-up" scripts/setup.sh test
# The set-up may just have installed the compiler that env.sh looks for.
. scripts/env.sh
checks
stage "manifests" env PYTHONPATH="$MILLRACE_TOOLS/manifests" PYTHONDONTWRITEBYTECODE=1 python3 end2end/manifests.py
# Building cargo-deny takes minutes: it is asked where it is. Known faults want the network; licences do not.
if command -v cargo-deny >/dev/null; then
  stage "licences and sources" cargo deny --locked check licenses bans sources
else
  say "licences and sources: skipped, since there is no cargo-deny; make deny installs it"
fi
# `cargo test`, and not a runner with a process for each test: the store's tests share one PostgreSQL in a process.
stage "Rust tests" rust_tests
stage "release build" scripts/build.sh
stage "as the image runs it" scripts/image-test.sh
stage "browser" node end2end/run.mjs
