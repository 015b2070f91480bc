#!/usr/bin/env bash
# How long netkeep takes, as a multiple of the bare `ip` commands that do the same, in one run on this machine:
#   npm run bench -- [--guests N] [--runs N] [--json FILE]
# The options are for the bulk commands; what the calls of hooks cost comes after them.
# Everything happens in a throw-away network and mount namespace.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
  echo "The bench makes network namespaces: run it as root." >&2
  exit 77
fi
if ! unshare --net --mount true 2>/dev/null; then
  echo "There are no network namespaces on this machine." >&2
  exit 69
fi
if [ ! -d node_modules/esbuild ]; then
  npm ci --no-fund --no-audit --loglevel=error
fi
npm run --silent build
apart() {
  unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private "$@"
}
apart node scripts/bench.mjs "$@"
apart node scripts/benchHooks.mjs
