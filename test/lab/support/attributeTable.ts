/** The attributes of routes on hosts of both versions, as a table for docs/. */
import { type Attribute, attributes } from "./attributes.ts";
import type { LabHost } from "./host.ts";
import { ipBatch } from "./network.ts";
import { apply, auditFindings } from "./scenario.ts";

/** What one host says of one attribute; true or the reason. */
export interface Cells {
  readonly dropIn: true | string;
  readonly networkd: true | string;
  readonly live: true | string;
  readonly audit: true | string;
}

const folder = "/etc/systemd/network";

/**
 * Three runs with all of them at once: networkd alone sets them, netkeep alone sets them, and then somebody else changes
 * each. The audit is good if it says nothing before and names each one afterwards.
 */
export async function tryAttributes(host: LabHost): Promise<ReadonlyMap<string, Cells>> {
  // Before 257 networkd waits for the carrier of all links of a multipath route.
  await ipBatch(host, [
    "link add port2 up type veth peer name far2",
    "link set far2 up",
    "link set port2 master cloudbr2",
  ]);
  const document = JSON.stringify({ version: 1, routes: attributes.map((attribute) => attribute.document) });
  const byNetkeep = await setAlone(host, document, "--no-reload");
  await apply(host, "version: 1\n", "attributes");
  const byNetworkd = await setAlone(host, document, "--no-live");
  const dropIns = await host.run(["sh", "-c", `cat ${folder}/*.network.d/60-netkeep.conf`]);
  const sections = dropIns.stdout.split(/^\[Route\]$/m);
  const quiet = await complaints(host);
  await ipBatch(
    host,
    attributes.map(({ altered }) => `route replace ${altered}`),
  );
  const loud = await complaints(host);
  await apply(host, "version: 1\n", "attributes");
  // What was altered is nobody's now.
  const left = attributes.map(({ altered }) => `route del ${altered}`).join("\n");
  await host.run(["ip", "-force", "-batch", "-"], { input: `${left}\n`, reject: false });
  return new Map(
    attributes.map((attribute) => [
      attribute.about,
      {
        dropIn: sections.some((section) => carries(section, attribute)) || "not written",
        networkd: byNetworkd.includes(attribute.line) || `sets ${similar(byNetworkd, attribute)}`,
        live: byNetkeep.includes(attribute.line) || `sets ${similar(byNetkeep, attribute)}`,
        audit: audited(quiet, loud, attribute),
      },
    ]),
  );
}

/** The columns of both versions side by side, and one line for each cell that is no. */
export function attributeTable(results: Readonly<Record<number, ReadonlyMap<string, Cells>>>): string {
  const notes: string[] = [];
  const cell = (...said: readonly (true | string)[]) => {
    const reasons = said.filter((value) => value !== true);
    if (reasons.length === 0) return "yes";
    notes.push(...reasons.filter((reason) => !notes.includes(reason)));
    return `no (${notes.indexOf(reasons[0] as string) + 1})`;
  };
  const rows = attributes.map(({ about, document, keys }) => {
    const [old, recent] = [results[252]?.get(about), results[257]?.get(about)] as [Cells, Cells];
    const cells = [
      about,
      `\`${Object.entries(document).flatMap(shown).join(", ")}\``,
      cell(old.dropIn, recent.dropIn) === "yes" ? keys.map((key) => `\`${key}\``).join(" ") || "yes" : "no",
      cell(old.networkd),
      cell(recent.networkd),
      cell(old.live, recent.live),
      cell(old.audit, recent.audit),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const heads = ["route", "document", "drop-in", "networkd 252", "networkd 257", "live", "audit"];
  return [
    `| ${heads.join(" | ")} |`,
    `|${heads.map(() => "---|").join("")}`,
    ...rows,
    ...(notes.length === 0 ? [] : ["", ...notes.map((note, index) => `${index + 1}. ${note}`)]),
    "",
  ].join("\n");
}

/** @returns the routes of the host, as `ip` prints them */
async function setAlone(host: LabHost, document: string, flag: string): Promise<readonly string[]> {
  const applied = await apply(host, document, "attributes", [flag]);
  if (applied.exitCode !== 0) console.log(`${host.name}, ${flag}: ${applied.stderr}`);
  const families = ["-4", "-6"].map((family) => host.run(["ip", "-o", family, "route", "show", "table", "all"]));
  const lines = (await Promise.all(families)).flatMap(({ stdout }) => stdout.split("\n"));
  return lines.map((line) =>
    line
      .replace(/\\/g, " ")
      .replace(/ (linkdown|pref medium)(?= |$)/g, "")
      .replace(/\s+/g, " ")
      .trim(),
  );
}

/** Whether a [Route] section says all that the attribute needs. */
function carries(section: string, { document, keys }: Attribute): boolean {
  const lines = section.split("\n");
  return [`Destination=${document["to"]}`, ...keys].every((line) => lines.includes(line));
}

function similar(lines: readonly string[], { document }: Attribute): string {
  return lines.filter((line) => line.split(" ").includes(String(document["to"]))).join("; ") || "nothing";
}

/** What the audit says, a finding a line. */
async function complaints(host: LabHost): Promise<readonly string[]> {
  const { findings } = await auditFindings(host);
  return findings.map(({ code, expected, actual }) => `${code} ${expected} ${actual}`);
}

function audited(quiet: readonly string[], loud: readonly string[], { document }: Attribute): true | string {
  const about = (line: string) => line.split(" ").includes(String(document["to"]));
  const before = quiet.find(about);
  if (before !== undefined) return `the audit finds ${before}`;
  return loud.some(about) || "the audit does not see a change";
}

function shown([key, value]: [string, unknown]): string[] {
  if (key === "to" || (key === "dev" && value === "cloudbr0")) return [];
  if (typeof value !== "object") return [`${key}: ${value}`];
  const list = value as { via: string; dev: string; weight: number }[];
  return [`next-hops: ${list.map(({ via, dev, weight }) => `${via} ${dev} ${weight}`).join(", ")}`];
}
