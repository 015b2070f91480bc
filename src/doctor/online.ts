import { type Check, isBridge, type Outcome, ok, skip, warn } from "./check.ts";
import type { Facts, LinkSituation } from "./facts.ts";
import { writeFile } from "./shell.ts";

const unit = "systemd-networkd-wait-online.service";

export const waitOnline: Check = {
  code: "wait-online",
  about: "the boot does not wait for bridges without ports",
  why:
    "network-online.target waits for each link that networkd manages, by default for two minutes. A bridge gets its " +
    "ports from guests, which start later.",
  examine: (facts) => facts.links.map((link) => examineLink(link, facts)),
};

function examineLink(link: LinkSituation, { units }: Facts): Outcome {
  const { name, files } = link;
  if (!isBridge(link)) return ok(name, `${name} is no bridge`);
  if (files === null) return skip(name, "no base file applies, see base-file");
  if (units !== null && units.get(unit)?.enabled !== "enabled") return ok(name, `${unit} is not enabled`);
  const setting = files.requiredForOnline;
  if (setting !== null && !/^(1|yes|y|true|t|on|degraded|routable|enslaved|carrier)$/i.test(setting.value)) {
    return ok(name, `RequiredForOnline=${setting.value}`);
  }
  const evidence =
    setting === null ? "RequiredForOnline= is not set" : `${setting.path}:${setting.line} says ${setting.value}`;
  const path = `/etc/systemd/network/${files.base.slice(files.base.lastIndexOf("/") + 1)}.d/99-online.conf`;
  return warn(name, [evidence], [...writeFile(path, ["[Link]", "RequiredForOnline=no"]), "networkctl reload"]);
}
