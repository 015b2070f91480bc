#!/bin/sh
# Makes the captured outputs of `ip` in this folder anew, in a network namespace of their own:
#   sudo unshare -n sh test/iproute2/captured/capture.sh
# Linux 6.18 and iproute2 6.1.0 printed what is stored here. Protocols are numbers: in a batch, iproute2 6.1 takes a name
# that it has seen before for the last number in between (`proto static`, `proto 107`, `proto static` gives 4, 107, 107).
set -eu
cd "$(dirname "$0")"
export LC_ALL=C
ip link set lo up

bridge() { # NAME MAC: a bridge with carrier
  ip link add "$1" type bridge stp_state 0 forward_delay 0
  ip link set "$1" address "$2"
  ip link add "$1-p" type veth peer name "$1-g"
  ip link set "$1-p" address "0e${2#??}"; ip link set "$1-g" address "52${2#??}"
  ip link set "$1-p" master "$1"
  ip link set "$1-p" up; ip link set "$1-g" up
}
bridge cloudbr0 0e:00:00:00:16:c4
bridge cloudbr1 0e:00:00:00:17:c5
ip addr add 169.254.0.1/32 dev cloudbr0
ip link set cloudbr0 up
ip addr add fe80::1/64 dev cloudbr0 nodad
ip addr add 192.0.2.1/24 dev cloudbr1
ip link set cloudbr1 up
ip addr add 2001:db8:1::1/64 dev cloudbr1 nodad
ip link add cloudbr2 type bridge
ip link set cloudbr2 address 0e:00:00:00:18:c6
ip link set cloudbr2 up
ip link add cloudbr3 type bridge
ip link set cloudbr3 address 0e:00:00:00:19:c7
ip link property add dev cloudbr3 altname storage-bridge
sleep 0.5

ip -batch - <<BATCH
route replace 2.57.57.30/32 dev cloudbr0 proto 107
route replace 2001:678:3a4:100::80/128 dev cloudbr0 proto 107
route replace 203.0.113.9/32 dev cloudbr2 proto 107
route replace 198.51.100.0/24 dev cloudbr0 table 100 proto 107
route replace blackhole 203.0.113.0/24 proto 107
route replace unreachable 203.0.113.128/25 proto 4 metric 50
route replace prohibit 2001:db8:dead::/48 proto 107
route replace blackhole 2001:db8:beef::/48 proto 107
route replace throw 10.77.0.0/16 proto 107 table 100
route replace 10.1.0.0/16 proto 107 nexthop via 192.0.2.2 dev cloudbr1 weight 2 nexthop via 192.0.2.3 dev cloudbr1 weight 1
route replace 2001:db8:300::/48 proto 107 metric 200 nexthop via fe80::2 dev cloudbr1 weight 1 nexthop via fe80::3 dev cloudbr0 weight 5
route replace 10.2.0.0/16 via inet6 fe80::2 dev cloudbr1 proto 107
route replace 10.3.0.0/16 via 192.0.2.9 dev cloudbr1 onlink proto 4 mtu 1400 advmss 1360 initcwnd 20 src 192.0.2.1
route replace 2001:db8:400::/48 via fe80::2 dev cloudbr1 onlink proto 107 mtu 1400
route replace 10.4.0.0/16 dev cloudbr1 scope global proto 3
route replace local 10.5.0.0/16 dev cloudbr0 proto 107
route replace 10.6.0.0/16 dev cloudbr0 scope site proto 107 metric 50
route replace 0.0.0.0/0 via 192.0.2.254 dev cloudbr1 proto 16 metric 100
route replace ::/0 via fe80::ff dev cloudbr1 proto 9 metric 512
nexthop add id 7 via 192.0.2.7 dev cloudbr1
route replace 10.7.0.0/16 nhid 7 proto 186
route replace 10.8.0.0/16 dev cloudbr1 table 4294967295 proto 107 mtu lock 1300
route replace 10.9.0.0/16 proto 107 nexthop via inet6 fe80::9 dev cloudbr1 weight 3 nexthop dev cloudbr0 weight 1 nexthop via 192.0.2.88 dev cloudbr1 onlink
neigh replace 2.57.57.30 lladdr 52:02:45:76:d2:35 dev cloudbr0 nud permanent protocol 107
neigh replace 2001:678:3a4:100::80 lladdr 52:02:45:76:d2:35 dev cloudbr0 nud permanent protocol 107
neigh replace 192.0.2.77 lladdr 02:00:00:00:00:77 dev cloudbr1 nud permanent
neigh replace 192.0.2.78 lladdr 02:00:00:00:00:78 dev cloudbr1 nud reachable
neigh replace ::ffff:1.2.3.4 lladdr 02:00:00:00:00:79 dev cloudbr1 nud permanent
neigh replace 192.0.2.80 dev cloudbr1 nud noarp lladdr 02:00:00:00:00:80
BATCH

