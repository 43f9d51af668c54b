#!/usr/bin/env bash
# schemathesis for long: 10,000 requests as each role, made out of the API's own description.
# `make test` makes some hundreds. Usage: scripts/fuzz-api.sh [SEED]
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh test
. scripts/env.sh
scripts/build.sh
MILLRACE_FUZZ_CASES=10000 MILLRACE_FUZZ_SEED="${1:-1}" node end2end/run.mjs api.spec.ts --grep schemathesis
