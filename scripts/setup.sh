#!/usr/bin/env bash
# Sets the machine up: compiler for wasm32, crates, cargo-leptos, wasm-bindgen, Node packages, a browser.
# Each step looks first whether its work is already done, so a second run does none.
# Usage: scripts/setup.sh build|test|bench|deny
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
what="${1:-build}"
mkdir -p "$MILLRACE_TOOLS/bin"

# Two makes at once would install into each other.
exec 9>"$MILLRACE_CACHE/setup.lock"
flock -n 9 || { say "Waiting for the set-up that runs already"; flock 9; }

sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo"
log="$MILLRACE_CACHE/setup.log"

if [ -n "$sudo" ] && ! command -v sudo >/dev/null; then sudo="no_sudo"; fi
no_sudo() { die "installing packages needs root: run 'make setup' as root once, or install sudo"; }

# Runs a slow command, keeps what it prints in the log, and shows that it is alive:
# a counter for a person, a line now and then for a log.
slow() {
  local title="$1"; shift
  say "$title (log: $log)"
  local started=$SECONDS told=0
  "$@" </dev/null >>"$log" 2>&1 &
  local pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    local now=$((SECONDS - started))
    if [ -t 2 ]; then
      printf '\r    %3d s' "$now" >&2
    elif [ "$((now - told))" -ge 15 ]; then
      told=$now
      printf '    %3d s  %s\n' "$now" "$(tail -n 1 "$log" | cut -c1-100)" >&2
    fi
  done
  if [ -t 2 ]; then printf '\r' >&2; fi
  wait "$pid" || { tail -n 20 "$log" >&2; die "$title failed; the whole log is $log"; }
  say "$title: $((SECONDS - started)) s"
}

