/** Every type and attribute of a route that a document can ask for: how it is written, and what becomes of it. */

export interface Attribute {
  /** For people. */
  readonly about: string;
  /** An element of `routes`. */
  readonly document: Readonly<Record<string, unknown>>;
  /** Lines of the drop-in that say it, beside `Destination=`. */
  readonly keys: readonly string[];
  /** What `ip route show table all` prints of it. */
  readonly line: string;
  /** Words of `ip route replace` for the same key with something else in this place. */
  readonly altered: string;
}

const v4 = (number: number) => `100.64.${number}.0/24`;
const v6 = (number: number) => `2001:db8:a${number.toString(16).padStart(2, "0")}::/48`;
const on0 = "dev cloudbr0 proto 107";
const on1 = "dev cloudbr1 proto 107";
const via4 = "192.0.2.10";
const via6 = "2001:db8:1::10";

const tableName = "lab-guests";
const tableNumber = 4321;
/** Files that have to be there when the host boots: the name of a table, and a third bridge. */
export const attributeFiles = {
  "/etc/iproute2/rt_tables.d/lab.conf": `${tableNumber} ${tableName}\n`,
  "/etc/systemd/network/10-cloudbr2.netdev": "[NetDev]\nName=cloudbr2\nKind=bridge\n",
  "/etc/systemd/network/10-cloudbr2.network": `[Match]
Name=cloudbr2
[Network]
Address=198.18.9.1/24
LinkLocalAddressing=ipv6
IPv6AcceptRA=no
ConfigureWithoutCarrier=yes
`,
};

