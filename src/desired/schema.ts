import * as z from "zod";
import type { Parsed } from "../model/address.ts";
import { parseAddress, parseLinkAddress, parsePrefix } from "../model/address.ts";
import { parseMac } from "../model/mac.ts";
import { linkModes } from "../model/owner.ts";
import { preferences, routeTypes, scopes } from "../model/route.ts";
import { ruleTypes } from "../model/rule.ts";
import { displayName, linkName } from "./plainGuest.ts";
import { parseMark, parseSubnetOf } from "./scalars.ts";

/** A string that `parse` accepts; its sentence becomes the issue. The value stays as written. */
function spelling(parse: (text: string) => Parsed<unknown>, description: string) {
  return z
    .string()
    .superRefine((text, context) => {
      const parsed = parse(text);
      if ("problem" in parsed) context.addIssue({ code: "custom", message: parsed.problem });
    })
    .meta({ description });
}

const address = spelling(parseAddress, "an IPv4 or IPv6 address, in any spelling");
const prefix = spelling(parsePrefix, "a prefix, or an address for its /32 or /128; host bits must be zero");
const destination = spelling(
  (text) => (text === "default" ? { value: text } : parsePrefix(text)),
  "a prefix, an address for its /32 or /128, or `default`",
);
const mac = spelling(parseMac, "a unicast MAC address, in any spelling");
const link = z
  .string()
  .regex(linkName, "is not a link name: 1 to 15 of A-Z a-z 0-9 _ . + ~ -")
  .refine((name) => name !== "lo", 'the loopback link "lo" takes no guests')
  .meta({ description: "the name of a link" });
const name = z
  .string()
  .regex(displayName, "is not a name: 1 to 128 characters without control characters, [ or ]")
  .meta({ description: "a name for people" });
