/** Each drift is found with the right code and nothing beyond, repaired where it is ours, and told by the exit status. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Drift, drifts, harmless, type KernelDrift, kernelDrifts, ownGuest, prelude } from "./support/drifts.ts";
import type { LabHost } from "./support/host.ts";
import { netkeep } from "./support/netkeep.ts";
import { suites } from "./support/recipe.ts";
import { apply, bootScenario, mainDocument } from "./support/scenario.ts";

interface Found {
  readonly exitCode: number;
  readonly findings: readonly {
    readonly code: string;
    readonly severity: string;
    readonly expected: string | null;
    readonly actual: string | null;
  }[];
}

test("there are at least forty", () => {
  expect(drifts.length + kernelDrifts.length).toBeGreaterThanOrEqual(60);
});

describe.each(suites)("on %s", (suite) => {
  let host: LabHost;
  const shell = (script: string) => host.run(["bash", "-c", `${prelude}${script}`]);
  const audit = async (...args: string[]): Promise<Found> => {
    const { exitCode, stdout } = await netkeep(host, ["audit", "--json=short", ...args], { reject: false });
    return { exitCode, findings: (JSON.parse(stdout) as Found).findings };
  };
  const expectDryRun = async (exitCode: number) => {
    const before = await state(host);
    expect((await netkeep(host, ["audit", "--repair", "--dry-run"], { reject: false })).exitCode).toBe(exitCode);
    expect(await state(host), "the dry run changes nothing").toBe(before);
  };
  beforeAll(async () => {
    host = await bootScenario(suite, {
      "/etc/netkeep/netkeep.conf": "[Netkeep]\nStaleOwnerSec=0\n",
      "/etc/netkeep/desired.d/.keep": "",
    });
    expect((await apply(host, mainDocument)).exitCode).toBe(0);
    const guest = `printf 'version: 1\\nguests: [{name: v, dev: cloudbr0, mac: "52:00:00:00:00:50", addresses: [2.57.57.50]}]\\n'`;
    await shell(`${guest} | netkeep set vm1 --runtime
      mkdir -p /run/libvirt/qemu
      echo "<domstatus><domain><devices><interface><mac address='52:02:45:76:D2:35'/></interface></devices></domain></domstatus>" > /run/libvirt/qemu/runs.xml`);
    expect(await audit()).toEqual({ exitCode: 0, findings: [] });
  });
  afterAll(() => host?.stop());

  describe("single entries, all wrong at once", () => {
    let found: Found;
    const codesAt = (entry: string) =>
      found.findings.filter(({ expected, actual }) => (expected ?? actual)?.startsWith(entry)).map(({ code }) => code);
    beforeAll(async () => {
      const guests = kernelDrifts.map((_, index) => {
        const { address, address6, mac } = ownGuest(index + 1);
        return { name: `own${index}`, dev: "cloudbr0", mac, addresses: [address, address6] };
      });
      const routes = [{ to: "2001:db8:101::/64", via: "2001:db8:1::10", dev: "cloudbr1" }];
      expect((await apply(host, JSON.stringify({ version: 1, guests, routes }), "own")).exitCode).toBe(0);
      await shell(kernelDrifts.map((drift, index) => `${variables(index)}; ${drift.seed}`).join("\n"));
      found = await audit();
    });

    test.each(kernelDrifts.map((drift, index) => [drift.name, drift, index] as const))("%s", (_, drift, index) => {
      for (const entry of entriesOf(drift, index)) expect([entry, codesAt(entry)]).toEqual([entry, [drift.code]]);
    });

    test("nothing is found beyond that, and a repair sets all of it right", async () => {
      expect(codesOf(found)).toEqual(kernelDrifts.flatMap(({ code, entries }) => entries.map(() => code)).sort());
      expect(found.exitCode).toBe(1);
      await expectDryRun(1);
      expect(await audit("--repair")).toEqual({ exitCode: 0, findings: [] });
      expect((await apply(host, "version: 1\n", "own")).exitCode).toBe(0);
    });
  });

  test.each(drifts.map((drift) => [drift.layer, drift.name, drift] as const))("%s: %s", async (_, __, drift) => {
    let end: Found | undefined;
    try {
      await shell(drift.seed);
      const found = await audit();
      expect(codesOf(found)).toEqual(patterns(drift.codes, suite, found));
      expect(found.exitCode).toBe(exitOf(found));
      if (drift.left === undefined) await expectDryRun(exitOf(found));
      const repaired = await audit("--repair");
      expect(codesOf(repaired)).toEqual(patterns(drift.left ?? [], suite, repaired));
      expect(repaired.exitCode).toBe(exitOf(repaired));
    } finally {
      // Whatever was wrong here, the next case begins with a host that is right.
      if (drift.undo !== undefined) await shell(drift.undo);
      end = await audit("--repair");
    }
    expect(codesOf(end)).toEqual([]);
    expect(end.exitCode).toBe(0);
  });

  test.each(harmless.map((right) => [right.name, right] as const))("nothing to find: %s", async (_, right) => {
    await shell(right.seed);
    expect(await audit()).toEqual({ exitCode: 0, findings: [] });
    await shell(right.undo ?? "true");
    expect(await audit()).toEqual({ exitCode: 0, findings: [] });
  });
});

function variables(index: number): string {
  const { address, address6, mac } = ownGuest(index + 1);
  return `A=${address} A6=${address6} M=${mac}`;
}

function entriesOf({ entries }: KernelDrift, index: number): string[] {
  const { address, address6 } = ownGuest(index + 1);
  return entries.map((entry) => entry.replace(/\bA6(?=[ /])/, address6).replace(/\bA(?=[ /])/, address));
}

function codesOf({ findings }: Found): string[] {
  return findings.map(({ code }) => code).sort();
}

/** What was expected in the form of what was found, so that a difference reads well. */
function patterns(
  codes: Drift["codes"],
  suite: Parameters<Extract<Drift["codes"], (...args: never) => unknown>>[0],
  found: Found,
): string[] {
  const list = typeof codes === "function" ? codes(suite) : codes;
  const count = (code: string) => found.findings.filter((finding) => finding.code === code).length;
  return list
    .flatMap((pattern) => {
      const code = pattern.replace(/[+?]$/, "");
      if (pattern.endsWith("?")) return Array<string>(count(code)).fill(code);
      return pattern.endsWith("+") ? Array<string>(Math.max(1, count(code))).fill(code) : [code];
    })
    .sort();
}

function exitOf({ findings }: Found): number {
  return findings.some(({ severity }) => severity !== "info") ? 1 : 0;
}

/** Without the kernel's own routes: those of a link-local address come and go with duplicate address detection. */
async function state(host: LabHost): Promise<string> {
  const script = `{ ip route show table all; ip -6 route show table all; } | grep -v 'proto kernel'
    ip neigh show nud permanent
    find /etc/systemd/network /run/systemd/network /run/netkeep /var/lib/netkeep -not -name lock -printf '%p %m %T@ %s\\n' | sort`;
  return (await host.run(["bash", "-c", script])).stdout;
}
