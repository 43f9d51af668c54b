#!/usr/bin/env bash
# Whether what is compiled in may be: licences, where it comes from, refused crates, known faults.
# Usage: scripts/deny.sh [advisories|bans|licenses|sources]...: all of them where nothing is named.
# Only `advisories` needs the network: it fetches RustSec's database from GitHub.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh deny
. scripts/env.sh
cargo deny --locked check "$@"
