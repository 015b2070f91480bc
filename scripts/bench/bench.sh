#!/usr/bin/env bash
# What netkeep costs against the commands that do the same, in one run on this machine, as ratios:
#   npm run bench -- [--runs N] [--only NAME,...] [--json FILE] [--no-lab]
# All but the comparison with netplan and networkctl happens in throw-away network and mount namespaces. That one boots a
# Debian host in a container, where the machine can.
set -euo pipefail
cd "$(dirname "$0")/../.."

json='' lab=yes options=()
while [ $# -gt 0 ]; do
  case $1 in
  --json) json=$(realpath -m "$2") && shift ;;
  --no-lab) lab=no ;;
  *) options+=("$1") ;;
  esac
  shift
done
if [ "$(id -u)" != 0 ]; then
  echo "The bench makes network namespaces: run it as root." >&2
  exit 77
fi
if ! unshare --net --mount true 2>/dev/null; then
  echo "There are no network namespaces on this machine." >&2
  exit 69
fi
[ -d node_modules/esbuild ] || npm ci --no-fund --no-audit --loglevel=error
npm run --silent build

rows=$(mktemp -d)
trap 'rm -rf "$rows"' EXIT
unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private \
  node scripts/bench/main.mjs --rows "$rows/bench.jsonl" "${options[@]}"
if [ $lab = no ]; then
  :
elif command -v mmdebstrap >/dev/null && command -v systemd-nspawn >/dev/null; then
  NETKEEP_BENCH_ROWS=$rows/bench.jsonl node_modules/.bin/vitest run --project figures --reporter=dot test/figures/peers.test.ts
else
  echo "netplan and networkctl are left out: they need mmdebstrap and systemd-nspawn." >&2
fi
node scripts/bench/print.mjs "$rows/bench.jsonl" ${json:+--json "$json"}
