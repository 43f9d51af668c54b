# The stages that `make check` and `make test` share, cheapest first.
# Sourced after stage.sh.

checks() {
  stage "format" cargo fmt --all --check
  # A broken rule says where and what to do; where its test was called from says nothing.
  stage "house rules" env RUST_BACKTRACE=0 cargo test --locked --quiet -p tidy
  stage "lints" cargo clippy --locked --all-targets -- -D warnings
  # A call of its own: in one call with the server Leptos' features unify.
  stage "lints of the browser half" cargo clippy --locked -p frontend --target wasm32-unknown-unknown -- -D warnings
}
