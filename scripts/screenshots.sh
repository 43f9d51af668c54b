#!/usr/bin/env bash
# Takes pictures of the demo company: every page, both themes, both sizes; the README's are among them.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh test
scripts/build.sh
. scripts/env.sh
# Node takes no TypeScript before 22.18. The bundle lies beside its source: it looks for the site from there.
bundle="end2end/.screenshots.mjs"
trap 'rm -f "$bundle"' EXIT
esbuild end2end/screenshots.ts --bundle --platform=node --format=esm --packages=external --log-level=warning --outfile="$bundle"
node "$bundle" "$@"
