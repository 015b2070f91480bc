#!/usr/bin/env bash
# The main job in one go: plan, apply, drift, audit, repair. As root in a throw-away namespace with a bridge, and with a
# real systemd-networkd where the machine has one; else below a directory. Nothing outside of the namespace is changed.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -d node_modules/esbuild ]; then
  echo "installing packages (once) ..."
  npm ci --no-fund --no-audit --loglevel=error
fi
npm run --silent build

if [ "$(id -u)" = 0 ] && unshare --net --mount --pid --fork true 2>/dev/null; then
  exec unshare --net --mount --pid --fork --kill-child --propagation private bash scripts/demo-inside.sh
fi

echo "Not root (or no namespaces here): the same below a directory."
echo "Left out: the kernel's entries, networkd, the drift and its repair. As root they are shown too."
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/etc/systemd/network" "$root/etc/netkeep/desired.d"
cp -r fixtures/l3-guest/current/etc/systemd/network/. "$root/etc/systemd/network/"
cp fixtures/l3-guest/desired/* "$root/etc/netkeep/desired.d/"
run() { printf '\n$ netkeep %s\n' "$*"; node bin/netkeep "$@" || echo "(exit status $?)"; }
run plan --root "$root"
run apply --root "$root"
printf '\nThe files that were written:\n'
(cd "$root" && find etc -name '*netkeep*.conf' | sort)
run apply --root "$root"
