import { expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { type Call, type Effect, ScriptModel } from "./support/modifymacip.ts";

const bridges = ["br0", "br1"];
const macs = Array.from({ length: 6 }, (_, n) => `02:00:00:00:0a:0${n + 1}`);
const addresses = [
  ...Array.from({ length: 5 }, (_, n) => `198.51.100.${n + 10}`),
  ...Array.from({ length: 5 }, (_, n) => `2001:db8:9::${n + 10}`),
];

/** A call and the command line that makes it. */
interface Step extends Call {
  readonly argv: readonly string[];
}

/** The same numbers for the same seed, 0 to 1 (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function steps(seed: number, count: number): Step[] {
  const next = numbers(seed);
  const chance = (probability: number) => next() < probability;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const some = (most: number) => Array.from({ length: 1 + Math.floor(next() * most) }, () => pick(addresses));
  const kinds = ["plug", "plug", "secondary", "secondary", "unplug", "remove", "again", "nothing", "unknown"] as const;
  let last: Step | undefined;
  return Array.from({ length: count }, () => {
    const kind = pick(kinds);
    if (kind === "again" && last !== undefined) return last;
    const index = Math.floor(next() * macs.length);
    // A full plug carries the EUI-64 link-local address of its MAC, as the agent's does.
    const linkLocal = `fe80::ff:fe00:a0${index + 1}`;
    const mac = kind === "unknown" ? "02:00:00:00:0b:99" : (macs[index] as string);
    const named: Readonly<Record<string, readonly string[]>> = {
      plug: [linkLocal, ...some(3)],
      secondary: some(1),
      remove: some(2),
      unknown: chance(0.5) ? some(1) : [],
    };
    const operation = ["unplug", "remove", "unknown"].includes(kind) ? ("delete" as const) : ("add" as const);
    const call = { operation, bridge: pick(bridges), mac, addresses: named[kind] ?? [] };
    last = { ...call, argv: argvOf(call, chance, pick) };
    return last;
  });
}

/** In one of the many ways that getopts takes: joined or not, in any order, repeated, upper case, with words behind. */
function argvOf(
  { operation, bridge, mac, addresses: named }: Call,
  chance: (probability: number) => boolean,
  pick: <T>(list: readonly T[]) => T,
): string[] {
  const option = (letter: string, value: string) => (chance(0.3) ? [`-${letter}${value}`] : [`-${letter}`, value]);
  const head = [
    ...(chance(0.2) ? option("m", pick(macs)) : []),
    ...(chance(0.2) ? option("o", pick(["add", "delete", "update"])) : []),
    ...(chance(0.2) ? option("b", "nosuch0") : []),
  ];
  const place = [option("o", operation), option("b", bridge), option("m", chance(0.3) ? mac.toUpperCase() : mac)];
  const rest = named.flatMap((address) => {
    const [letter, spelt] = address.includes(":") ? ["6", spell(address, chance)] : ["4", address];
    return [...option(letter as string, spelt as string), ...(chance(0.1) ? option(letter as string, address) : [])];
  });
  const words = [...head, ...(chance(0.5) ? [...place.flat(), ...rest] : [...rest, ...place.reverse().flat()])];
  return chance(0.1) ? [...words, "--", "-4", "203.0.113.99"] : words;
}

function spell(address: string, chance: (probability: number) => boolean): string {
  return chance(0.3) ? address.toUpperCase().replace("::", ":0::") : address;
}

/** By `ip` alone: permanent neighbors, and host routes on the bridges that the kernel did not make by itself. */
async function kernel(ns: Namespace): Promise<Effect> {
  const [neighbors = "", routes4 = "", routes6 = ""] = (
    await ns.sh("ip -j neigh show nud permanent; echo; ip -j -4 route show; echo; ip -j -6 route show")
  )
    .split("\n")
    .filter((line) => line !== "");
  const found = JSON.parse(neighbors) as { dst: string; dev: string; lladdr: string }[];
  const routes = [...JSON.parse(routes4), ...JSON.parse(routes6)] as { dst: string; dev: string; protocol: string }[];
  return {
    neighbors: found.map(({ dst, dev, lladdr }) => `${dst} dev ${dev} lladdr ${lladdr}`).sort(),
    routes: routes
      .filter(({ dst, dev, protocol }) => !dst.includes("/") && bridges.includes(dev) && protocol !== "kernel")
      .map(({ dst, dev }) => `${dst} dev ${dev}`)
      .sort(),
  };
}

test.concurrent.each([[20_260_921, 200]])(
  "as the agent's script, without its faults: seed %i, %i calls, the kernel after each",
  async (seed, count) => {
    await inNamespace(async (ns) => {
      const model = new ScriptModel();
      const seen = { contested: 0, most: 0 };
      const before: string[] = [];
      await ns.sh("sysctl -qw net.ipv6.conf.br1.disable_ipv6=1");
      for (const [index, step] of steps(seed, count).entries()) {
        const line = step.argv.join(" ");
        // As a change of the bridge's MAC does; what the next call has to do does not depend on it.
        if (index % 20 === 10) await ns.sh(`ip neigh flush dev ${step.bridge} nud permanent`);
        before.push(line);
        const result = await ns.netkeep(["hook", "cloudstack", ...step.argv]);
        expect([result.status, result.stdout], line).toEqual([0, ""]);
        model.call(step);
        expect(await kernel(ns), before.slice(-30).join("\n")).toEqual(model.effect);
        seen.contested = Math.max(seen.contested, model.contested);
        seen.most = Math.max(seen.most, model.effect.routes.length);
      }
      // The sequence has to have been worth it.
      expect(seen.contested).toBeGreaterThanOrEqual(3);
      expect(seen.most).toBeGreaterThanOrEqual(10);
      for (const bridge of bridges) for (const mac of macs) await unplug(ns, bridge, mac);
      expect(await kernel(ns)).toEqual({ neighbors: [], routes: [] });
      expect(await ns.sh("find /run/netkeep/owners /run/systemd/network /etc/systemd/network -type f")).toBe("");
    })();
  },
);

test.concurrent(
  "what the script itself has set is taken over where a guest starts, and goes with a delete",
  inNamespace(async (ns) => {
    const set = (address: string, mac: string, bridge: string) => `
      ip neigh replace ${address} lladdr ${mac} dev ${bridge} nud permanent
      ip route replace ${address}/${address.includes(":") ? 128 : 32} dev ${bridge}
    `;
    const [first, second, third] = macs as [string, string, string];
    const [v4, v4b, v6] = ["198.51.100.10", "198.51.100.11", "2001:db8:9::10"];
    await ns.sh(`${set(v4, first, "br0")} ${set(v6, first, "br0")} ${set(v4b, second, "br1")}`);
    const before = await kernel(ns);
    const hook = (...argv: string[]) => ns.netkeep(["hook", "cloudstack", ...argv]);
    await hook("-o", "add", "-b", "br0", "-m", third, "-4", "198.51.100.12");
    const after = await kernel(ns);
    expect(after.routes).toEqual([...before.routes, "198.51.100.12 dev br0"].sort());
    expect(after.neighbors).toEqual([...before.neighbors, `198.51.100.12 dev br0 lladdr ${third}`].sort());
    // All on br0 is netkeep's now, and nothing on br1.
    expect((await ns.sh("ip -4 route show proto 107; ip -6 route show proto 107")).match(/^\S+/gm)?.sort()).toEqual(
      [v4, "198.51.100.12", v6].sort(),
    );
    expect((await ns.netkeep(["show"])).stdout.match(/^cloudstack:\S+/gm)).toEqual([
      `cloudstack:br0:${first}`,
      `cloudstack:br0:${third}`,
    ]);
    await unplug(ns, "br0", first);
    await unplug(ns, "br1", second);
    expect(await kernel(ns)).toEqual({
      neighbors: [`198.51.100.12 dev br0 lladdr ${third}`],
      routes: ["198.51.100.12 dev br0"],
    });
  }),
);

async function unplug(ns: Namespace, bridge: string, mac: string): Promise<void> {
  expect(await ns.netkeep(["hook", "cloudstack", "-o", "delete", "-b", bridge, "-m", mac])).toMatchObject({
    status: 0,
    stdout: "",
  });
}
