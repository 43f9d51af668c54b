# Where the tools live and which compiler is used; sourced by every other script.
# Everything that is slow to make lies in the user's cache, so that a fresh clone is warm.
export MILLRACE_CACHE="${MILLRACE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace}"
export MILLRACE_TOOLS="$MILLRACE_CACHE/tools"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$MILLRACE_CACHE/target}"

LEPTOS_CLI=0.3.11
BINDGEN_CLI=0.2.130
DENY_CLI=0.20.2

# Debian's rustc-web carries the wasm32 sources that rustup's toolchain lacks: use it where it is.
if [ -x /usr/bin/rustc ] && [ -L /usr/bin/rust-lld ]; then
  export PATH="$MILLRACE_TOOLS/bin:$PWD/node_modules/.bin:/usr/bin:$PATH"
else
  export PATH="$MILLRACE_TOOLS/bin:$PWD/node_modules/.bin:$PATH"
fi

say() { if [ -t 2 ]; then printf '\033[1m==> %s\033[0m\n' "$*" >&2; else printf '==> %s\n' "$*" >&2; fi; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
