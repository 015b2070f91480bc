/**
 * A guest that can run on either of two hosts of a fabric, and traffic to it from a guest that stays on the second one.
 *
 * It is there on both hosts from the beginning; its port is up where it runs. So a move costs what the hosts and routers
 * take, not what a namespace does. Its echo has no state, so its copy goes on where the other one stopped.
 */
import type { Fabric } from "./frr.ts";
import type { LabHost } from "./host.ts";
import { addGuest, ipBatch } from "./network.ts";
import { guest } from "./scenario.ts";
import { type Echo, startEcho, startSending, type Traffic } from "./traffic.ts";

export const prefixes = ["2.57.57.30/32", "2001:678:3a4:100::80/128"] as const;
const resident = { name: "g2", mac: "52:02:45:76:d2:36", addresses: ["2.57.57.31", "2001:678:3a4:100::81"] };
const port = 5999;

export interface MovingGuest {
  /** Whether it runs: its port is up. */
  run(host: LabHost, runs: boolean): Promise<void>;
  /** What the agent of a host calls. @returns milliseconds */
  hook(host: LabHost, operation: "add" | "delete"): Promise<number>;
  /** One flow for each family, from the guest that stays. */
  traffic(): Promise<readonly [Traffic, Traffic]>;
}

export async function placeGuests({ hosts }: Fabric): Promise<MovingGuest> {
  const echoes: Echo[] = [];
  for (const host of hosts) {
    await addGuest(host, guest);
    await ipBatch(host, [`link set v-${guest.name} down`]);
    for (const address of guest.addresses) {
      echoes.push(await startEcho(host, { namespace: guest.name, address, port }));
    }
  }
  const [, two] = hosts;
  await addGuest(two, { ...resident, bridge: guest.bridge });
  await callHook(two, "add", resident);
  // The host tells guests on one bridge to talk directly, and they would go on like that after a move.
  const settings = ["net.ipv4.conf.eth0.accept_redirects=0", "net.ipv4.conf.all.accept_redirects=0"];
  await two.run(["ip", "netns", "exec", resident.name, "sysctl", "-qw", ...settings]);
  return {
    run: (host, runs) => ipBatch(host, [`link set v-${guest.name} ${runs ? "up" : "down"}`]),
    hook: (host, operation) => callHook(host, operation, guest),
    traffic: async () => {
      const flows = guest.addresses.map((address) =>
        startSending(two, { from: resident.name, address, port, intervalMs: 2 }),
      );
      return (await Promise.all(flows)) as unknown as readonly [Traffic, Traffic];
    },
  };
}

interface Nic {
  readonly mac: string;
  readonly addresses: readonly string[];
}

async function callHook(host: LabHost, operation: "add" | "delete", { mac, addresses }: Nic): Promise<number> {
  const begun = Date.now();
  const words = ["-o", operation, "-b", guest.bridge, "-m", mac];
  const said = operation === "add" ? ["-4", addresses[0] ?? "", "-6", addresses[1] ?? ""] : [];
  await host.run(["netkeep-hook", "--strict", "cloudstack", ...words, ...said]);
  return Date.now() - begun;
}
