#!/usr/bin/env bash
# Builds what is out of date and serves it from here, with its data in ./data.
# Usage: scripts/run.sh [serve|demo] [flags of millrace]
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh
[ "$#" -gt 0 ] || set -- serve
exec dist/millrace "$@"
