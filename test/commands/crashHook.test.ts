/**
 * A hook that relies on the memory of the run before it, killed or failing at any effect: the next hook, of another guest or
 * of the same, and an apply end where undisturbed ones would have, and nothing temporary is left.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { auditCommand } from "../../src/commands/audit.ts";
import { hookCallOf } from "../../src/commands/hook/hookKinds.ts";
import { runHook } from "../../src/commands/hook/hookRun.ts";
import { type FakeSystem, Killed, type Mishap } from "../support/fakeSystem.ts";
import { contextOf, fixture, hostOf } from "../support/fixture.ts";

const memory = "/run/netkeep/memory";
const guest = (n: number, operation: "add" | "delete", ...addresses: string[]) => [
  ...["--strict", "cloudstack", "-o", operation, "-b", "cloudbr0", "-m", `52:02:00:00:00:0${n}`],
  ...addresses.flatMap((address) => [address.includes(":") ? "-6" : "-4", address]),
];

async function call(host: FakeSystem, words: readonly string[], mishap: Mishap | null = null): Promise<string> {
  host.begin(mishap);
  const context = await contextOf(host);
  try {
    const { exitCode } = await runHook(context, await hookCallOf(context, words, async () => ""));
    return String(exitCode);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return error.message;
  }
}

const packaged = readFileSync(new URL("../../units/50-netkeep-networkd.conf", import.meta.url), "utf8");

/** With two guests, and the memory of the second's call. */
async function hostWithMemory(version: number): Promise<FakeSystem> {
  const host = hostOf({ ...fixture("l3-guest"), networkd: version });
  host.addFile("/etc/systemd/networkd.conf.d/50-netkeep.conf", packaged);
  expect(await call(host, guest(1, "add", "203.0.113.1", "2001:db8:77::1"))).toBe("0");
  expect(await call(host, guest(2, "add", "203.0.113.2"))).toBe("0");
  expect(host.files.text(memory)).not.toBeNull();
  return host;
}

/** The codes of what is left to be found. */
async function repair(host: FakeSystem): Promise<string[]> {
  host.begin(null);
  const { data } = await auditCommand(await contextOf(host), { repair: true });
  return (data as { findings: { code: string }[] }).findings.map(({ code }) => code);
}

function stateOf(host: FakeSystem): string {
  const files = host.files.tree("/etc", "/run", "/var");
  files.delete(memory);
  // Documents are as old as the call that made them.
  const texts = [...files].map(([path, text]) => [path, text.replace(/"changed":\d+/, "")]);
  const entries = [...host.kernel.routes, ...host.kernel.neighbors].map((entry) => JSON.stringify(entry)).sort();
  return JSON.stringify([texts, entries], null, 1);
}

const disturbed = {
  "a new address": guest(2, "add", "203.0.113.3", "2001:db8:77::3"),
  "a guest that leaves": guest(1, "delete"),
  "an address that another guest has": guest(2, "add", "203.0.113.1"),
};

describe.each([252, 257])("networkd %i", (version) => {
  const cases = Object.entries(disturbed).flatMap(([what, words]) =>
    (["kill", "halfway", "fail"] as const).map((how) => ({ what, words, how })),
  );
  test.each(cases)("$what, $how at every effect", async ({ words, how }) => {
    const undisturbed = await hostWithMemory(version);
    expect(await call(undisturbed, words)).toBe("0");
    const { effects, trace } = undisturbed;
    const narrow = !trace.some((line) => line.includes("route show table all"));
    expect(narrow).toBe(true);
    await call(undisturbed, guest(3, "add", "203.0.113.9"));
    const [wanted, left] = [stateOf(undisturbed), await repair(undisturbed)];
    for (let at = 1; at <= effects; at++) {
      const where = `${how} at ${at}: ${trace[at - 1]}`;
      const host = await hostWithMemory(version);
      await call(host, words, { at, how });
      expect(host.struck, where).toBe(true);
      // Another guest's call comes first, and must not be misled; then the agent tries again.
      expect(await call(host, guest(3, "add", "203.0.113.9")), where).toBe("0");
      expect(await call(host, words), where).toBe("0");
      expect(await repair(host), where).toEqual(left);
      expect(stateOf(host), where).toBe(wanted);
      expect(host.temporaryFiles, where).toEqual([]);
    }
  });
});
