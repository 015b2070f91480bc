#!/usr/bin/env bash
# Every layer of tests, from types to booted Debian hosts. On a fresh Debian with Node 20 and root it installs what it
# needs. Elsewhere it says which layers it leaves out and why; with CI=true leaving one out is a failure.
set -uo pipefail
# The hosts of the lab get the modes of files from it.
umask 022
cd "$(dirname "$0")/.."

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
passed=0 failed=0 skipped=0

heading() { printf '\n== %s ==\n' "$*"; }

# A step without counts of its own is one test.
step() {
  heading "$1"
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$*" >>"$results/failures"
  fi
}

leave_out() {
  heading "$1: left out"
  echo "$2"
  if [ "${CI:-}" = true ]; then failed=$((failed + 1)) && echo "$1: left out. $2" >>"$results/failures"; else skipped=$((skipped + 1)); fi
}

run_tests() {
  node node_modules/vitest/vitest.mjs run --project "$1" --reporter=default --reporter=json --outputFile.json="$results/$1.json"
}

layer() {
  heading "$1 tests"
  run_tests "$1"
  count "$1" $?
}

# The result of a layer that was started in the background as process $2.
layer_of() {
  heading "$1 tests"
  local status=0
  wait "$2" || status=$?
  cat "$results/$1.log"
  count "$1" $status
}

count() {
  local status=$2 report=$results/$1.json counts
  counts=$(node scripts/testReport.mjs "$report" "$results/failures" 2>/dev/null) || counts="0 1 0"
  read -r p f s <<<"$counts"
  [ "$status" = 0 ] || [ "$f" != 0 ] || { f=1; echo "$1: vitest ended with $status" >>"$results/failures"; }
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

is_debian() { grep -qs '^ID=debian' /etc/os-release; }

install_packages() {
  local wanted=() package
  for package in iproute2 util-linux mmdebstrap systemd-container debian-archive-keyring dbus systemd mandoc lintian rpm chromium ansible-core; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || wanted+=("$package")
  done
  [ ${#wanted[@]} = 0 ] && return
  echo "installing ${wanted[*]} ..."
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
}

# The lock file says what belongs in node_modules; npm notes there what it has put in.
current() { [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ]; }

heading "packages"
current . || npm ci --no-fund --no-audit --loglevel=error || exit 1
current test/runtimes || npm ci --prefix test/runtimes --no-bin-links --no-fund --no-audit --loglevel=error || exit 1
root=no
[ "$(id -u)" = 0 ] && root=yes
if [ $root = yes ] && is_debian; then install_packages || exit 1; fi

step "types" node_modules/.bin/tsc --noEmit
step "lint" node_modules/.bin/biome check --error-on-warnings .
step "unused code" node_modules/.bin/knip
step "build" node scripts/build.mjs

images=
if [ $root = yes ] && command -v mmdebstrap >/dev/null && command -v systemd-nspawn >/dev/null; then
  run_tests images >"$results/images.log" 2>&1 &
  images=$!
fi
layer unit
layer property

if command -v chromium >/dev/null; then
  layer browser
else
  leave_out browser "It opens pages in a headless Chromium: install the package chromium, or run as root on Debian."
fi

if [ $root != yes ]; then
  leave_out kernel "It makes network namespaces: run as root."
  leave_out "lab and traffic" "They boot Debian hosts with systemd-nspawn: run as root."
elif ! command -v ip >/dev/null || ! unshare --net --mount true 2>/dev/null; then
  leave_out kernel "No iproute2, or no network namespaces on this machine."
  leave_out "lab and traffic" "No network namespaces on this machine."
else
  layer kernel
  if [ -n "$images" ]; then
    layer_of images $images
    layer lab
    layer traffic
  else
    leave_out "lab and traffic" "They need mmdebstrap and systemd-nspawn (packages mmdebstrap and systemd-container)."
  fi
fi

if [ -s "$results/failures" ]; then
  heading "failed"
  cat "$results/failures"
fi
heading "result"
echo "$passed passed, $failed failed, $skipped skipped"
# Single tests leave themselves out where a tool is missing; here all tools were to be installed.
[ "${CI:-}" != true ] || [ "$skipped" = 0 ] || exit 1
[ "$failed" = 0 ]