const largest = 4_294_967_295;
/** Table and metric are 32 bits in the kernel; 0 means "unspecified" for a table. */
const tableNumber = z.int().min(1).max(largest);
const tableName = z.string().regex(/^[A-Za-z_][^\s#/[\]]{0,63}$/, "is neither a number nor the name of a table");
const table = z
  .union([tableNumber, tableName])
  .meta({ description: "a routing table, by number or by its name in rt_tables; for a route main if not given" });
const metric = z.int().min(0).max(largest).meta({ description: "IPv4 0, IPv6 1024 if not given" });

const guest = z.strictObject({
  name,
  dev: link,
  mac,
  addresses: z.array(address).meta({ description: "each becomes a /32 or /128 route and a permanent neighbor" }),
  "link-local": z
    .enum(["eui64", "off"])
    .optional()
    .meta({ description: "eui64: also the fe80:: address that the guest makes from its MAC" }),
});

const router = z.strictObject({
  name,
  upstream: address.meta({ description: "the router's address on the upstream link: the next hop" }),
  dev: link.optional().meta({ description: "the link of the upstream; found by its subnet if not given" }),
  prefixes: z.array(prefix),
  "extra-prefixes": z.array(prefix).optional(),
});

const nextHop = z.strictObject({ via: address, dev: link, weight: z.int().min(1).max(256).optional() });

const route = z.strictObject({
  to: destination,
  via: address.optional(),
  dev: link.optional(),
  "on-link": z.boolean().optional(),
  metric: metric.optional(),
  table: table.optional(),
  type: z.enum(routeTypes).optional(),
  scope: z.enum(scopes).optional(),
  src: address.optional(),
  mtu: z.int().min(68).max(65_535).optional(),
  initcwnd: z.int().min(1).max(1023).optional(),
  initrwnd: z.int().min(1).max(1023).optional(),
  advmss: z.int().min(1).max(65_535).optional(),
  preference: z.enum(preferences).optional().meta({ description: "of IPv6 routes (RFC 4191); medium if not given" }),
  "next-hops": z.array(nextHop).min(1).optional(),
});

const anyLink = z
  .string()
  .regex(linkName, "is not a link name: 1 to 15 of A-Z a-z 0-9 _ . + ~ -")
  .meta({ description: "the name of a link; lo: packets of the host itself" });
const priority = z.int().min(1).max(largest);

const rule = z.strictObject({
  from: prefix.optional(),
  to: prefix.optional(),
  iif: anyLink.optional(),
  oif: anyLink.optional(),
  fwmark: z
    .union([z.int().min(1).max(largest), spelling(parseMark, "a mark, or MARK/MASK; hexadecimal with 0x")])
    .optional(),
  invert: z.boolean().optional().meta({ description: "the rule is for all packets that the other keys do not select" }),
  family: z
    .enum(["ipv4", "ipv6", "both"])
    .optional()
    .meta({ description: "where no address says it; ipv4 if not given" }),
  priority: priority.meta({ description: "rules are asked in ascending order; main is asked at 32766" }),
  type: z.enum(ruleTypes).optional(),
  table: table.optional(),
  dev: link.optional().meta({ description: "the link whose drop-in carries the rule; found by the table's routes" }),
});

const uplink = z.strictObject({
  dev: link,
  address: spelling(parseSubnetOf, "the host's address on the link with its prefix length"),
  gateway: address,
  table,
  priority: priority.optional().meta({ description: "of both rules; 3200 if not given" }),
  metric: metric.optional(),
});

const neighbor = z.strictObject({ address, mac, dev: link });

/** As ip-sysctl(7) has them in the kernel's documentation; 4 to 7 of arp_ignore are reserved there. */
const bridge = z.strictObject({
  mac: mac.meta({ description: "the same on every host, so that a guest that moves finds its gateway" }),
  addresses: z
    .array(spelling(parseLinkAddress, "an address with the length of its subnet, such as 169.254.0.1/32"))
    .min(1)
    .meta({ description: "the gateways of the guests" }),
  forwarding: z.boolean().optional().meta({ description: "of IPv4 and IPv6 on this link; true if not given" }),
  "arp-ignore": z.literal([0, 1, 2, 3, 8]).optional().meta({ description: "net.ipv4.conf.LINK.arp_ignore" }),
  "arp-announce": z.literal([0, 1, 2]).optional().meta({ description: "net.ipv4.conf.LINK.arp_announce" }),
  "rp-filter": z
    .enum(["off", "strict", "loose"])
    .optional()
    .meta({ description: "net.ipv4.conf.LINK.rp_filter: strict is 1, loose is 2" }),
});

const linkSettings = z.strictObject({
  carrier: z
    .enum(["keep", "follow"])
    .optional()
    .meta({ description: "keep: entries survive the last port leaving; the default for bridges" }),
  mode: z
    .enum(linkModes)
    .optional()
    .meta({ description: "live: entries are only set in the kernel; the default where another program has the link" }),
  kind: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, "is not a kind of link such as bridge or veth")
    .optional()
    .meta({ description: "the kind of a link that does not exist yet, as in `ip -d link`" }),
  bridge: bridge.optional().meta({ description: "the link is a bridge for routed guests, which netkeep makes" }),
});

const sections = {
  guests: z.array(guest).optional(),
  routers: z.array(router).optional(),
  routes: z.array(route).optional(),
  neighbors: z.array(neighbor).optional(),
  rules: z.array(rule).optional(),
  uplinks: z
    .array(uplink)
    .optional()
    .meta({ description: "each becomes the routes of a table and rules from and to its subnet" }),
  links: z.record(link, linkSettings).optional(),
};
/** It becomes the name of a directory. */
const hostName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/, "is not the name of a host: letters, digits, . and -")
  .meta({ description: "the name of a host" });
/** A host that needs nothing of its own has an empty section. */
const hostSection = z.strictObject(sections).nullable();

/** A desired-state document exactly as written: no defaults, no canonical forms. */
export const documentSchema = z
  .strictObject({
    version: z.literal(1),
    ...sections,
    hosts: z
      .record(hostName, hostSection)
      .optional()
      .meta({ description: "for `netkeep generate --host`: what single hosts have beside the rest of the document" }),
  })
  .meta({ title: "netkeep desired-state document", description: "See netkeep-state(5)." });

export type DocumentInput = z.infer<typeof documentSchema>;
export type GuestInput = z.infer<typeof guest>;
export type RouterInput = z.infer<typeof router>;
export type RouteInput = z.infer<typeof route>;
export type RuleInput = z.infer<typeof rule>;
export type UplinkInput = z.infer<typeof uplink>;
export type LinkInput = z.infer<typeof linkSettings>;

/** The keys that each kind of object takes, for "did you mean": by the last word of its path. */
export const knownKeys: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(documentSchema.shape),
  guests: Object.keys(guest.shape),
  routers: Object.keys(router.shape),
  routes: Object.keys(route.shape),
  "next-hops": Object.keys(nextHop.shape),
  neighbors: Object.keys(neighbor.shape),
  rules: Object.keys(rule.shape),
  uplinks: Object.keys(uplink.shape),
  links: Object.keys(linkSettings.shape),
  hosts: Object.keys(sections),
  bridge: Object.keys(bridge.shape),
};
