import * as z from "zod";
import type { Prefix } from "../model/address.ts";
import { accepted, familyOf, isLinkLocal6, networkPrefix, parseAddress } from "../model/address.ts";
import { fits, type LooseFields } from "../model/fits.ts";
import { type LinkFacts, virtualLinkFacts } from "../model/link.ts";
import { once } from "../model/once.ts";
import type { KernelLink } from "../model/state.ts";

const linksSchema = once(() =>
  z.array(
    z.looseObject({
      ifindex: z.number(),
      ifname: z.string(),
      altnames: z.array(z.string()).optional(),
      flags: z.array(z.string()),
      mtu: z.number().optional(),
      link_type: z.string(),
      address: z.string().optional(),
      permaddr: z.string().optional(),
      group: z.string().optional(),
      master: z.string().optional(),
      linkinfo: z
        .looseObject({
          info_kind: z.string().optional(),
          info_data: z.looseObject({ stp_state: z.number().optional() }).optional(),
        })
        .optional(),
      addr_info: z
        .array(
          z.looseObject({
            local: z.string().optional(),
            prefixlen: z.number().optional(),
            dynamic: z.boolean().optional(),
          }),
        )
        .optional(),
    }),
  ),
);
/** What the schema says, for a look at a glance. */
const linkFields: LooseFields = {
  ifindex: "number",
  ifname: "string",
  "altnames?": "strings",
  flags: "strings",
  "mtu?": "number",
  link_type: "string",
  "address?": "string",
  "permaddr?": "string",
  "group?": "string",
  "master?": "string",
  "linkinfo?": { "info_kind?": "string", "info_data?": { "stp_state?": "number" } },
  "addr_info?": [{ "local?": "string", "prefixlen?": "number", "dynamic?": "boolean" }],
};
type LinkJson = z.infer<ReturnType<typeof linksSchema>>[number];

/**
 * `ip -j -d address show` → the links by name.
 *
 * @param deviceTypes DEVTYPE= of /sys/class/net/LINK/uevent for links that are no netdev kind; "" is "names none"
 * @throws ZodError when the output is not what iproute2 prints
 */
export function parseLinks(
  json: string,
  deviceTypes: ReadonlyMap<string, string> = new Map(),
): Map<string, KernelLink> {
  // `ip` prints an empty object for what a filter leaves out.
  const list = (JSON.parse(json) as object[]).filter((item) => "ifname" in item);
  const right = list.every((item) => fits(item, linkFields));
  const checked = right ? (list as LinkJson[]) : linksSchema().parse(list);
  return new Map(checked.map((link) => [link.ifname, toLink(link, deviceTypes)]));
}

function toLink(link: LinkJson, deviceTypes: ReadonlyMap<string, string>): KernelLink {
  const addresses = (link.addr_info ?? []).flatMap((item) => {
    if (item.local === undefined || item.prefixlen === undefined) return [];
    const address = accepted(parseAddress(item.local));
    const subnet: Prefix = networkPrefix(address, item.prefixlen);
    return [{ address, subnet, dynamic: item.dynamic === true && !isLinkLocal6(address) && familyOf(address) === 6 }];
  });
  const [up, carrier] = [link.flags.includes("UP"), link.flags.includes("LOWER_UP")];
  const stp = link.linkinfo?.info_data?.stp_state;
  return {
    name: link.ifname,
    index: link.ifindex,
    up,
    carrier,
    ...(link.mtu === undefined ? {} : { mtu: link.mtu }),
    group: groupOf(link.group),
    master: link.master ?? null,
    stp: stp === undefined ? null : stp !== 0,
    facts: factsOf(link, deviceTypes),
    addresses,
  };
}

/** A number unless /etc/iproute2/group has a name for it, as for 0. */
function groupOf(text = "default"): number | null {
  if (text === "default") return 0;
  return /^\d+$/.test(text) ? Number(text) : null;
}

function factsOf(link: LinkJson, deviceTypes: ReadonlyMap<string, string>): LinkFacts {
  const kind = link.linkinfo?.info_kind;
  const alternativeNames = link.altnames ?? [];
  if (kind !== undefined) return { ...virtualLinkFacts(link.ifname, kind, link.address), alternativeNames };
  const deviceType = deviceTypes.get(link.ifname);
  return {
    name: link.ifname,
    alternativeNames,
    mac: link.address ?? null,
    permanentMac: link.permaddr ?? link.address ?? null,
    kind: null,
    ...(deviceType === undefined ? {} : { type: deviceType === "" ? link.link_type : deviceType }),
  };
}
