import * as z from "zod";
import type { MacAddress } from "../model/mac.ts";
import { once } from "../model/once.ts";
import type { KernelNeighbor } from "../model/state.ts";
import { isMaybeText, isMaybeTexts, jsonList } from "./jsonList.ts";
import { kernelAddress } from "./spelling.ts";

const neighborSchema = once(() =>
  z.looseObject({
    dst: z.string(),
    dev: z.string().optional(),
    lladdr: z.string().optional(),
    state: z.array(z.string()).optional(),
    protocol: z.string().optional(),
  }),
);
type NeighborJson = z.infer<ReturnType<typeof neighborSchema>>;

/**
 * `ip -j -N neigh show` → the permanent neighbors of both families. Learned ones are the kernel's business; a permanent
 * one without a MAC cannot be made by hand and is left out too.
 *
 * @throws Error when the output is not what iproute2 prints
 */
export function parseNeighbors(json: string): KernelNeighbor[] {
  const neighbors: KernelNeighbor[] = [];
  for (const item of jsonList(json, isPlainNeighbor, (other) => neighborSchema().parse(other))) {
    if (item.lladdr === undefined || item.dev === undefined || !item.state?.includes("PERMANENT")) continue;
    neighbors.push({
      kind: "neighbor",
      link: item.dev,
      address: kernelAddress(item.dst),
      mac: item.lladdr.toLowerCase() as MacAddress,
      protocol: item.protocol === undefined ? null : Number(item.protocol),
    });
  }
  return neighbors;
}

function isPlainNeighbor(item: unknown): item is NeighborJson {
  if (typeof item !== "object" || item === null) return false;
  const { dst, dev, lladdr, state, protocol } = item as Record<string, unknown>;
  const texts = typeof dst === "string" && isMaybeText(dev) && isMaybeText(lladdr) && isMaybeText(protocol);
  return texts && isMaybeTexts(state);
}

/**
 * What `ip -j -N neigh get` prints of one neighbor: iproute2 6.1 gives the line for people instead of JSON.
 *
 * @throws ZodError, SyntaxError when it is neither
 */
export function parseNeighborAnswer(text: string): KernelNeighbor[] {
  const [, dst, dev, lladdr, state, protocol] =
    /^(\S+) dev (\S+) lladdr (\S+)(?: router| extern_learn)* (\S+)(?: proto (\d+))?\s*$/.exec(text) ?? [];
  if (dst === undefined || dev === undefined || lladdr === undefined || state === undefined)
    return parseNeighbors(text);
  const item = { dst, dev, lladdr, state: [state] };
  return parseNeighbors(JSON.stringify([protocol === undefined ? item : { ...item, protocol }]));
}
