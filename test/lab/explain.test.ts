/** One address through all layers of a real host: each layer says what it has, and what is wrong is said once. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "./support/host.ts";
import { netkeep } from "./support/netkeep.ts";
import { suites } from "./support/recipe.ts";
import { bootScenario, guest, mainDocument, waitFor } from "./support/scenario.ts";

interface Explained {
  readonly verdict: string;
  readonly entries: readonly {
    readonly wishes: readonly { readonly place: string }[];
    readonly files: readonly { readonly place: string; readonly loaded: boolean | null }[];
    readonly networkd: { readonly state: string; readonly source: string | null } | null;
    readonly kernel: { readonly by: string } | null;
  }[];
  readonly packets: { readonly explained: boolean | null; readonly text: string };
  readonly problems: readonly { readonly code: string }[];
}

const [address4, address6] = guest.addresses;
const dropIn = "/etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf";

describe.each(suites)("netkeep explain on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootScenario(suite, { "/etc/netkeep/desired.d/guests.yaml": mainDocument });
    expect((await netkeep(host, ["apply"])).exitCode).toBe(0);
  });
  afterAll(() => host?.stop());

  async function explain(subject: string) {
    const result = await netkeep(host, ["explain", subject, "-j"], { reject: false });
    return { exitCode: result.exitCode, ...(JSON.parse(result.stdout) as Explained) };
  }

  test("an address that is in order, on both families, with the lines of document and drop-in", async () => {
    const document = await host.readFile("/etc/netkeep/desired.d/guests.yaml");
    const line = document.split("\n").findIndex((text) => text.includes(address4)) + 1;
    for (const address of guest.addresses) {
      const explained = await explain(address);
      expect(explained, address).toMatchObject({ exitCode: 0, verdict: "in-order", problems: [] });
      expect(explained.packets).toMatchObject({ explained: true, text: expect.stringContaining(guest.mac) });
      expect(explained.entries).toHaveLength(2);
      for (const entry of explained.entries) {
        expect(entry.wishes[0]?.place).toBe(`/etc/netkeep/desired.d/guests.yaml:${line}`);
        // 252 does not say which drop-ins it has loaded.
        expect(entry.files).toMatchObject([{ loaded: suite === "bookworm" ? null : true }]);
        expect(entry.networkd?.state).toBe("configured");
        expect(entry.kernel?.by).toContain("netkeep");
        const [path, at] = entry.files[0]?.place.split(":") ?? [];
        expect(path).toBe(dropIn);
        const section = (await host.readFile(dropIn)).split("\n").slice(Number(at) - 1, Number(at) + 1);
        expect(section.join("\n")).toMatch(new RegExp(`^\\[(Route|Neighbor)\\]\n\\w+=${address}(/|$)`));
      }
    }
    const behind = await explain("2001:db8:100::5");
    expect(behind).toMatchObject({
      exitCode: 0,
      entries: [{ kernel: expect.anything() }],
      packets: { explained: true },
    });
  });

  test("what the text says of networkd is so: what was live first is foreign, and its own after a boot", async () => {
    const text = async () => (await netkeep(host, ["explain", address6])).stdout;
    const sources = async () => (await explain(address6)).entries.map(({ networkd }) => networkd?.source);
    if ((await sources()).every((source) => source !== "static")) {
      expect(await text()).toContain("as usual for what was live before it loaded the file");
    }
    await host.reboot();
    await waitFor(async () => (await explain(address6)).verdict === "in-order");
    expect(await sources()).toContain("static");
    expect(await text()).toContain("it calls the entry its own");
  });

  test("a neighbor that is gone, a route that another hides, an address of nobody", async () => {
    await host.run(["ip", "neigh", "del", address4, "dev", "cloudbr0"]);
    expect(await explain(address4)).toMatchObject({ exitCode: 1, problems: [{ code: "kernel-missing" }] });
    expect(await explain(address6)).toMatchObject({ exitCode: 0 });
    expect((await netkeep(host, ["audit", "--repair"], { reject: false })).exitCode).toBe(0);
    await host.run(["ip", "-6", "route", "add", `${address6}/128`, "dev", "cloudbr1", "metric", "5"]);
    expect(await explain(address6)).toMatchObject({ exitCode: 1, verdict: "drift", problems: [{ code: "not-used" }] });
    await host.run(["ip", "-6", "route", "del", `${address6}/128`, "dev", "cloudbr1", "metric", "5"]);
    expect(await explain("2.57.57.99")).toMatchObject({ exitCode: 1, verdict: "unknown" });
  });
});
