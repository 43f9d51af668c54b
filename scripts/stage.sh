# Stages of check.sh and test.sh: each is timed, its tests are counted, and the table stands at the end.
# Sourced after env.sh.
# A stage that prints no count of its own counts as one test.
stage_names=()
stage_seconds=()
stage_passed=()
stage_failed=()
stage_log="$(mktemp)"

# Where cargo prints to a person it keeps its colours although its output goes through a pipe.
if [ -t 1 ]; then export CARGO_TERM_COLOR=always; fi

# stage NAME COMMAND…: runs it, and ends the run when it fails.
stage() {
  local name="$1" started=$SECONDS status=0 passed failed
  shift
  say "$name"
  set +e
  "$@" 2>&1 </dev/null | tee "$stage_log"
  status=${PIPESTATUS[0]}
  set -e
  read -r passed failed < <(count_tests <"$stage_log")
  if [ "$((passed + failed))" = 0 ]; then
    if [ "$status" = 0 ]; then passed=1; else failed=1; fi
  fi
  # A harness that died has not counted what it did not run.
  if [ "$status" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  # A count of failures with an exit code of 0 is a failure too.
  if [ "$status" = 0 ] && [ "$failed" != 0 ]; then status=1; fi
  stage_names+=("$name")
  stage_seconds+=("$((SECONDS - started))")
  stage_passed+=("$passed")
  stage_failed+=("$failed")
  if [ "$status" != 0 ]; then
    printf '\nfailed: %s\n' "$name" >&2
    exit 1
  fi
}

# Adds up cargo's `test result:` lines and the `N passed, N failed` lines of the other harnesses.
count_tests() {
  sed 's/\x1b\[[0-9;]*m//g' | awk '
    /^test result: / {
      for (i = 1; i < NF; i++) {
        if ($(i + 1) == "passed;") passed += $i
        if ($(i + 1) == "failed;") failed += $i
      }
    }
    /^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3 }
    END { print passed + 0, failed + 0 }'
}

# Prints the table; the count line is the last, alone on its line.
summary() {
  local status=$? i total=0 passed=0 failed=0
  rm -f "$stage_log"
  printf '\n%-34s %8s %8s %8s\n' stage seconds passed failed
  for i in "${!stage_names[@]}"; do
    printf '%-34s %8d %8d %8d\n' "${stage_names[$i]}" "${stage_seconds[$i]}" "${stage_passed[$i]}" "${stage_failed[$i]}"
    total=$((total + stage_seconds[i]))
    passed=$((passed + stage_passed[i]))
    failed=$((failed + stage_failed[i]))
  done
  printf '%-34s %8d\n\n' total "$total"
  # Interrupted between two stages: nothing failed, yet nobody may take the run for a good one.
  if [ "$status" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  # Kept for .ci/run: make says a word of its own after a failure.
  if [ -n "${STAGE_COUNT:-}" ]; then printf '%d passed, %d failed\n' "$passed" "$failed" >"$STAGE_COUNT"; fi
  printf '%d passed, %d failed\n' "$passed" "$failed"
  exit "$status"
}
trap summary EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
