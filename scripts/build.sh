#!/usr/bin/env bash
# Builds dist/, which is what the image holds: dist/millrace, dist/site, dist/Leptos.toml, dist/hash.txt.
# Does nothing when the sources are those that dist/ was built from, and takes what another clone
# built from the same ones out of the user's cache.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build
. scripts/env.sh

# Git keeps no empty folders, and cargo-leptos wants its assets.
mkdir -p public

# Names, contents and the compiler: times would call a fresh clone new and a checked-out old commit current.
sources() {
  {
    rustc -vV
    find app frontend server crates style public .cargo scripts/build.sh scripts/env.sh scripts/echarts.sh scripts/path scripts/precompress.mjs scripts/strip-wasm.mjs \
      Cargo.toml Cargo.lock Leptos.toml package-lock.json \
      -type f -not -path 'public/vendor/*' -not -path 'crates/tidy/*' -not -path '*/tests/*' -not -name tests.rs -print0 | sort -z | xargs -0 sha256sum
  } | sha256sum | cut -d' ' -f1
}
now="$(sources)"
if [ "$(cat dist/.sources 2>/dev/null)" = "$now" ]; then
  say "dist/ is up to date"
  exit 0
fi

# A reader sees the old folder or the new one, never half of one.
swap() {
  rm -rf target/dist.old
  if [ -d dist ]; then mv -T dist target/dist.old; fi
  mv -T target/dist.new dist
  rm -rf target/dist.old
}

mkdir -p target
kept="$MILLRACE_CACHE/dist/$now"
if [ -d "$kept" ]; then
  rm -rf target/dist.new
  cp -r "$kept" target/dist.new
  swap
  say "dist/ was built from the same sources before"
  exit 0
fi

# Cargo knows our crates by their places within the workspace, so another tree of it that builds into the same
# folder (a clone, .ci/run) leaves crates there that would count as built from here. Debug builds are apart
# already: .ci/run makes them without incremental compilation. One tree builds at a time, and what another
# one left is made anew.
mkdir -p "$CARGO_TARGET_DIR"
exec 8>"$CARGO_TARGET_DIR/.release-lock"
flock --nonblock 8 || { say "Waiting for another tree's release build"; flock 8; }
owner="$CARGO_TARGET_DIR/.release-tree"
if [ "$(cat "$owner" 2>/dev/null)" != "$PWD" ]; then
  for manifest in app/Cargo.toml frontend/Cargo.toml server/Cargo.toml crates/*/Cargo.toml; do
    crate="$(basename "$(dirname "$manifest")")"
    find "$CARGO_TARGET_DIR" -path '*/debug' -prune -o -type d -path "*/.fingerprint/$crate-*" -prune -exec rm -rf {} +
  done
  printf '%s\n' "$PWD" >"$owner"
fi

scripts/echarts.sh

# The browser's half brings a standard library of its own: a panic stops at once and says nothing
# (the browser's console shows where), and nothing is written by `Debug`. A tenth less to transfer.
# RUSTFLAGS takes the place of what .cargo/config.toml says, so that stands here again (ADR 6).
slim=()
if [ -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library/std" ]; then
  slim=(env RUSTC_BOOTSTRAP=1
    RUSTFLAGS="--cfg erase_components -Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Zfmt-debug=none")
  std=(--lib-cargo-args=-Zbuild-std=std,panic_abort --lib-cargo-args=-Zbuild-std-features=optimize_for_size)
else
  say "The standard library's sources are missing: the site grows by a tenth (rustup component add rust-src)"
  std=()
fi

say "Building the site (the first time takes some minutes)"
PATH="$PWD/scripts/path:$PATH" "${slim[@]}" cargo leptos build --release --split --frontend-only "${std[@]}"

say "Building the server (the first time takes some minutes)"
cargo leptos build --release --split --server-only

say "Compressing the site"
rm -rf target/dist.new
mkdir -p target/dist.new
cp -r target/site target/dist.new/site
# Declarations for TypeScript, which nobody loads.
find target/dist.new/site -name '*.ts' -delete
node scripts/strip-wasm.mjs target/dist.new/site
# What crates bring as JavaScript comes with its comments.
find target/dist.new/site/pkg/snippets -name '*.js' -exec \
  esbuild {} --minify --format=esm --target=es2022 --log-level=warning --allow-overwrite --outfile={} \;
node scripts/precompress.mjs target/dist.new/site dist/site
cp Leptos.toml target/dist.new/
cp "$CARGO_TARGET_DIR/release/hash.txt" target/dist.new/
install -m 755 "$CARGO_TARGET_DIR/release/millrace" target/dist.new/millrace
printf '%s\n' "$now" >target/dist.new/.sources

# The newest two stay: what a branch and its parent are built from.
mkdir -p "$MILLRACE_CACHE/dist"
rm -rf "$kept.new"
cp -r target/dist.new "$kept.new"
[ -d "$kept" ] || mv -T "$kept.new" "$kept"
find "$MILLRACE_CACHE/dist" -mindepth 1 -maxdepth 1 -printf '%T@ %p\0' | sort -znr | tail -zn +3 | cut -zd' ' -f2- | xargs -0r rm -rf

swap
say "dist/ is built: dist/millrace $(du -h dist/millrace | cut -f1), dist/site $(du -sh dist/site | cut -f1)"
