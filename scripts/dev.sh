#!/usr/bin/env bash
# Serves from the sources and rebuilds on every change.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build
. scripts/env.sh
scripts/echarts.sh
# Leptos compiled for watching differs from Leptos compiled for tests: in one folder each would rebuild the other's.
export CARGO_TARGET_DIR="$MILLRACE_CACHE/target-dev"
# Leptos.toml speaks for the deployed site; here the page must reload itself, from the folder that is being built.
export LEPTOS_ENV=DEV
export LEPTOS_SITE_ROOT=target/site
export MILLRACE_SITE=.
exec cargo leptos watch --split "$@"
