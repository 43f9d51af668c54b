#!/usr/bin/env bash
# Takes pictures of the demo company: every page, both themes, both sizes; the README's are among them.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh test
scripts/build.sh
scripts/ts.sh end2end/screenshots.ts "$@"
