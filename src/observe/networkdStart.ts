import type { System } from "../system/system.ts";

/** Where systemd looks for units, highest first (systemd.unit(5)). */
const unitPlaces = ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"].map(
  (directory) => `${directory}/system`,
);
const generatorPlaces = ["generator.early", "generator", "generator.late"].map((name) => `/run/systemd/${name}`);

/**
 * Why no networkd will look after links of this host, not even after a boot: it is masked, not installed, or nothing starts
 * it. Told by files, because it is asked before there is a bus, and one that only failed or is still to start counts.
 *
 * @returns null if it starts at boot
 */
export async function whyNetworkdNeverStarts(system: System): Promise<string | null> {
  if (system.offline) return null;
  for (const directory of unitPlaces) {
    const path = `${directory}/systemd-networkd.service`;
    const target = await system.linkTarget(path);
    if (target === "/dev/null") return "systemd-networkd is masked";
    if (target === null && (await system.modified(path)) === null) continue;
    // wait-online binds to networkd, the socket activates it.
    const enabled = await isWanted(system, /^systemd-networkd(-wait-online(@.*)?)?\.(service|socket)$/);
    return enabled ? null : "systemd-networkd is disabled";
  }
  return "systemd-networkd is not installed";
}

/** How networkd is masked, which is how it is unmasked: in /etc for good, or in /run until the next boot. */
export async function maskOfNetworkd(system: System): Promise<"persistent" | "runtime" | null> {
  if (system.offline) return null;
  const isMasked = async (top: string) =>
    (await system.linkTarget(`${top}/systemd/system/systemd-networkd.service`)) === "/dev/null";
  if (await isMasked("/etc")) return "persistent";
  return (await isMasked("/run")) ? "runtime" : null;
}

/** Whether any unit wants or requires a unit of this name, as `systemctl enable` and generators arrange it. */
export async function isWanted(system: System, unit: RegExp): Promise<boolean> {
  for (const directory of [...unitPlaces, ...generatorPlaces]) {
    if (directory.startsWith("/lib/") && /^\/?usr\/lib$/.test((await system.linkTarget("/lib")) ?? "")) continue;
    const names = await system.list(directory).catch(() => []);
    for (const name of names.filter((candidate) => /\.(wants|requires)$/.test(candidate))) {
      const wanted = await system.list(`${directory}/${name}`).catch(() => []);
      if (wanted.some((candidate) => unit.test(candidate))) return true;
    }
  }
  return false;
}
