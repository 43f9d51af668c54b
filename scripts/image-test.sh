#!/usr/bin/env bash
# Runs dist/ the way the image does, where there is no container engine to ask:
# a root file system of its own that cannot be written, an unprivileged user without capabilities, and one folder for the data.
# Prints `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

# Mounting needs root. Without it the run is still one in an empty folder, with dist/ read-only.
if [ "$(id -u)" != 0 ] && command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  exec sudo -n env "PATH=$PATH" "HOME=$HOME" "$PWD/scripts/image-test.sh"
fi

user=65532
work="$(mktemp -d)"
root="$work/root"
mkdir -p "$root"/{app,data,tmp,usr/lib,usr/lib64,etc,proc,dev} "$work/data"
cp -r dist/. "$root/app/"
rm -f "$root/app/.sources"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
for file in /etc/ld.so.cache /etc/localtime; do if [ -e "$file" ]; then cp -L "$file" "$root/etc/"; fi; done
chmod 755 "$work" "$root"
chmod -R a+rX,a-w "$root/app"

port="$(node -e 'const s = require("net").createServer(); s.listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')"
url="http://127.0.0.1:$port"
settings=(PATH=/app MILLRACE_ADDR="127.0.0.1:$port" MILLRACE_DATA=/data MILLRACE_LOG_FORMAT=json)
log="$work/log"
pid=""

# What happens inside the mount namespace; `exec` all the way, so that $! is the program.
# shellcheck disable=SC2016 # expanded by the inner shell
image='
  set -e
  root="$1" data="$2" user="$3"; shift 3
  mount --make-rprivate /
  mount --bind "$root" "$root"
  mount --bind "$data" "$root/data"
  mount -t tmpfs -o size=16m,mode=1777 tmpfs "$root/tmp"
  mount --rbind /proc "$root/proc"
  for lib in lib lib64; do
    if [ -d "/usr/$lib" ]; then mount --bind "/usr/$lib" "$root/usr/$lib"; mount -o remount,bind,ro "$root/usr/$lib"; fi
  done
  mount -o remount,bind,ro "$root"
  exec setpriv --no-new-privs chroot --userspec="$user:$user" --groups= "$root" "$@"
'

