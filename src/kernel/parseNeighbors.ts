import * as z from "zod";
import type { MacAddress } from "../model/mac.ts";
import type { KernelNeighbor } from "../model/state.ts";
import { kernelAddress } from "./spelling.ts";

const neighborsSchema = z.array(
  z.looseObject({
    dst: z.string(),
    dev: z.string().optional(),
    lladdr: z.string().optional(),
    state: z.array(z.string()).optional(),
    protocol: z.string().optional(),
  }),
);

/**
 * `ip -j -N neigh show` → the permanent neighbors of both families. Learned ones are the kernel's business; a permanent
 * one without a MAC cannot be made by hand and is left out too.
 *
 * @throws ZodError when the output is not what iproute2 prints
 */
export function parseNeighbors(json: string): KernelNeighbor[] {
  const list = json.trim() === "" ? [] : neighborsSchema.parse(JSON.parse(json));
  return list.flatMap((item) => {
    if (item.lladdr === undefined || item.dev === undefined || !item.state?.includes("PERMANENT")) return [];
    return [
      {
        kind: "neighbor" as const,
        link: item.dev,
        address: kernelAddress(item.dst),
        mac: item.lladdr.toLowerCase() as MacAddress,
        protocol: item.protocol === undefined ? null : Number(item.protocol),
      },
    ];
  });
}
