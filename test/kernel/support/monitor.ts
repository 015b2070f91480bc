import { setTimeout as delay } from "node:timers/promises";
import type { Namespace } from "../../support/namespace.ts";
import { tidy } from "./ipText.ts";

/** An address that no test uses; its neighbor marks the beginning and the end of what is watched. */
const mark = "192.0.2.254";

/**
 * The kernel's own doing, at times of its own: a bridge learns the MAC of a port (no address), it routes what it has
 * itself, and neighbors of multicast groups are collected when any namespace of the machine has many.
 */
const kernels = /^(Deleted )?(dev |ff\S+ |22[4-9]\.\S+ )| (table local|proto kernel) /;

/**
 * What `ip monitor` says of routes and neighbors while `work` is done, in order, without time stamps: `Deleted …` or the
 * entry as it is now.
 */
export async function eventsOf(ns: Namespace, work: () => Promise<unknown>): Promise<string[]> {
  const file = "/run/monitor";
  const text = () => ns.read(file).catch(() => "");
  const [pid] = (await ns.sh(`ip -o -ts monitor route neigh >${file} 2>&1 & echo $!`)).split("\n");
  try {
    // The monitor has no sign that it listens: the mark is set until it shows up.
    while (!(await text()).includes(mark)) await setMark(ns);
    await work();
    const seen = (await text()).length;
    for (await setMark(ns); !(await text()).slice(seen).includes(mark); ) await delay(5);
  } finally {
    await ns.sh(`kill ${pid}`);
  }
  const lines = (await text()).split("\n").map((line) => tidy(line.replace(/^\[[^\]]*\]/, "")));
  return lines.filter((line) => line !== "" && !line.includes(mark) && !kernels.test(line));
}

async function setMark(ns: Namespace): Promise<void> {
  await ns.sh(`ip neigh replace ${mark} lladdr 02:00:00:00:ff:ff dev br0 nud permanent; ip neigh del ${mark} dev br0`);
  await delay(5);
}
