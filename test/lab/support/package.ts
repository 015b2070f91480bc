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

const built = new Map<string, Promise<readonly string[]>>();

/** Path of the .deb on this machine. */
export async function buildPackage(revision = "1"): Promise<string> {
  return find(revision, ".deb");
}

/** The .rpm, where the machine has rpmbuild. */
export async function installRpm(host: LabHost, how: "--install" | "--upgrade", revision = "1"): Promise<void> {
  await host.copyIn(await find(revision, ".rpm"), "/root/netkeep.rpm");
  // Debian's packages have other names and are unknown to it.
  await rpm(host, [how, "--nodeps", "/root/netkeep.rpm"]);
}

export async function installPackage(host: LabHost, revision = "1"): Promise<void> {
  await host.copyIn(await buildPackage(revision), "/root/netkeep.deb");
  await apt(host, ["install", "/root/netkeep.deb"]);
}

/** Debian 12 wants to be told that this is meant. */
export async function rpm(host: LabHost, args: readonly string[]) {
  return host.run(["rpm", ...(host.suite === "bookworm" ? ["--force-debian"] : []), ...args]);
}

export async function apt(host: LabHost, args: readonly string[]) {
  const words = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-q", "-o", "Dpkg::Use-Pty=0", ...args];
  return host.run(words, { timeoutMs: 120_000 });
}

async function find(revision: string, suffix: string): Promise<string> {
  const made = built.get(revision) ?? build(revision);
  built.set(revision, made);
  const path = (await made).find((name) => name.endsWith(suffix));
  if (path === undefined) throw new Error(`no ${suffix} was made, but ${await made}`);
  return path;
}

async function build(revision: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "netkeep-deb-"));
  cleanUpAtExit(() => void rm(folder, { recursive: true, force: true }));
  const args = [inRepo("scripts/package.mjs"), "--output", folder, "--revision", revision];
  const { stdout } = await execa(process.execPath, args, { env: { SOURCE_DATE_EPOCH: "1700000000" } });
  return stdout.split("\n");
}
