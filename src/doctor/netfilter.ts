import type { Family } from "../model/address.ts";
import { type Check, fail, type Outcome, ok, skip, warn, withoutKernel } from "./check.ts";
import type { Facts, ForwardChain } from "./facts.ts";
import { setSysctls } from "./shell.ts";
import { sysctl } from "./sysctls.ts";

export const bridgeNetfilter: Check = {
  code: "bridge-netfilter",
  about: "the firewall for forwarded packets does not hit bridged ones",
  why:
    "With bridge-nf-call-ip6tables frames between ports of a bridge pass the IPv6 forward chain. If that drops by " +
    "default, neighbor discovery between guests on one bridge is lost, and with bridge-nf-call-iptables IPv4. Docker " +
    "sets such a policy.",
  examine: (facts) =>
    facts.offline ? [withoutKernel] : ([4, 6] as const).map((family) => examineFamily(family, facts)),
};

function examineFamily(family: Family, facts: Facts): Outcome {
  const key = `net.bridge.bridge-nf-call-ip${family === 6 ? "6" : ""}tables`;
  const value = sysctl(facts, key);
  if (value === null) return ok(null, `IPv${family}: br_netfilter is not loaded`);
  if (value === 0) return ok(null, `IPv${family}: ${key} is 0`);
  const { firewall } = facts;
  if (!firewall.known)
    return skip(null, `IPv${family}: ${key} is 1, and the forward policy was not read: ${firewall.reason}`);
  const chains = firewall.chains.filter((chain) => chain.family === family);
  const dropping = chains.filter((chain) => chain.drops);
  if (dropping.length === 0) return ok(null, `IPv${family}: no forward chain drops by default (${firewall.by})`);
  const evidence = dropping.map((chain) => `IPv${family}: ${key} is 1, and ${chain.name} drops by default`);
  const fix = [
    "# unless a firewall for guests rests on it (nwfilter, security groups):",
    ...setSysctls("bridge-nf", { [key]: 0 }),
  ];
  return dropping.some((chain) => !chain.mayAccept)
    ? fail(null, evidence, fix)
    : warn(null, [...evidence, passing(dropping, family)], fix);
}

function passing(chains: readonly ForwardChain[], family: Family): string {
  const what = family === 6 ? "ICMPv6" : "packets";
  return `rules of ${chains.map((chain) => chain.name).join(", ")} may let ${what} of guests pass; that was not followed`;
}
