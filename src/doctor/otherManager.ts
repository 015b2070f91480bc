import type { LinkClaim } from "../model/link.ts";
import { type Check, fail, type Outcome, ok, skip } from "./check.ts";
import type { Facts, LinkSituation } from "./facts.ts";
import { writeFile } from "./shell.ts";

export const otherManager: Check = {
  code: "other-manager",
  about: "no program but networkd looks after a link with drop-ins",
  why:
    "Two programs that set up one link delete what the other one has set, at times that neither announces: NetworkManager " +
    "at each activation, ifupdown at each ifup and ifdown.",
  examine: (facts) => facts.links.map((link) => examineLink(link, facts)),
};

function examineLink({ name, managers, live }: LinkSituation, { offline }: Facts): Outcome {
  if (live !== null) return ok(name, `${name} is kept live, because ${live}`);
  if (managers.length > 0) {
    return fail(
      name,
      managers.map(({ name: manager, evidence }) => `${manager}: ${evidence}`),
      managers.flatMap((manager) => release(manager, name)),
    );
  }
  return offline
    ? skip(name, "with --root only ifupdown's files were looked at")
    : ok(name, `nobody else looks after ${name}`);
}

function release({ name, evidence }: LinkClaim, link: string): string[] {
  if (name === "NetworkManager") {
    const file = `/etc/NetworkManager/conf.d/90-netkeep-${link}.conf`;
    const lines = ["[keyfile]", `unmanaged-devices+=interface-name:${link}`];
    return [...writeFile(file, lines), "systemctl reload NetworkManager", `nmcli device set ${link} managed no`];
  }
  if (name === "ifupdown") {
    return [
      `# take the stanzas of ${link} out of /etc/network/interfaces and interfaces.d, and write a base file with the same`,
      `# addresses; then forget that ifupdown has set it up:`,
      `sed -i '/^${link}=/d' /run/network/ifstate`,
    ];
  }
  return [`# ${evidence}: take that property away, or do not name ${link} in documents`];
}
