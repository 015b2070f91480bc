import * as z from "zod";

/** What a link is among others: its size, and the bridge that it is a port of. */
export interface LinkShape {
  readonly name: string;
  readonly index: number;
  /** Bytes. */
  readonly mtu: number;
  /** The bridge, bond or VRF that it belongs to. */
  readonly master: string | null;
  readonly up: boolean;
  readonly loopback: boolean;
  /** netdev kind; null for hardware. */
  readonly kind: string | null;
  readonly mac: string | null;
}

const shapesSchema = z.array(
  z.looseObject({
    ifindex: z.number(),
    ifname: z.string(),
    flags: z.array(z.string()),
    mtu: z.number(),
    master: z.string().optional(),
    address: z.string().optional(),
    linkinfo: z.looseObject({ info_kind: z.string().optional() }).optional(),
  }),
);

/**
 * `ip -j -d address show` → the shape of each link.
 *
 * @throws ZodError when the output is not what iproute2 prints
 */
export function parseShapes(json: string): LinkShape[] {
  const list = (JSON.parse(json) as object[]).filter((item) => "ifname" in item);
  return shapesSchema.parse(list).map((link) => ({
    name: link.ifname,
    index: link.ifindex,
    mtu: link.mtu,
    master: link.master ?? null,
    up: link.flags.includes("UP"),
    loopback: link.flags.includes("LOOPBACK"),
    kind: link.linkinfo?.info_kind ?? null,
    mac: link.address ?? null,
  }));
}

const neighborsSchema = z.array(z.looseObject({ dst: z.string(), state: z.array(z.string()) }));

/** `ip -j neigh show` → how many are permanent and how many are not, by family. */
export function countNeighbors(json: string): {
  permanent: { 4: number; 6: number };
  others: { 4: number; 6: number };
} {
  const counts = { permanent: { 4: 0, 6: 0 }, others: { 4: 0, 6: 0 } };
  for (const { dst, state } of neighborsSchema.parse(JSON.parse(json))) {
    counts[state.includes("PERMANENT") ? "permanent" : "others"][dst.includes(":") ? 6 : 4] += 1;
  }
  return counts;
}
