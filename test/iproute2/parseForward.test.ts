import { describe, expect, test } from "vitest";
import { parseIptablesForward, parseNftChains } from "../../src/kernel/parseForward.ts";

/** As nft 1.0.6 and 1.1.3 print it; the second without /etc/protocols. */
const dropping =
  '{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}, {"table": {"family": "ip6", "name": "filter", "handle": 1}}, {"chain": {"family": "ip6", "table": "filter", "name": "FORWARD", "handle": 1, "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}}, {"rule": {"family": "ip6", "table": "filter", "chain": "FORWARD", "handle": 2, "expr": [{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "established"}}, {"accept": null}]}}, {"rule": {"family": "ip6", "table": "filter", "chain": "FORWARD", "handle": 3, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "icmpv6", "field": "type"}}, "right": "nd-neighbor-solicit"}}, {"accept": null}]}}]}';
const inet =
  '{"nftables": [{"metainfo": {"version": "1.1.3", "release_name": "Commodore Bullmoose #4", "json_schema_version": 1}}, {"table": {"family": "inet", "name": "f", "handle": 1}}, {"chain": {"family": "inet", "table": "f", "name": "u", "handle": 1}}, {"chain": {"family": "inet", "table": "f", "name": "forward", "handle": 2, "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}}, {"rule": {"family": "inet", "table": "f", "chain": "forward", "handle": 3, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": 58}}, {"accept": null}]}}, {"rule": {"family": "inet", "table": "f", "chain": "forward", "handle": 5, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 22}}, {"accept": null}]}}]}';

describe("nft -j list ruleset", () => {
  const name = "chain ip6 filter FORWARD";

  test("a rule for ICMPv6 may let it pass", () => {
    expect(parseNftChains(dropping)).toEqual([{ family: 6, name, drops: true, mayAccept: true }]);
  });

  test("what is for established connections does not", () => {
    const without = dropping.replace(
      /, \{"rule": \{"family": "ip6", "table": "filter", "chain": "FORWARD", "handle": 3.*/,
      "]}",
    );
    expect(parseNftChains(without)).toEqual([{ family: 6, name, drops: true, mayAccept: false }]);
  });

  test("ICMPv6 is none of IPv4's", () => {
    const both = dropping.replaceAll('"family": "ip6"', '"family": "inet"');
    expect(parseNftChains(both).map(({ family, mayAccept }) => [family, mayAccept])).toEqual([
      [4, false],
      [6, true],
    ]);
  });

  test("inet is both families, the protocol may be a number, other hooks do not count", () => {
    expect(parseNftChains(inet)).toEqual([
      { family: 4, name: "chain inet f forward", drops: true, mayAccept: true },
      { family: 6, name: "chain inet f forward", drops: true, mayAccept: true },
    ]);
    expect(parseNftChains(inet.replace('"right": 58', '"right": 6'))[1]).toMatchObject({ mayAccept: false });
    expect(
      parseNftChains(
        inet.replace(
          '[{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": 58}}, {"accept": null}]',
          '[{"jump": {"target": "u"}}]',
        ),
      )[1],
    ).toMatchObject({ mayAccept: true });
    expect(parseNftChains('{"nftables": []}')).toEqual([]);
  });
});

describe("iptables -S FORWARD", () => {
  test.each<[string, 4 | 6, object]>([
    ["-P FORWARD ACCEPT\n", 6, { drops: false }],
    ["-P FORWARD DROP\n", 6, { drops: true, mayAccept: false, name: "chain ip6 filter FORWARD" }],
    ["-P FORWARD DROP\n-A FORWARD -p ipv6-icmp -j ACCEPT\n", 6, { mayAccept: true }],
    ["-P FORWARD DROP\n-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n", 6, { mayAccept: false }],
    ["-P FORWARD DROP\n-A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT\n", 6, { mayAccept: false }],
    ["-P FORWARD DROP\n-A FORWARD -i cloudbr0 -o cloudbr0 -j ACCEPT\n", 6, { mayAccept: true }],
    ["-P FORWARD DROP\n-A FORWARD -j DOCKER-USER\n", 4, { mayAccept: true, name: "chain ip filter FORWARD" }],
    ["-P FORWARD DROP\n-A FORWARD -j LOG\n", 4, { mayAccept: false }],
  ])("%j", (text, family, expected) => {
    expect(parseIptablesForward(text, family)).toMatchObject({ family, ...expected });
  });

  test("anything else is not known", () => {
    expect(parseIptablesForward("iptables: No chain/target/match by that name.", 4)).toBeNull();
  });
});
