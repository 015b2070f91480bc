import { type Check, fail, type Outcome, ok, warn } from "./check.ts";
import type { Facts, ForeignSettings } from "./facts.ts";
import { someOf, writeFile } from "./shell.ts";

/** Units of programs that set routes of their own. */
export const routingUnits = [
  "frr.service",
  "bird.service",
  "bird6.service",
  "gobgpd.service",
  "gobgp.service",
  "openbgpd.service",
  "quagga.service",
  "babeld.service",
  "keepalived.service",
  "calico-felix.service",
  "cilium.service",
  "kube-router.service",
  "strongswan.service",
  "ovn-bgp-agent.service",
];

const file = "/etc/systemd/networkd.conf.d/50-netkeep.conf";
const restart = [
  "# networkd reads it when it starts. The restart itself still deletes foreign routes of links without",
  "# KeepConfiguration=, so do it while no routing daemon is needed, and restart that daemon after it",
  "systemctl restart systemd-networkd",
];

export const foreignEntries: Check = {
  code: "foreign-entries",
  about: "networkd leaves routes, rules and nexthop objects of others alone",
  why:
    "By default networkd deletes routes, policy rules and nexthop objects that others have set: on a link at each reload " +
    "of changed files, and on the whole host at its restart. Routing daemons do not always notice.",
  examine: (facts) => [examineForeign(facts)],
};

function examineForeign(facts: Facts): Outcome {
  if (facts.offline) return examineImage(facts);
  const { leaves, leavesOnDisk, running } = facts.networkd;
  const daemons = daemonsOf(facts);
  const missing = missingKeys(leaves, facts.networkd.version);
  const objects = facts.routes.objects > 0 ? objectTrouble(facts) : null;
  if (running && missing.length === 0 && objects === null) {
    return ok(null, "networkd was told to leave them alone", ...daemons);
  }
  if (missing.length === 0 || !running) {
    return objects === null ? examineImage(facts, daemons) : fail(null, [...daemons, ...objects.evidence], objects.fix);
  }
  const loaded = missingKeys(leavesOnDisk, facts.networkd.version).length === 0;
  const evidence = loaded
    ? [`in a file that is newer than the start of networkd, so it does not count: ${missing.join(", ")}`]
    : [`not set: ${missing.join(", ")}`];
  const fix = [...(loaded ? [] : settingsFile()), ...restart, ...(objects?.fix ?? [])];
  const all = [...evidence, ...daemons, ...(objects?.evidence ?? [])];
  return daemons.length > 0 ? fail(null, all, fix) : warn(null, all, fix);
}

/** Where networkd does not run, what it will read counts. */
function examineImage({ networkd }: Facts, daemons: readonly string[] = []): Outcome {
  const missing = missingKeys(networkd.leavesOnDisk, networkd.version);
  if (missing.length === 0) return ok(null, "networkd will be told to leave them alone", ...daemons);
  const evidence = [`not set: ${missing.join(", ")}`, ...daemons];
  return daemons.length > 0 ? fail(null, evidence, settingsFile()) : warn(null, evidence, settingsFile());
}

/** ManageForeignNextHops= exists from 256 on. */
function missingKeys(leaves: ForeignSettings, version: number | null): string[] {
  const nextHops = leaves.nextHops || (version !== null && version < 256);
  return [
    ...(leaves.routes ? [] : ["ManageForeignRoutes=no"]),
    ...(leaves.rules ? [] : ["ManageForeignRoutingPolicyRules=no"]),
    ...(nextHops ? [] : ["ManageForeignNextHops=no"]),
  ];
}

function daemonsOf({ units, routes }: Facts): string[] {
  const active = routingUnits.filter((name) => units?.get(name)?.active === true);
  const counts = [...routes.ofDaemons].map(([protocol, number]) => `${number} of protocol ${protocol}`);
  return [
    ...(active.length === 0 ? [] : [`${someOf(active)} ${active.length === 1 ? "runs" : "run"}`]),
    ...(counts.length === 0 ? [] : [`the kernel has routes of routing daemons: ${someOf(counts)}`]),
  ];
}

/** 252 has nothing that guards them; 256 and later guard those that were there when networkd started. */
function objectTrouble({ routes, networkd }: Facts): { evidence: string[]; fix: string[] } | null {
  if (networkd.version !== null && networkd.version >= 257) return null;
  return {
    evidence: [
      `${routes.objects} routes use nexthop objects, which a reload deletes whatever is set: netkeep refuses it`,
    ],
    fix: [
      "# for FRR; the command is for vtysh in configuration mode, too",
      "echo 'no zebra nexthop kernel enable' >> /etc/frr/frr.conf",
      "systemctl restart frr",
    ],
  };
}

function settingsFile(): string[] {
  const keys = ["ManageForeignRoutes=no", "ManageForeignRoutingPolicyRules=no", "ManageForeignNextHops=no"];
  return writeFile(file, ["[Network]", ...keys]);
}
