import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import * as z from "zod";
import { loadSettings } from "../../src/commands/settings.ts";
import type { CommandContext } from "../../src/context.ts";
import { plainStyle } from "../../src/report/style.ts";
import { type FakeSystem, makeHost } from "./fakeSystem.ts";
import type { IpOutput } from "./ipJson.ts";

const caseSchema = z.strictObject({
  /** What the case shows, for people. */
  about: z.string().min(10),
  /** The version of the networkd that runs; null for none. */
  networkd: z.int().nullable(),
  adopt: z.boolean().default(false),
  /** Of `netkeep apply`. */
  exitCode: z.int(),
});

/** One folder of fixtures/. */
export interface Fixture extends z.infer<typeof caseSchema> {
  readonly name: string;
  readonly folder: string;
}

export const fixturesFolder = new URL("../../fixtures/", import.meta.url).pathname;

export function listFixtures(): Fixture[] {
  const names = readdirSync(fixturesFolder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names.map(({ name }) => {
    const folder = join(fixturesFolder, name);
    return { name, folder, ...caseSchema.parse(JSON.parse(readFileSync(join(folder, "case.json"), "utf8"))) };
  });
}

export function fixture(name: string): Fixture {
  const found = listFixtures().find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`there is no fixture ${name}`);
  return found;
}

/** Folder of a fixture → directory on the host. */
const inputs: Readonly<Record<string, string>> = {
  desired: "/etc/netkeep/desired.d",
  owners: "/var/lib/netkeep/owners",
  "runtime-owners": "/run/netkeep/owners",
  "current/etc": "/etc",
  "current/run": "/run",
  "current/usr": "/usr",
};

/** The host that the fixture describes, in memory. */
export function hostOf({ folder, networkd }: Fixture): FakeSystem {
  const host = makeHost({ ip: readIp(join(folder, "current/ip")), networkd });
  for (const [from, to] of Object.entries(inputs)) {
    for (const file of filesBelow(join(folder, from))) {
      const path = `${to}/${file.name}`;
      if (file.text === null) host.addMask(path);
      else host.addFile(path, file.text);
    }
  }
  host.boot();
  return host;
}

/** What a real kernel came to with the expected commands; null for a case without any. */
export function expectedKernel({ folder }: Fixture): Omit<IpOutput, "address"> | null {
  const ip = join(folder, "expected/ip");
  if (!existsSync(ip)) return null;
  const read = (name: string) => JSON.parse(readFileSync(join(ip, `${name}.json`), "utf8"));
  return { route4: read("route4"), route6: read("route6"), neigh: read("neigh"), ...readRules(ip) };
}

export function readIp(folder: string): IpOutput {
  const read = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  const kernel = { route4: read("route4"), route6: read("route6"), neigh: read("neigh"), address: read("address") };
  return { ...kernel, ...readRules(folder) };
}

/** Captured only where there are others than the kernel's own. */
function readRules(folder: string): Pick<IpOutput, "rule4" | "rule6"> {
  if (!existsSync(join(folder, "rule4.json"))) return {};
  const read = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  return { rule4: read("rule4"), rule6: read("rule6") };
}

export async function contextOf(host: FakeSystem): Promise<CommandContext> {
  return { system: host.system, settings: await loadSettings(host.system), style: plainStyle };
}

export const applyOptions = { runtime: false, adopt: false, dryRun: false, live: true, reload: true };

/** Path below `expected/` → text, as stored; or as to be stored, with UPDATE_FIXTURES=1, which writes them. */
export function expectedTree({ folder }: Fixture, actual: ReadonlyMap<string, string>): Map<string, string> {
  const expected = join(folder, "expected");
  if (process.env["UPDATE_FIXTURES"] === "1") {
    for (const { name } of filesBelow(expected)) if (!name.startsWith("ip/")) rmSync(join(expected, name));
    for (const [name, text] of actual) {
      mkdirSync(dirname(join(expected, name)), { recursive: true });
      writeFileSync(join(expected, name), text);
    }
  }
  const stored = filesBelow(expected).filter(({ name }) => !name.startsWith("ip/"));
  return new Map(stored.map(({ name, text }) => [name, text ?? ""]));
}

/** `text` is null for a symbolic link, which is a mask. */
function filesBelow(folder: string, top = folder): { name: string; text: string | null }[] {
  let entries: import("node:fs").Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path, top);
      if (entry.isSymbolicLink() && readlinkSync(path) !== "/dev/null")
        throw new Error(`${path} is a link to elsewhere`);
      return [{ name: relative(top, path), text: entry.isSymbolicLink() ? null : readFileSync(path, "utf8") }];
    });
}
