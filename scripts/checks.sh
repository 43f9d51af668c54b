# The stages that `make check` and `make test` share, cheapest first.
# Sourced after stage.sh.

# Crates without a database, a socket or a page: their tests take seconds.
engines() {
  local crate
  for crate in api series chunks forecast anomaly stock rules query ingest; do
    if [ -d "crates/$crate" ]; then printf -- '-p %s ' "$crate"; fi
  done
}

checks() {
  stage "format" cargo fmt --all --check
  # A broken rule says where and what to do; where its test was called from says nothing.
  stage "house rules" env RUST_BACKTRACE=0 cargo test --locked --quiet -p tidy
  stage "lints" cargo clippy --locked --all-targets -- -D warnings
  # A call of its own: in one call with the server Leptos' features unify.
  stage "lints of the browser half" cargo clippy --locked -p frontend --target wasm32-unknown-unknown -- -D warnings
  # shellcheck disable=SC2046 # one word for each crate
  stage "engines" cargo test --locked --quiet $(engines)
}
