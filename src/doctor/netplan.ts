import { type Check, fail, type Outcome, ok, warn } from "./check.ts";
import type { Facts, LinkSituation } from "./facts.ts";

export const netplan: Check = {
  code: "netplan",
  about: "netplan's base files come back, and its apply does no harm",
  why:
    "netplan writes base files below /run anew at each boot and each netplan apply. Drop-ins below /etc stay in force as " +
    "long as the name does. netplan apply has networkd set up every link anew: before 257 that removes and adds all " +
    "entries.",
  examine: (facts) => facts.links.map((link) => examineLink(link, facts)),
};

function examineLink({ name, base }: LinkSituation, facts: Facts): Outcome {
  const path = base.kind === "own" || base.kind === "shared" || base.kind === "pattern" ? base.path : "";
  if (!/^\/run\/systemd\/network\/[^/]*netplan-[^/]*$/.test(path))
    return ok(name, `netplan does not write the base file of ${name}`);
  if (facts.netplan.length === 0) {
    const own = `/etc/systemd/network/${path.slice(path.lastIndexOf("/") + 1)}`;
    const evidence = [
      `${path} comes from netplan, and netplan has no YAML file any more: it is gone with the next boot`,
    ];
    return fail(name, evidence, [`install -m 0644 ${path} ${own}`, "networkctl reload"]);
  }
  const { version } = facts.networkd;
  if (version !== null && version >= 257) return ok(name, `${path} comes from netplan`);
  const evidence = [
    `${path} comes from netplan, and systemd ${version ?? "of this host"} flaps entries at netplan apply`,
  ];
  return warn(name, evidence, [
    "# use netplan generate and networkctl reload in place of netplan apply, which touch only links that have changed",
  ]);
}
