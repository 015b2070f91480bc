import { parseNeighborAnswer } from "../kernel/parseNeighbors.ts";
import { parseRoutes } from "../kernel/parseRoutes.ts";
import { type Address, addressOf, hostPrefix } from "../model/address.ts";
import { type Entry, entryKey, sameEntry } from "../model/entry.ts";
import type { Neighbor } from "../model/neighbor.ts";
import { mainTable, type Route } from "../model/route.ts";
import type { KernelEntries, KernelNeighbor, KernelRoute } from "../model/state.ts";
import type { System } from "../system/system.ts";
import { batchArguments } from "./ipText.ts";
import { observeEntries } from "./observeKernel.ts";

/** The next hop of a default route, and the link that it leaves by. */
export interface Gateway {
  readonly link: string;
  readonly address: Address;
}

/**
 * What the kernel has of these entries. It finds most of them by its own indexes, so that it does not matter how many
 * others there are.
 *
 * @param routes any routes; what is not there is left out
 * @param neighbors neighbors that should be there: `ip` stops at one that is not
 * @param gateways default routes to be looked at, too
 * @returns null if a neighbor is missing, or a gateway is not what it was
 */
export async function lookUp(
  system: System,
  routes: readonly Route[],
  neighbors: readonly Neighbor[],
  gateways: readonly Gateway[] = [],
): Promise<Pick<KernelEntries, "routes" | "neighbors"> | null> {
  const uplinks = [...new Set(gateways.map(({ link }) => link))];
  const defaults = uplinks.flatMap((link) => ["0.0.0.0/0", "::/0"].map((any) => ({ link, any })));
  const lines = [
    ...defaults.map(({ link, any }) => `route show exact ${any} dev ${link}`),
    ...[...routes, ...neighbors].map(queryOf),
  ];
  if (lines.length === 0) return { routes: [], neighbors: [] };
  const { stdout } = await system.run("ip", batchArguments, `${lines.join("\n")}\n`);
  const answers = stdout.split("\n").filter((line) => line.trim() !== "");
  const asked = answers.slice(0, defaults.length);
  // A link that is gone has no answer, and the next one is that of something else.
  if (!asked.every((text) => text.startsWith("["))) return null;
  const now = asked.flatMap((text, index) => gatewaysIn(text, defaults[index]?.link ?? ""));
  if (now.sort().join() !== gateways.map(gatewayText).sort().join()) return null;
  const found = answers.slice(defaults.length).map(answerOf);
  const there = found.flatMap((answer) => answer.neighbors);
  if (there.length < neighbors.length) return null;
  return { routes: found.flatMap((answer) => answer.routes), neighbors: there };
}

/** The kernel's state, at least of the expected entries: all of it only if anything is not as expected. */
export async function lookAt(system: System, expected: ReadonlyMap<string, Entry>): Promise<KernelEntries> {
  const entries = [...expected.values()];
  const { route = [], neighbor = [] } = { ...groupByKind(entries) };
  const found = await lookUp(system, route, neighbor);
  const there = new Map(
    [...(found?.routes ?? []), ...(found?.neighbors ?? [])].map((entry) => [entryKey(entry), entry]),
  );
  const complete = entries.every((entry) => {
    const other = there.get(entryKey(entry));
    return other !== undefined && sameEntry(other, entry);
  });
  return found !== null && complete ? { ...found, rules: [] } : observeEntries(system);
}

/** A run about some owners has no rules: it gives way to one that reads everything. */
export function groupByKind(entries: readonly Entry[]): { route: Route[]; neighbor: Neighbor[] } {
  return {
    route: entries.filter((entry) => entry.kind === "route"),
    neighbor: entries.filter((entry) => entry.kind === "neighbor"),
  };
}

/** ip-route(8): fibmatch gives the route itself, and to a guest's address no longer one matches. Others are searched for. */
function queryOf(entry: Route | Neighbor): string {
  if (entry.kind === "neighbor") return `neigh get ${entry.address} dev ${entry.link}`;
  const address = addressOf(entry.destination);
  const indexed = entry.table === mainTable && entry.type === "unicast" && hostPrefix(address) === entry.destination;
  return indexed ? `route get fibmatch ${address}` : `route show table all exact ${entry.destination}`;
}

/** A neighbor is a line for people before iproute2 6.x, so what is JSON without a MAC is a route. */
function answerOf(text: string): { routes: KernelRoute[]; neighbors: KernelNeighbor[] } {
  const isNeighbor = !text.startsWith("[") || text.includes('"lladdr"');
  if (isNeighbor) return { routes: [], neighbors: parseNeighborAnswer(text) };
  const family = /"dst":"[^"]*:/.test(text) ? 6 : 4;
  return { routes: parseRoutes(text, family), neighbors: [] };
}

/** `ip` leaves out the link that it was asked for. */
function gatewaysIn(text: string, link: string): string[] {
  const listed = JSON.parse(text) as { gateway?: string }[];
  return listed.flatMap(({ gateway }) => (gateway === undefined ? [] : [`${link} ${gateway}`]));
}

function gatewayText({ link, address }: Gateway): string {
  return `${link} ${address}`;
}