if [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
  isolated=1
  chown "$user:$user" "$work/data"
  # The same, for a second program beside the server: the mounts are private to each.
  in_image() { exec unshare --mount sh -c "$image" sh "$root" "$work/data" "$user" /usr/bin/env -i "${settings[@]}" /app/millrace "$@"; }
  # `env` must be there after the change of root.
  mkdir -p "$root/usr/bin"
  cp /usr/bin/env "$root/usr/bin/env"
else
  isolated=""
  say "neither root nor sudo: running in an empty folder without a root file system of its own"
  settings=(PATH=/nowhere MILLRACE_ADDR="127.0.0.1:$port" MILLRACE_DATA="$work/data" MILLRACE_LOG_FORMAT=json)
  in_image() { cd "$work/data" && exec env -i "${settings[@]}" "$root/app/millrace" "$@"; }
fi

tidy_up() {
  if [ -n "$pid" ]; then kill -KILL "$pid" 2>/dev/null || true; fi
  chmod -R u+w "$work" 2>/dev/null || true
  rm -rf "$work"
}
trap tidy_up EXIT

passed=0
failed=0
# check NAME COMMAND…
check() {
  local name="$1"
  shift
  if "$@"; then
    passed=$((passed + 1))
    printf 'ok      %s\n' "$name"
  else
    failed=$((failed + 1))
    printf 'FAILED  %s\n' "$name"
  fi
}

# Starts the server and waits until it is ready; says how long that took.
start() {
  local from
  from=$(date +%s%3N)
  (in_image serve) >>"$log" 2>&1 &
  pid=$!
  node -e '
    const [url, from, pid] = process.argv.slice(1);
    const alive = () => { try { process.kill(Number(pid), 0); return true; } catch (error) { return error.code === "EPERM"; } };
    (async () => {
      while (alive() && Date.now() - from < 20000) {
        const answer = await fetch(url).catch(() => null);
        if (answer?.status === 200) { console.log(`        ready after ${Date.now() - from} ms`); return; }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      process.exit(1);
    })();
  ' "$url/health/ready" "$from" "$pid"
}

# http URL STATUS PATTERN: the answer has that status, and its text matches.
http() {
  node -e '
    const [url, status, pattern] = process.argv.slice(1);
    fetch(url, { headers: { accept: "text/html" }, signal: AbortSignal.timeout(5000) }).then(async (answer) => {
      const text = await answer.text();
      if (String(answer.status) !== status || !new RegExp(pattern, "i").test(text)) {
        console.error(`${url}: ${answer.status}, ${text.slice(0, 300)}`);
        process.exit(1);
      }
    }).catch((error) => { console.error(`${url}: ${error.cause?.message ?? error.message}`); process.exit(1); });
  ' "$@"
}

# Every file that the page names is served, compressed and for ever where its name holds a hash.
assets() {
  node -e '
    const base = process.argv[1];
    (async () => {
      const page = await (await fetch(base, { headers: { accept: "text/html" } })).text();
      const names = [...new Set([...page.matchAll(/\/pkg\/millrace\.[\w.-]+\.(?:js|css|wasm)/g)].map((m) => m[0]))];
      const kinds = new Set(names.map((name) => name.split(".").pop()));
      const wrong = ["js", "css", "wasm"].filter((kind) => !kinds.has(kind)).map((kind) => `the page names no hashed .${kind}`);
      for (const name of names) {
        const answer = await fetch(base + name, { headers: { "accept-encoding": "br" } });
        const bytes = (await answer.arrayBuffer()).byteLength;
        if (answer.status !== 200 || bytes === 0) wrong.push(`${name}: ${answer.status}, ${bytes} bytes`);
        if (answer.headers.get("content-encoding") !== "br") wrong.push(`${name} is not compressed`);
        if (!/immutable/.test(answer.headers.get("cache-control") ?? "")) wrong.push(`${name} is not immutable`);
      }
      if (wrong.length) { console.error(wrong.join("\n")); process.exit(1); }
    })().catch((error) => { console.error(error); process.exit(1); });
  ' "$url"
}

unprivileged() {
  # Real, effective, saved and file-system user; no effective capability; no way to get one.
  grep -qE "^Uid:\s+$user\s+$user\s+$user\s+$user$" "/proc/$pid/status" &&
    grep -qE '^CapEff:\s+0+$' "/proc/$pid/status" && grep -qE '^NoNewPrivs:\s+1$' "/proc/$pid/status"
}

stops() {
  local from=$SECONDS status=0
  kill -TERM "$pid"
  while kill -0 "$pid" 2>/dev/null; do
    if [ "$((SECONDS - from))" -ge 10 ]; then echo "still there 10 s after SIGTERM"; return 1; fi
    sleep 0.1
  done
  wait "$pid" || status=$?
  pid=""
  if [ "$status" != 0 ]; then echo "exit code $status"; fi
  [ "$status" = 0 ]
}

healthy() { (in_image health) >>"$log" 2>&1; }
holds_data() { [ -n "$(ls -A "$work/data")" ]; }
# Nothing came into being outside the data folder.
nothing_else() { [ -z "$(find "$root" -xdev -newer "$work/before" -not -path "$root/data*" -not -path "$root/tmp*" -print -quit)" ]; }

touch "$work/before"
check "it starts in an empty folder" start
if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then
  if [ -n "$isolated" ]; then check "it has no privileges" unprivileged; fi
  check "the first page is HTML" http "$url/" 200 '<!doctype html>[\s\S]*</html>'
  check "the page's files are hashed, compressed and immutable" assets
  check "the image's health check passes" healthy
  check "the data lies in the data folder" holds_data
  check "nothing is written elsewhere" nothing_else
  check "it stops on SIGTERM with exit code 0" stops
  check "it starts again on its data" start
  if [ -n "$pid" ]; then check "and stops again" stops; fi
fi
if [ "$failed" != 0 ]; then
  echo "--- its log"
  tail -n 40 "$log"
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
