/**
 * The built product on a lab host, where the package puts it. Tests run what ships: dist/netkeep.mjs under the
 * distribution's own Node, not the sources.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LabHost } from "./host.ts";
import type { RunOptions, RunResult } from "./inside.ts";

/** Takes effect for networkd.conf only when networkd starts: restart it, or call this before the first boot matters. */
export async function installNetkeep(host: LabHost): Promise<void> {
  const bundle = inRepo("dist/netkeep.mjs");
  if (!existsSync(bundle)) throw new Error("dist/netkeep.mjs is missing: run `npm run build` first");
  await host.copyIn(bundle, "/usr/lib/netkeep/netkeep.mjs");
  await host.writeFile("/usr/bin/netkeep", launcher, 0o755);
  await host.copyIn(inRepo("bin/netkeep-hook"), "/usr/bin/netkeep-hook", 0o755);
  await host.run(["mkdir", "-p", "/var/cache/netkeep"]);
  const settings = inRepo("units/50-netkeep-networkd.conf");
  if (existsSync(settings)) await host.copyIn(settings, "/etc/systemd/networkd.conf.d/50-netkeep.conf");
}

export async function netkeep(host: LabHost, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return host.run(["netkeep", ...args], options);
}

const launcher = '#!/bin/sh\nexec node /usr/lib/netkeep/netkeep.mjs "$@"\n';

export function inRepo(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}
