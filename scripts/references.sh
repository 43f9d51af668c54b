#!/usr/bin/env bash
# Prints the path of a Python that has the libraries which benchmarks compare the engines with,
# in an environment of its own in the cache: made once, thrown away with it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

folder="$MILLRACE_CACHE/references"
libraries="scikit-learn==1.9.1 pyod==3.6.7 statsforecast==2.1.1"
if [ "$(cat "$folder/ready" 2>/dev/null)" != "$libraries" ]; then
  say "Installing $libraries"
  rm -rf "$folder"
  python3 -m venv "$folder" >&2 || die "python3 cannot make environments: install python3-venv"
  # shellcheck disable=SC2086 # one word for each library
  "$folder/bin/pip" install --quiet $libraries >&2
  echo "$libraries" >"$folder/ready"
fi
echo "$folder/bin/python"
