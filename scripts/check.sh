#!/usr/bin/env bash
# The fast loop: format, lints for both halves, the house rules, the engines.
# Run by hand as `make check`; scripts/test.sh begins with the same steps.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build
. scripts/env.sh
. scripts/stage.sh
. scripts/checks.sh

checks
