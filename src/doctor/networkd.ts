import { type Check, fail, type Outcome, ok, skip, warn, withoutKernel } from "./check.ts";
import type { Facts } from "./facts.ts";

const unit = "systemd-networkd.service";

export const networkdRunning: Check = {
  code: "networkd-running",
  about: "networkd runs, can be reached, and starts at boot",
  why:
    "Without networkd nothing sets the entries again after a reboot, nor when a link went down and up. netkeep sets them " +
    "in the kernel all the same.",
  examine: (facts) => [examineRunning(facts)],
};

function examineRunning({ offline, networkd, units, links }: Facts): Outcome {
  if (offline) return withoutKernel;
  const needless = links.length > 0 && links.every(({ live }) => live !== null);
  if (needless && !networkd.running) return ok(null, `${networkd.reason}, and all links are kept live`);
  const enabled = units?.get(unit)?.enabled ?? "";
  const masked = enabled === "masked" || enabled === "masked-runtime";
  // Its socket is masked with it, where that was meant, and keeps it from being enabled.
  const inRun = enabled === "masked-runtime" ? "--runtime " : "";
  const unmask = masked ? [`systemctl unmask ${inRun}${unit} systemd-networkd.socket`] : [];
  if (!networkd.running) return fail(null, [networkd.reason], [...unmask, `systemctl enable --now ${unit}`]);
  if (masked || enabled === "disabled" || enabled === "indirect") {
    const fix = [...unmask, `systemctl enable ${unit}`];
    return fail(null, [`systemd-networkd runs, and is ${enabled}: it does not start at boot`], fix);
  }
  const boot = units === null ? "; systemd does not say whether it starts at boot" : "";
  return ok(null, `systemd-networkd runs${boot}`);
}

/** Measured: 252.39 and 257.13 through and through, 262.1 for reloads and limits. */
const [oldest, measured, good, newest] = [252, [252, 257, 262], 257, 262];

export const networkdVersion: Check = {
  code: "networkd-version",
  about: "the version of networkd is one that netkeep knows",
  why:
    "Versions differ in what a reload deletes. Before 252 there is no JSON that says which file applies to a link, and a " +
    "reload misses removed drop-ins. Until 256 a reload deletes permanent neighbors of others, and a link that failed " +
    "takes no change until it is set up anew; netkeep works around both.",
  examine: (facts) => [examineVersion(facts)],
};

function examineVersion({ networkd }: Facts): Outcome {
  const { version, replaced } = networkd;
  if (version === null) return skip(null, "the version of systemd is not known");
  if (version < oldest) {
    const fix = ["# upgrade the distribution: systemd 252 is the oldest that is supported, 257 the best"];
    return fail(null, [`systemd ${version}: too old`], fix);
  }
  if (replaced === true) {
    const evidence = `systemd ${version} is installed, and networkd still runs from the program before the upgrade`;
    return warn(null, [evidence], [`systemctl restart ${unit}`]);
  }
  const evidence = [`systemd ${version}`];
  if (version < good) {
    evidence.push("a reload deletes permanent neighbors of others, which netkeep sets again right after");
    evidence.push("a link that failed needs networkctl reconfigure");
  }
  if (measured.includes(version)) return ok(null, ...evidence);
  const like = version > newest ? `later than ${newest}, the newest that was measured` : "not measured";
  const fix = [`# try it on one host first: netkeep treats ${version} like ${version < good ? oldest : good}`];
  return version > oldest && version < newest && version > good
    ? ok(null, ...evidence, `not measured, but 257 and 262 were`)
    : warn(null, [...evidence, like], fix);
}
