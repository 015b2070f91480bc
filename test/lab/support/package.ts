/**
 * netkeep as its package installs it. The package is built once for each revision and test process; apt gets nothing from
 * the network, for all that the package depends on is there.
 */
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { cleanUpAtExit } from "./cleanup.ts";
import type { LabHost } from "./host.ts";
import { inRepo } from "./netkeep.ts";

const built = new Map<string, Promise<string>>();

/** Path of the .deb on this machine. */
export function buildPackage(revision = "1"): Promise<string> {
  const made = built.get(revision) ?? build(revision);
  built.set(revision, made);
  return made;
}

export async function installPackage(host: LabHost, revision = "1"): Promise<void> {
  await host.copyIn(await buildPackage(revision), "/root/netkeep.deb");
  await apt(host, ["install", "/root/netkeep.deb"]);
}

export async function apt(host: LabHost, args: readonly string[]) {
  const words = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q", "-o", "Dpkg::Use-Pty=0", ...args];
  return host.run(words, { timeoutMs: 120_000 });
}

async function build(revision: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "netkeep-deb-"));
  cleanUpAtExit(() => void rm(folder, { recursive: true, force: true }));
  const args = [inRepo("scripts/package.mjs"), "--output", folder, "--revision", revision];
  const { stdout } = await execa(process.execPath, args, { env: { SOURCE_DATE_EPOCH: "1700000000" } });
  const path = stdout.split("\n").find((line) => line.endsWith(".deb"));
  if (path === undefined) throw new Error(`no .deb was made:\n${stdout}`);
  return path;
}
