#!/usr/bin/env bash
# Runs a program in TypeScript of the browser tests' folder: scripts/ts.sh end2end/screenshots.ts [arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
# Node takes no TypeScript before 22.18. The bundle lies beside its source: it looks for the site from there.
source="$1"
shift
bundle="$(dirname "$source")/.$(basename "$source" .ts).mjs"
trap 'rm -f "$bundle"' EXIT
esbuild "$source" --bundle --platform=node --format=esm --packages=external --log-level=warning --outfile="$bundle"
node "$bundle" "$@"