apt_updated=""
need_debian() {
  local missing=()
  for package in "$@"; do
    [[ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" = "install ok installed"* ]] || missing+=("$package")
  done
  [ "${#missing[@]}" = 0 ] && return 0
  if [ -z "$apt_updated" ]; then
    slow "Refreshing Debian's package lists" $sudo apt-get update
    apt_updated=1
  fi
  slow "Installing ${missing[*]}" $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"
}

# No `| grep -q` in this file: it leaves at the first match, and with pipefail the program that
# still writes (ended by SIGPIPE) makes a failure of what was found.
have_debian_rust() { command -v apt-get >/dev/null && [[ "$(apt-cache policy rustc-web 2>/dev/null)" =~ Candidate:\ [0-9] ]]; }

compiler() {
  if [ -x /usr/bin/rustc ] && [ -L /usr/bin/rust-lld ] && [[ "$(rustc --version)" =~ ^rustc\ 1\.(9[6-9]|[0-9]{3})\. ]]; then
    return 0
  fi
  if command -v apt-get >/dev/null && ! have_debian_rust; then
    slow "Refreshing Debian's package lists" $sudo apt-get update
    apt_updated=1
  fi
  if have_debian_rust; then
    need_debian rustc-web cargo-web rust-web-src rust-web-llvm rustfmt-web rust-web-clippy
    . scripts/env.sh
    hash -r
  else
    # rustup's rustc is there before the compiler it stands for.
    rustc --version >/dev/null 2>&1 || die "no Rust compiler: install rustc 1.96 or newer (rustup.rs)"
  fi
}

# The linker for wasm32 that rust-web-llvm links rust-lld to is a package of its own.
linker() {
  [ -L /usr/bin/rust-lld ] && [ ! -e /usr/bin/rust-lld ] || return 0
  need_debian "$(readlink /usr/bin/rust-lld)"
}

wasm_std() {
  local libdir
  libdir="$(rustc --print target-libdir --target wasm32-unknown-unknown)"
  # A compiler that Debian has renewed cannot read what the old one built.
  if ls "$libdir"/libstd-*.rlib >/dev/null 2>&1 &&
    { [ ! -e "$libdir/.millrace" ] || [ "$(cat "$libdir/.millrace")" = "$(rustc -V)" ]; }; then
    return 0
  fi
  if [ ! -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library/std" ]; then
    command -v rustup >/dev/null || die "this rustc has neither a wasm32 standard library nor the sources to build one"
    slow "Adding the wasm32 target" rustup target add wasm32-unknown-unknown
    return 0
  fi
  local work="$MILLRACE_CACHE/wasm-std"
  rm -rf "$work"
  mkdir -p "$work/src"
  printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n[lib]\npath = "src/lib.rs"\n' >"$work/Cargo.toml"
  printf '#![no_std]\n' >"$work/src/lib.rs"
  slow "Building the standard library for wasm32" env RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$work/target" \
    cargo build --release --manifest-path "$work/Cargo.toml" \
    -Zbuild-std=std,panic_abort,panic_unwind,proc_macro --target wasm32-unknown-unknown
  $sudo mkdir -p "$libdir"
  if [ -e "$libdir/.millrace" ]; then $sudo rm -f "$libdir"/*.rlib; fi
  $sudo cp "$work"/target/wasm32-unknown-unknown/release/deps/*.rlib "$libdir"/
  rustc -V | $sudo tee "$libdir/.millrace" >/dev/null
  rm -rf "$work"
}

# cargo-leptos with its own release profile costs over 20 CPU minutes; as a build driver it needs no optimiser.
cargo_tool() {
  local crate="$1" version="$2" binary="$3"; shift 3
  [[ "$("$MILLRACE_TOOLS/bin/$binary" --version 2>/dev/null)" != *"$version"* ]] || return 0
  slow "Building $crate $version (some minutes, once)" env CARGO_TARGET_DIR="$MILLRACE_CACHE/tools-target" \
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
    cargo install "$crate" --version "$version" --root "$MILLRACE_TOOLS" --force "$@"
  rm -rf "$MILLRACE_CACHE/tools-target"
}

node_packages() {
  # Not from Debian 12: its Node is older than what the tools of the pages and of their tests take.
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 11) ? 0 : 1)' 2>/dev/null ||
    die "Millrace needs Node.js 20.11 or newer (nodejs.org)"
  command -v npm >/dev/null || die "Millrace needs npm, which comes with Node.js (nodejs.org)"
  cmp -s package-lock.json node_modules/.millrace-lock && return 0
  # Not `npm ci`: it refuses a lock file that leaves out other platforms' optional packages,
  # as npm itself writes it where a registry does not carry them all.
  # Half an installation says nothing of being whole.
  rm -f node_modules/.millrace-lock
  slow "Installing the Node packages" npm install --no-save --no-audit --no-fund
  cp package-lock.json node_modules/.millrace-lock
}

# All that the lock file names, also for the browser: some house rules read the whole tree of crates without asking anybody.
crates() {
  cargo fetch --locked --offline >/dev/null 2>&1 || slow "Fetching the crates" cargo fetch --locked
}

# A program out of a Debian package that is not installed: its service must not start here.
# Further arguments name files below /usr that it wants besides.
unpacked() {
  local package="$1" binary="$2" work file missing=""
  shift
  for file in "bin/$binary" "${@:2}"; do [ -e "$MILLRACE_TOOLS/$file" ] || missing=1; done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || { say "no $package here: the tests that need it are skipped"; return 0; }
  work="$(mktemp -d)"
  # apt fetches as a user of its own, who must be able to write there.
  chmod 777 "$work"
  (cd "$work" && slow "Fetching $package" apt-get download "$package")
  dpkg -x "$work"/*.deb "$work/root"
  cp "$work/root/usr/bin/$binary" "$MILLRACE_TOOLS/bin/$binary"
  for file in "${@:2}"; do
    mkdir -p "$(dirname "$MILLRACE_TOOLS/$file")"
    cp "$work/root/usr/$file" "$MILLRACE_TOOLS/$file"
  done
  rm -rf "$work"
}

# The server is a program of redis-tools under another name; the package redis-server would start a service.
redis() {
  if command -v redis-server >/dev/null || ! command -v apt-get >/dev/null; then return 0; fi
  need_debian redis-tools
  ln -sf "$(command -v redis-check-rdb)" "$MILLRACE_TOOLS/bin/redis-server"
}

# What others wrote in Python for Python: a folder of the tools for each list of packages.
python_packages() {
  local folder="$MILLRACE_TOOLS/$1" list="$2" title="$3"
  cmp -s "$list" "$folder/.millrace" && return 0
  python3 -m pip --version >/dev/null 2>&1 || need_debian python3-pip
  rm -rf "$folder"
  slow "Installing $title" python3 -m pip install --quiet --target "$folder" -r "$list"
  cp "$list" "$folder/.millrace"
}

# SQLite is C, and so is the linker's driver.
command -v cc >/dev/null || need_debian gcc libc6-dev
compiler
linker
wasm_std
crates
node_packages
cargo_tool wasm-bindgen-cli "$BINDGEN_CLI" wasm-bindgen
cargo_tool cargo-leptos "$LEPTOS_CLI" cargo-leptos --locked
# What Millrace is compared with, and what may keep its metrics.
if [ "$what" = test ] || [ "$what" = bench ]; then
  unpacked prometheus prometheus bin/promtool
  unpacked victoria-metrics victoria-metrics
fi
if [ "$what" = test ]; then
  need_debian chromium-headless-shell postgresql
  for exporter in node redis postgres; do
    unpacked "prometheus-$exporter-exporter" "prometheus-$exporter-exporter"
  done
  unpacked prometheus-alertmanager prometheus-alertmanager share/prometheus/alertmanager/{default,email}.tmpl
  redis
  # The senders that nobody here wrote: OpenTelemetry's and InfluxDB's own libraries.
  python_packages senders end2end/senders.txt "the Python senders"
  python_packages schemathesis end2end/api.txt "schemathesis"
  python_packages manifests end2end/manifests.txt "Kubernetes' schemas"
fi
if [ "$what" = deny ]; then cargo_tool cargo-deny "$DENY_CLI" cargo-deny --locked; fi
