#!/usr/bin/env bash
# Runs inside namespaces of its own (see demo.sh): private copies of all that netkeep and networkd write to.
set -euo pipefail

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
  printf '\n\033[1m$ %s\033[0m\n' "$*"
  "$@" || echo "(exit status $?)"
}
netkeep() { node bin/netkeep "$@"; }

mount -t proc proc /proc
mount -t tmpfs tmpfs /run
# What is written to /etc and /var/lib stays in memory, so that not even an empty directory is left behind.
for directory in /etc /var/lib; do
  layer=/run/layers$directory
  mkdir -p "$layer/upper" "$layer/work"
  mount -t overlay -o "lowerdir=$directory,upperdir=$layer/upper,workdir=$layer/work" overlay "$directory"
done
mkdir -p /etc/systemd/network /etc/systemd/networkd.conf.d /etc/netkeep/desired.d /run/systemd/network
mount -t tmpfs tmpfs /etc/systemd/network
cp units/50-netkeep-networkd.conf /etc/systemd/networkd.conf.d/50-netkeep.conf
touch -d '10 seconds ago' /etc/systemd/networkd.conf.d/50-netkeep.conf
cp fixtures/l3-guest/current/etc/systemd/network/* /etc/systemd/network/

ip link set lo up
ip link add cloudbr0 address 0e:00:00:00:16:c4 type bridge
ip link set cloudbr0 up
ip address add 169.254.0.1/32 dev cloudbr0
ip address add fe80::1/64 dev cloudbr0 nodad

networkd=
for candidate in /usr/lib/systemd/systemd-networkd /lib/systemd/systemd-networkd; do
  [ -x "$candidate" ] && networkd=$candidate && break
done
if [ -n "$networkd" ] && command -v dbus-daemon >/dev/null && id systemd-network >/dev/null 2>&1; then
  # networkd refuses to manage links below a writable /sys without udev.
  mount -t sysfs -o ro sysfs /sys
  mkdir -p /run/dbus /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
  chown -R systemd-network: /run/systemd/netif
  dbus-daemon --system --fork
  "$networkd" >/run/networkd.log 2>&1 &
  for _ in $(seq 50); do
    networkctl list --no-legend 2>/dev/null | grep -q 'cloudbr0.*configur' && break
    sleep 0.1
  done
  say "systemd-networkd $(networkctl --version | sed -n 's/^systemd \([0-9]*\).*/\1/p') runs in this namespace:"
  networkctl list --no-legend --no-pager || true
else
  say "This machine has no systemd-networkd (or no dbus-daemon): files and kernel only, apply says so with exit status 69."
fi

say "The document of an administrator:"
cat fixtures/l3-guest/desired/*
cp fixtures/l3-guest/desired/* /etc/netkeep/desired.d/
run netkeep plan
run netkeep apply
say "The drop-in:"
cat /etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf
run ip route show proto 107
run ip -6 route show proto 107
run ip neigh show nud permanent
say "A second apply has nothing to do:"
run netkeep apply
say "Somebody deletes an entry by hand:"
run ip route del 2.57.57.30/32 dev cloudbr0
run netkeep audit
say "The repair:"
run netkeep audit --repair
run netkeep audit
say "Done. The namespace and all in it is gone now."
