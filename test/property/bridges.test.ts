/** Owners ask for bridges, change and drop them, and others spoil them: each apply ends in what the documents say. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand } from "../../src/commands/audit.ts";
import type { FakeSystem } from "../support/fakeSystem.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";

const runs = Number(process.env["NETKEEP_PROPERTY_RUNS"] ?? 25);
const names = ["brdr-1", "br.2"] as const;
const addresses = ["169.254.0.1/32", "fe80::1/64", "10.9.0.1/24", "2001:db8:5::1/64"];

const bridge = fc.record(
  {
    mac: fc.constantFrom("0e:00:00:00:00:01", "0E-00-00-00-00-02"),
    addresses: fc.uniqueArray(fc.constantFrom(...addresses), { minLength: 1, maxLength: 3 }),
    forwarding: fc.boolean(),
    "arp-ignore": fc.constantFrom(0, 1),
    "rp-filter": fc.constantFrom("off", "strict", "loose"),
  },
  { requiredKeys: ["mac", "addresses"] },
);
type BridgeInput = typeof bridge extends fc.Arbitrary<infer T> ? T : never;

const spoils: Readonly<Record<string, (host: FakeSystem, link: string) => void>> = {
  none: () => undefined,
  gone: (host, link) => ip(host, `link del dev ${link}`),
  mac: (host, link) => ip(host, `link set dev ${link} address 0e:00:00:00:00:77`),
  group: (host, link) => ip(host, `link set dev ${link} group 0`),
  down: (host, link) => Object.assign(linkOf(host, link) ?? {}, { flags: [] }),
  address: (host, link) => void linkOf(host, link)?.addr_info.pop(),
  sysctl: (host, link) => host.addFile(`/proc/sys/net/ipv4/conf/${link}/forwarding`, "5"),
  files: (host, link) => {
    for (const path of host.files.tree("/etc").keys())
      if (path.includes(`60-netkeep-${link}.net`)) host.files.delete(path);
  },
};

const step = fc.record({
  link: fc.constantFrom(...names),
  bridge: fc.option(bridge),
  guests: fc.integer({ min: 0, max: 2 }),
  spoil: fc.constantFrom(...Object.keys(spoils)),
});

function linkOf(host: FakeSystem, name: string) {
  return host.kernel.links.find(({ ifname }) => ifname === name);
}

function ip(host: FakeSystem, line: string): void {
  if (linkOf(host, line.split(" ")[3] ?? "") !== undefined) host.kernel.ip(["-force", "-batch", "-"], `${line}\n`);
}

function documentOf(link: string, wanted: BridgeInput | null, guests: number): string {
  const list = Array.from({ length: guests }, (_, index) => ({
    ...{ name: `g${index}`, dev: link, mac: `52:00:00:00:00:0${index + 1}` },
    addresses: [`203.0.113.${index + 1}`, `2001:db8:9::${index + 1}`],
  }));
  if (wanted === null) return JSON.stringify({ version: 1 });
  return JSON.stringify({ version: 1, links: { [link]: { bridge: wanted } }, guests: list });
}

describe.each([252, 257, null])("networkd %s", (version) => {
  test("apply converges, is idempotent, and leaves nothing behind", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
        const host = hostOf({ ...fixture("no-base-file"), networkd: version });
        host.files.delete("/etc/netkeep/desired.d/i-2-10-VM.yaml");
        host.addFile("/var/lib/netkeep/owners/keep", "");
        if (version === null) {
          host.files.delete("/usr/lib/systemd/system/multi-user.target.wants/systemd-networkd.service");
        }
        const apply = async (owner: string, text: string) => {
          host.begin();
          const given = [{ owner, source: "stdin", path: null, text }];
          const { exitCode, messages } = await applyCommand(await contextOf(host), { ...applyOptions, given });
          return { exitCode, said: messages.map((message) => message.text).join("\n") };
        };
        const expectClean = async () => {
          host.begin();
          const { data } = await auditCommand(await contextOf(host), { repair: false });
          expect((data as { findings: object[] }).findings).toEqual([]);
        };
        // Each link has an owner of its own, and its guests their own addresses.
        for (const { link, bridge: wanted, guests, spoil } of steps) {
          const text = documentOf(link, wanted, link === "brdr-1" ? guests : 0);
          spoils[spoil]?.(host, link);
          const first = await apply(link, text);
          expect(first, first.said).toMatchObject({ exitCode: 0 });
          await expectClean();
          const lines = host.kernel.lines.length;
          expect(await apply(link, text)).toEqual({ exitCode: 0, said: expect.stringMatching(/nothing to do$/) });
          expect(host.kernel.lines.length).toBe(lines);
          const made = linkOf(host, link);
          if (wanted === null) expect(made).toBeUndefined();
          else {
            expect(made).toMatchObject({ address: wanted.mac.toLowerCase().replaceAll("-", ":"), group: "107" });
            const found = made?.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
            expect(found?.sort()).toEqual([...wanted.addresses].sort());
          }
        }
        for (const link of names) await apply(link, JSON.stringify({ version: 1 }));
        expect([...host.files.tree("/etc/systemd/network", "/etc/sysctl.d").keys()]).toEqual([]);
        expect(names.map((name) => linkOf(host, name))).toEqual([undefined, undefined]);
      }),
      { numRuns: runs },
    );
  });
});
