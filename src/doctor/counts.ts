import { routeLimit } from "../plan/limits.ts";
import { type Check, fail, type Outcome, ok, skip, warn } from "./check.ts";
import type { Facts, LinkFiles, LinkSituation } from "./facts.ts";
import { setSysctls, writeFile } from "./shell.ts";

/** What networkd has open besides, measured: 1000 drop-ins pass a limit of 1024 once, and 995 always do. */
const reserve = 124;

export const dropInCount: Check = {
  code: "drop-in-count",
  about: "networkd can open all drop-ins of a link at once",
  why:
    "From 257 on networkd has all drop-ins of a link open while it reads them. Above its limit of open files it drops the " +
    "link with all its entries.",
  examine: (facts) => facts.links.map((link) => onFiles(link, (files) => examineDropIns(link.name, files, facts))),
};

function examineDropIns(name: string, { dropIns }: LinkFiles, { networkd }: Facts): Outcome {
  const evidence = `${dropIns.length} drop-ins`;
  if (networkd.version !== null && networkd.version < 257)
    return ok(name, `${evidence}; systemd ${networkd.version} has no limit`);
  const limit = networkd.fileLimit ?? 1024;
  const room = limit - reserve;
  const about = `${evidence}, and networkd may have ${limit} files open`;
  const fix = [
    "# put many entries into few files; or",
    ...writeFile("/etc/systemd/system/systemd-networkd.service.d/50-files.conf", ["[Service]", "LimitNOFILE=65536"]),
    "systemctl daemon-reload",
    "systemctl restart systemd-networkd",
  ];
  if (dropIns.length > room) return fail(name, [about], fix);
  return dropIns.length > room * 0.8 ? warn(name, [about], fix) : ok(name, about);
}

export const routeCount: Check = {
  code: "route-count",
  about: "networkd loads all [Route] sections of a link",
  why:
    "From 257 on networkd takes no more [Route] sections for a link than net.ipv4.route.max_size and " +
    "net.ipv6.route.max_size allow together, 8192 by default. It ignores the rest and calls the link configured.",
  examine: (facts) => facts.links.map((link) => onFiles(link, (files) => examineRoutes(link.name, files, facts))),
};

function examineRoutes(name: string, { routes }: LinkFiles, { networkd, sysctls }: Facts): Outcome {
  const size = (family: "ipv4" | "ipv6") => {
    const text = sysctls.get(`net.${family}.route.max_size`);
    return text === undefined ? null : Number(text);
  };
  const limit = routeLimit(networkd.version, [size("ipv4"), size("ipv6")]);
  const evidence = `${routes} [Route] sections; networkd loads ${limit}, and netkeep gives a link no more`;
  const fix = [
    ...setSysctls("routes", { "net.ipv6.route.max_size": 100_000 }),
    "# networkd reads it when it starts",
    "systemctl restart systemd-networkd",
  ];
  if (routes > limit) return fail(name, [evidence], limit < 20_000 ? fix : ["# spread the routes over several links"]);
  return routes > limit * 0.8 ? warn(name, [evidence], fix) : ok(name, evidence);
}

function onFiles(link: LinkSituation, examine: (files: LinkFiles) => Outcome): Outcome {
  return link.files === null ? skip(link.name, "no base file applies, see base-file") : examine(link.files);
}