export const attributes: readonly Attribute[] = [
  row("on the link, IPv4", { to: v4(1), dev: "cloudbr0" }, [], `${v4(1)} ${on0} scope link`, `${v4(1)} dev cloudbr1`),
  row("on the link, IPv6", { to: v6(1), dev: "cloudbr0" }, [], `${v6(1)} ${on0} metric 1024`, `${v6(1)} dev cloudbr1`),
  row(
    "gateway, IPv4",
    { to: v4(2), via: via4, dev: "cloudbr1" },
    [`Gateway=${via4}`, "GatewayOnLink=no"],
    `${v4(2)} via ${via4} ${on1}`,
    `${v4(2)} via 192.0.2.11 dev cloudbr1`,
  ),
  row(
    "gateway, IPv6",
    { to: v6(2), via: via6, dev: "cloudbr1" },
    [`Gateway=${via6}`, "GatewayOnLink=no"],
    `${v6(2)} via ${via6} ${on1} metric 1024`,
    `${v6(2)} via 2001:db8:1::11 dev cloudbr1`,
  ),
  row(
    "link-local gateway",
    { to: v6(3), via: "fe80::9", dev: "cloudbr0" },
    ["Gateway=fe80::9", "GatewayOnLink=yes"],
    `${v6(3)} via fe80::9 ${on0} metric 1024 onlink`,
    `${v6(3)} via fe80::8 dev cloudbr0`,
  ),
  row(
    "on-link gateway, IPv4",
    { to: v4(4), via: "203.0.113.9", dev: "cloudbr0", "on-link": true },
    ["Gateway=203.0.113.9", "GatewayOnLink=yes"],
    `${v4(4)} via 203.0.113.9 ${on0} onlink`,
    `${v4(4)} via 203.0.113.8 dev cloudbr0 onlink`,
  ),
  row(
    "on-link gateway, IPv6",
    { to: v6(4), via: "3fff::9", dev: "cloudbr0", "on-link": true },
    ["Gateway=3fff::9", "GatewayOnLink=yes"],
    `${v6(4)} via 3fff::9 ${on0} metric 1024 onlink`,
    `${v6(4)} via 3fff::8 dev cloudbr0 onlink`,
  ),
  row(
    "IPv4 through an IPv6 next hop",
    { to: v4(5), via: via6, dev: "cloudbr1" },
    [`Gateway=${via6}`],
    `${v4(5)} via inet6 ${via6} ${on1}`,
    `${v4(5)} via inet6 2001:db8:1::11 dev cloudbr1`,
  ),
  row(
    "multipath with weights, IPv4",
    hops(v4(6), [via4, "cloudbr1", 1], ["192.0.2.11", "cloudbr1", 3]),
    [`MultiPathRoute=${via4} 1`, "MultiPathRoute=192.0.2.11 3"],
    `${v4(6)} proto 107 nexthop via ${via4} dev cloudbr1 weight 1 nexthop via 192.0.2.11 dev cloudbr1 weight 3`,
    `${v4(6)} nexthop via ${via4} dev cloudbr1 weight 1 nexthop via 192.0.2.11 dev cloudbr1 weight 4`,
  ),
  row(
    "multipath with weights, IPv6",
    hops(v6(6), [via6, "cloudbr1", 1], ["2001:db8:1::11", "cloudbr1", 3]),
    [`MultiPathRoute=${via6} 1`, "MultiPathRoute=2001:db8:1::11 3"],
    `${v6(6)} proto 107 metric 1024 nexthop via ${via6} dev cloudbr1 weight 1 nexthop via 2001:db8:1::11 dev cloudbr1 weight 3`,
    `${v6(6)} nexthop via ${via6} dev cloudbr1 weight 1 nexthop via 2001:db8:1::11 dev cloudbr1 weight 4`,
  ),
  row(
    "multipath over two links, IPv4",
    hops(v4(7), [via4, "cloudbr1", 2], ["198.18.9.9", "cloudbr2", 1]),
    [`MultiPathRoute=${via4} 2`, "MultiPathRoute=198.18.9.9@cloudbr2 1"],
    `${v4(7)} proto 107 nexthop via ${via4} dev cloudbr1 weight 2 nexthop via 198.18.9.9 dev cloudbr2 weight 1`,
    `${v4(7)} nexthop via ${via4} dev cloudbr1 weight 1 nexthop via 198.18.9.9 dev cloudbr2 weight 1`,
  ),
  row(
    "multipath over two links, IPv6",
    hops(v6(7), [via6, "cloudbr1", 2], ["fe80::9", "cloudbr2", 1]),
    [`MultiPathRoute=${via6} 2`, "MultiPathRoute=fe80::9@cloudbr2 1"],
    `${v6(7)} proto 107 metric 1024 nexthop via ${via6} dev cloudbr1 weight 2 nexthop via fe80::9 dev cloudbr2 weight 1`,
    `${v6(7)} nexthop via ${via6} dev cloudbr1 weight 1 nexthop via fe80::9 dev cloudbr2 weight 1`,
  ),
  ...(["blackhole", "unreachable", "prohibit", "throw"] as const).flatMap((type, index) => [
    typed(`${type}, IPv4`, type, v4(10 + index), `${type} ${v4(10 + index)} proto 107`),
    typed(`${type}, IPv6`, type, v6(10 + index), `${type} ${v6(10 + index)} dev lo proto 107 metric 1024`),
  ]),
  typed("local, IPv4", "local", v4(15), `local ${v4(15)} dev cloudbr0 table local proto 107 scope host`, "local"),
  typed("local, IPv6", "local", v6(15), `local ${v6(15)} dev cloudbr0 table local proto 107 metric 1024`, "local"),
  plain("table by number, IPv4", v4(20), { table: 77 }, "Table=77", "table 77 ", "scope link", "table 77"),
  plain("table by number, IPv6", v6(20), { table: 77 }, "Table=77", "table 77 ", "metric 1024", "table 77"),
  plain(
    "table by name",
    v4(21),
    { table: tableName },
    `Table=${tableNumber}`,
    `table ${tableName} `,
    "scope link",
    `table ${tableNumber}`,
  ),
  plain("metric, IPv4", v4(22), { metric: 77 }, "Metric=77", "", "scope link metric 77", "metric 77"),
  plain("metric, IPv6", v6(22), { metric: 77 }, "Metric=77", "", "metric 77", "metric 77"),
  setting("scope", v4(23), { scope: "global" }, "Scope=global", "", "scope site"),
  setting("source, IPv4", v4(24), { src: "192.0.2.1" }, "PreferredSource=192.0.2.1", "scope link src 192.0.2.1", ""),
  setting(
    "source, IPv6",
    v6(24),
    { src: "2001:db8:1::1" },
    "PreferredSource=2001:db8:1::1",
    "src 2001:db8:1::1 metric 1024",
    "",
  ),
  ...(
    [
      ["mtu", "MTUBytes", 1400],
      ["initcwnd", "InitialCongestionWindow", 20],
      ["initrwnd", "InitialAdvertisedReceiveWindow", 30],
      ["advmss", "TCPAdvertisedMaximumSegmentSize", 1300],
    ] as const
  ).flatMap(([name, key, value], index) =>
    [v4(30 + index), v6(30 + index)].map((to) => {
      const words = `${to.includes(":") ? "metric 1024" : "scope link"} ${name} ${value}`;
      const family = to.includes(":") ? "IPv6" : "IPv4";
      return setting(`${name}, ${family}`, to, { [name]: value }, `${key}=${value}`, words, `${name} ${value + 1}`);
    }),
  ),
  setting("preference low", v6(40), { preference: "low" }, "IPv6Preference=low", "metric 1024 pref low", "pref high"),
  setting("preference high", v6(41), { preference: "high" }, "IPv6Preference=high", "metric 1024 pref high", ""),
];

function row(
  about: string,
  document: Attribute["document"],
  keys: readonly string[],
  line: string,
  altered: string,
): Attribute {
  return { about, document, keys, line, altered };
}

function hops(to: string, ...list: (readonly [via: string, dev: string, weight: number])[]): Attribute["document"] {
  return { to, dev: "cloudbr1", "next-hops": list.map(([via, dev, weight]) => ({ via, dev, weight })) };
}

/** Altered: the same destination, on the link. */
function typed(about: string, type: string, to: string, line: string, table = "main"): Attribute {
  const document = { to, dev: "cloudbr0", type };
  return row(about, document, [`Type=${type}`], line, `unicast ${to} dev cloudbr1 table ${table}`);
}

function plain(
  about: string,
  to: string,
  more: Readonly<Record<string, unknown>>,
  key: string,
  before: string,
  after: string,
  altered: string,
): Attribute {
  const line = `${to} dev cloudbr0 ${before}proto 107 ${after}`;
  return row(about, { to, dev: "cloudbr0", ...more }, [key], line, `${to} dev cloudbr1 ${altered}`);
}

/** On the second bridge, which has the source addresses. */
function setting(
  about: string,
  to: string,
  more: Readonly<Record<string, unknown>>,
  key: string,
  words: string,
  altered: string,
): Attribute {
  const line = `${to} dev cloudbr1 proto 107 ${words}`.trim();
  return row(about, { to, dev: "cloudbr1", ...more }, [key], line, `${to} dev cloudbr1 ${altered}`.trim());
}
