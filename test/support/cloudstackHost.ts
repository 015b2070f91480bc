import { cloudstackCall } from "../../src/commands/hook/hookCloudstack.ts";
import { runHook } from "../../src/commands/hook/hookRun.ts";
import { contextOf, fixture, hostOf } from "./fixture.ts";

export const options = { live: true, reload: true, strict: false, wait: true };
export const mac = "52:02:00:00:00:11";
export const place = ["-b", "cloudbr0", "-m", mac];
export const v4 = "2.57.57.31";
export const v6 = "2001:678:3a4:100::81";

/** A host with a base file for cloudbr0 and one guest of the admin. */
export async function cloudstackHost(settings = "") {
  const made = hostOf(fixture("l3-guest"));
  if (settings !== "") made.addFile("/etc/netkeep/netkeep.conf", `[Netkeep]\n${settings}\n`);
  made.begin(null);
  const context = await contextOf(made);
  const hook = (argv: readonly string[], more = {}) =>
    runHook(context, cloudstackCall(context, argv, { ...options, ...more }));
  /** Neighbors and routes of the bridge but for those of the admin's guest. */
  const live = () =>
    [
      ...made.kernel.neighbors.map(({ dst, dev, lladdr }) => `${dst} ${dev} ${lladdr}`),
      ...made.kernel.routes
        .filter(({ dev, protocol }) => dev === "cloudbr0" && protocol !== "2")
        .map(({ dst, dev, protocol }) => `${dst} ${dev} proto ${protocol}`),
    ]
      .filter((line) => !/^(2\.57\.57\.30|2001:678:3a4:100::80) /.test(line))
      .sort();
  return { made, context, hook, live };
}

/** What there is of addresses after netkeep had its turn. */
export function entriesOf(addresses: readonly string[], of = mac): string[] {
  return addresses.flatMap((address) => [`${address} cloudbr0 ${of}`, `${address} cloudbr0 proto 107`]).sort();
}

/** What the agent's script leaves behind for an address. */
export function leave(
  made: Awaited<ReturnType<typeof cloudstackHost>>["made"],
  address: string,
  lladdr: string,
  routed = true,
): void {
  made.kernel.setNeighbor({ dst: address, dev: "cloudbr0", lladdr, state: ["PERMANENT"] });
  const common = { dst: address, dev: "cloudbr0", protocol: "3", flags: [] };
  if (!routed) return;
  made.kernel.setRoute(
    address.includes(":") ? { ...common, metric: 1024, pref: "medium" } : { ...common, scope: "253" },
  );
}

export function texts({ messages }: { readonly messages: readonly { readonly text: string }[] }): string {
  return messages.map(({ text }) => text).join("\n");
}

/** Of a hook that did its work. */
export const good = { exitCode: 0, text: "" };