ip -j -N -4 route show table all > route4.json
ip -j -N -6 route show table all > route6.json
ip -j -N neigh show > neigh.json
ip -j -d address show > address.json

# Rules in all the words that ip-rule(8) has, whether a document has them or not.
ip rule add from 10.98.0.0/16 lookup 100 priority 3200 protocol 4
ip rule add not from 10.0.0.0/8 to 10.1.0.1 iif lo oif cloudbr1 fwmark 0x10/0xff prohibit priority 50 table 254 protocol 107
ip rule add priority 60 iif nosuch blackhole
ip rule add priority 61 fwmark 16 unreachable
ip rule add priority 62 from 1.2.3.4 tos 0x10 lookup main suppress_prefixlength 0
ip rule add priority 63 from 1.2.3.4 ipproto tcp sport 1-3 dport 5 uidrange 1-5 goto 32766
ip rule add priority 64 nop
ip -6 rule add to 2001:db8::/32 lookup 4294967295 priority 65
ip -6 rule add iif cloudbr0 lookup 7 priority 66 protocol 186
ip -j -N -d -4 rule show > rule4.json
ip -j -N -d -6 rule show > rule6.json

# One file for each batch: what `ip -force -batch -` was given, a line of dashes, its stderr, and its exit status.
batch() {
  name=$1; shift
  status=0
  printf '%s\n' "$@" | ip -force -batch - 2> stderr.tmp || status=$?
  { printf '%s\n' "$@"; echo ----; cat stderr.tmp; echo "exit $status"; } > "batch-$name.txt"
  rm stderr.tmp
}
batch ok "route replace 2.57.57.34/32 dev cloudbr0 proto 107"
batch route-gone "route del 198.51.100.99/32 dev cloudbr0 table 254 proto 107 metric 0" "route replace 2.57.57.31/32 dev cloudbr0 proto 107"
batch bad-gateway "route replace 10.50.0.0/16 via 203.0.113.250 dev cloudbr0 proto 107"
batch no-link "route replace 10.50.0.0/16 dev nosuch proto 107" \
  "neigh replace 10.50.0.1 lladdr 02:00:00:00:00:01 dev nosuch nud permanent protocol 107" \
  "route replace 2.57.57.32/32 dev cloudbr0 proto 107"
batch neigh-gone "route replace 10.50.0.0/16 dev nosuch proto 107" "neigh del 10.50.0.9 dev cloudbr0" \
  "route replace 2.57.57.33/32 dev cloudbr0 proto 107"
batch parse "route replace 198.51.100.999/32 dev cloudbr0"
batch keyword "route replace 198.51.100.9/32 dev cloudbr0 frob 1"
batch link-down "route replace 10.51.0.0/16 dev cloudbr3 proto 107" "route replace 2001:db8:51::/48 dev cloudbr3 proto 107" \
  "neigh replace 10.51.0.1 lladdr 02:00:00:00:00:01 dev cloudbr3 nud permanent protocol 107"
