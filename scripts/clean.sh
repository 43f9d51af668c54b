#!/usr/bin/env bash
# Removes what was built in this clone; with --cache also the compiled code and the tools in the user's cache.
# The data in ./data is never touched.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf dist target public/vendor end2end/results
if [ "${1:-}" = --cache ]; then
  . scripts/env.sh
  rm -rf "$MILLRACE_CACHE" node_modules
fi
