#!/usr/bin/env bash
# Prints the path of a Python that has the libraries which benchmarks compare the engines with,
# in an environment of its own in the cache: made once, thrown away with it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

folder="$MILLRACE_CACHE/references"
if [ ! -e "$folder/ready" ]; then
  say "Installing the reference libraries"
  python3 -m venv "$folder" >&2 || die "python3 cannot make environments: install python3-venv"
  "$folder/bin/pip" install --quiet scikit-learn==1.9.1 >&2
  touch "$folder/ready"
fi
echo "$folder/bin/python"
