import { type Check, fail, type Outcome, ok, onEachLink, skip } from "./check.ts";
import type { LinkSituation } from "./facts.ts";
import { writeFile } from "./shell.ts";

export const bridgeMac: Check = {
  code: "bridge-mac",
  about: "ports do not change the MAC address of a bridge",
  why:
    "Without an address of its own a bridge takes the lowest one of its ports. Each change removes all permanent " +
    "neighbors of the bridge, and guests have the gateway's old address in their caches.",
  examine: (facts) => onEachLink(facts, examineLink),
};

function examineLink({ name, kind, mac, macPinned, netdev, entries }: LinkSituation): Outcome {
  if (kind !== "bridge") return ok(name, `${name} is no bridge`);
  if (macPinned === null || mac === null) return skip(name, `/sys/class/net/${name}/addr_assign_type cannot be read`);
  if (macPinned) return ok(name, `${name} keeps ${mac}`);
  const file = `/etc/systemd/network/10-${name}.link`;
  const link = ["[Match]", `OriginalName=${name}`, "", "[Link]", `MACAddress=${mac}`];
  const persistent =
    netdev === null
      ? writeFile(file, link)
      : [`sed -i -e '/^MACAddress=/d' -e 's/^\\[NetDev\\]$/[NetDev]\\nMACAddress=${mac}/' ${netdev}`];
  const fix = [
    ...persistent,
    "# once, and now: setting a MAC address, even the same one, removes all permanent neighbors",
    `ip link set dev ${name} address ${mac}`,
    ...(entries > 0 ? ["netkeep audit --repair"] : []),
  ];
  return fail(name, [`${name} has ${mac}, which its ports give it`], fix);
}
