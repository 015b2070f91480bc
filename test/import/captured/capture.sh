#!/bin/sh
# Makes the captured outputs of `ip` in this folder anew: a host that grew by hand. In namespaces of their own:
#   sudo unshare -n sh test/import/captured/capture.sh
# Linux 6.18 and iproute2 6.1.0 printed what is stored here.
set -eu
cd "$(dirname "$0")"
export LC_ALL=C
ip link set lo up
for n in 0 1; do
  ip link add cloudbr$n address 02:00:00:00:00:0$n type bridge
  ip link add port$n address 02:00:00:00:01:0$n type veth peer name guest$n address 02:00:00:00:02:0$n
  ip link set port$n addrgenmode none
  ip link set guest$n addrgenmode none
  ip link set cloudbr$n addrgenmode none
  ip link set port$n master cloudbr$n up
  ip link set guest$n up
  ip link set cloudbr$n up
done
ip address add 169.254.0.1/32 dev cloudbr0
ip address add fe80::1/64 dev cloudbr0 nodad
ip address add 192.0.2.1/24 dev cloudbr1
ip address add 2001:db8:1::1/64 dev cloudbr1 nodad
ip route add default via 192.0.2.254
# As modifymacip.sh does it, with an IPv6 route that it has left behind.
for address in 2.57.57.30/32 2001:678:3a4:100::80/128 fe80::5002:45ff:fe76:d235/128; do
  ip neigh replace "${address%/*}" lladdr 52:02:45:76:d2:35 dev cloudbr0 nud permanent
  ip route replace "$address" dev cloudbr0
done
ip -6 route replace 2001:678:3a4:100::99/128 dev cloudbr0
# By hand.
ip neigh replace 2.57.57.40 lladdr 52:02:45:76:d2:40 dev cloudbr0 nud permanent
ip route add 2.57.57.40/32 dev cloudbr0 proto static
ip neigh replace 192.0.2.77 lladdr 52:00:00:00:00:77 dev cloudbr1 nud permanent
ip -6 route add 2001:db8:100::/64 via 2001:db8:1::10
ip -6 route add 2001:db8:101::/64 via 2001:db8:1::10 proto static
ip -6 route add 2001:db8:200::/56 via fe80::2 dev cloudbr1 metric 200 table 100 mtu 1400
ip route add 203.0.116.0/24 via 192.0.2.254
ip route add 198.51.100.7/32 nexthop via 192.0.2.9 weight 3 nexthop via 192.0.2.8
ip route add 10.66.0.0/16 via 192.0.2.66 proto static
# Of daemons and programs.
ip route add 203.0.113.0/24 via 192.0.2.9 proto bgp
ip route add 203.0.114.0/24 via 192.0.2.9 proto 201
ip -6 route add default via fe80::ff dev cloudbr1 proto ra metric 1024
ip neigh add 198.51.100.11 lladdr 52:00:00:00:00:01 dev cloudbr0 nud permanent protocol zebra
# What a document has no words for.
ip route add 198.51.100.1/32 dev cloudbr0 tos 0x10
ip route add 198.51.100.2/32 dev cloudbr0 mtu lock 1400
ip route add 198.51.100.3/32 dev cloudbr0 congctl cubic hoplimit 9 features ecn rto_min 200ms
ip -6 route add 3fff::1/128 dev cloudbr0 pref high
ip -6 route add 3fff::3/128 from 3fff:9::/48 dev cloudbr0
ip nexthop add id 7 via 192.0.2.9 dev cloudbr1
ip route add 198.51.100.4/32 nhid 7
ip route add 198.51.100.5/32 dev cloudbr0 realms 5
ip route add 198.51.100.6/32 encap ip id 5 dst 1.2.3.4 dev cloudbr0
ip route add 198.51.100.8/32 dev cloudbr0 quickack 1
ip route add blackhole 203.0.115.0/24 proto static
ip -6 route add 3fff::7/128 dev cloudbr0 metric 5
ip -6 route append 3fff::7/128 dev cloudbr1 metric 5
ip neigh add 198.51.100.10 lladdr 52:00:00:00:00:01 dev cloudbr0 nud permanent extern_learn
ip rule add from 192.0.2.0/24 lookup 100 priority 3200
ip -6 rule add iif cloudbr0 fwmark 0x5/0xff lookup 101 priority 3201
ip -6 rule add oif cloudbr1 lookup 101 priority 3202

ip -j -N -4 route show table all >route4.json
ip -j -N -6 route show table all >route6.json
ip -j -N neigh show >neigh.json
ip -j -d address show >address.json
ip -N -o -4 route show table all >route4.txt
ip -N -o -6 route show table all >route6.txt
ip -N neigh show nud permanent >neigh.txt
