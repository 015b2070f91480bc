import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { showCommand } from "../../src/commands/show.ts";
import { outputSchemas } from "../../src/report/schemas.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";

const document = `version: 1
guests:
  - { name: g, dev: cloudbr0, mac: 52:02:45:76:d2:40, addresses: [2.57.57.40, "2001:678:3a4:100::90"] }
routes:
  - { to: 2.57.58.0/24, via: 2.57.57.40, dev: cloudbr0 }
`;

async function shown(...subjects: string[]): Promise<string[]> {
  const made = hostOf(fixture("l3-guest"));
  made.begin(null);
  const context = await contextOf(made);
  const given = [{ owner: "other", source: "other.yaml", path: null, text: document }];
  await applyCommand(context, { ...applyOptions, given });
  const { data, exitCode } = await showCommand(context, subjects);
  expect(exitCode).toBe(0);
  const { owners } = outputSchemas.show.parse(data);
  return owners.flatMap(({ owner, entries }) =>
    entries.map(({ kind, entry }) => `${owner} ${kind} ${entry.split(" ")[0]}`),
  );
}

describe("netkeep show", () => {
  const guest = ["other route 2.57.57.40/32", "other neighbor 2.57.57.40"];

  test.each<[string[], string[]]>([
    [["2.57.57.40"], guest],
    [["2.57.57.40/32"], guest],
    [["2.57.58.7"], ["other route 2.57.58.0/24"]],
    [["2.57.58.0/24"], ["other route 2.57.58.0/24"]],
    [
      ["2.57.58.0/25", "2.57.57.40"],
      [...guest, "other route 2.57.58.0/24"],
    ],
    [["2001:678:3A4:100::90"], ["other route 2001:678:3a4:100::90/128", "other neighbor 2001:678:3a4:100::90"]],
  ])("%j", async (subjects, lines) => {
    expect(await shown(...subjects)).toEqual(lines);
  });

  test("a prefix shows what lies within, of all owners", async () => {
    const lines = await shown("2.57.56.0/22");
    expect(lines).toHaveLength(5);
    expect(new Set(lines.map((line) => line.split(" ")[0])).size).toBe(2);
  });

  test("an owner, a link, and everything", async () => {
    expect(await shown("other")).toHaveLength(5);
    expect(await shown("cloudbr0")).toEqual(await shown());
    expect(await shown("other", "2.57.57.30")).toHaveLength(7);
  });

  test("a broken document is said, and what the drop-ins keep of it has no age", async () => {
    const made = hostOf(fixture("l3-guest"));
    made.begin(null);
    await applyCommand(await contextOf(made), { ...applyOptions, given: [] });
    made.addFile("/etc/netkeep/desired.d/i-2-10-VM.yaml", "version: 1\nguests: 7\n");
    const { text, messages } = await showCommand(await contextOf(made), []);
    expect(messages).toEqual([{ level: "error", text: expect.stringMatching(/i-2-10-VM\.yaml:2[\s\S]*drop-ins say/) }]);
    expect(text).toMatch(/^i-2-10-VM {2}persistent, 4 entries, from \/etc/);
  });

  test("every subject that nothing is known of is named", async () => {
    await expect(shown("9.9.9.9", "other", "br7")).rejects.toMatchObject({
      exitCode: 65,
      message:
        "9.9.9.9 is no owner, and no link or address that documents have entries for\n" +
        "br7 is no owner, and no link or address that documents have entries for\n" +
        "netkeep show lists them all",
    });
  });
});
