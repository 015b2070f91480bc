import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyCommand } from "../src/commands/apply.ts";
import { auditCommand } from "../src/commands/audit.ts";
import type { CommandContext } from "../src/context.ts";
import { defaultSettings } from "../src/desired/settings.ts";
import { exitCodes } from "../src/errors.ts";
import { plainStyle } from "../src/report/style.ts";
import {
  buildIfStale,
  commandsOf,
  fences,
  flagItems,
  flagsOf,
  generate,
  help,
  read,
  repo,
  section,
} from "./support/docs.ts";
import type { FakeSystem } from "./support/fakeSystem.ts";
import { applyOptions, fixture, hostOf } from "./support/fixture.ts";

/** The README's example, its output and its tables are those of the program. */
const readme = read("README.md");
const manual = read("docs/netkeep.8");
const temporary = mkdtempSync(join(tmpdir(), "netkeep-readme-"));

beforeAll(buildIfStale);
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe("README", () => {
  test("the drop-in of the README is what is generated", () => {
    const folder = mkdtempSync(join(temporary, "readme-"));
    const base = join(folder, "root/etc/systemd/network/10-cloudbr0.network");
    mkdirSync(dirname(base), { recursive: true });
    writeFileSync(base, "[Match]\nName=cloudbr0\n");
    expect(generate(folder, fences(readme).find((fence) => fence.language === "yaml")?.text ?? "").status).toBe(
      exitCodes.asDesired,
    );
    const generated = readFileSync(`${base}.d/60-netkeep.conf`, "utf8");
    expect(fences(readme).find((fence) => fence.language === "ini")?.text).toBe(generated);
  });

  test("plays as it stands, on a host in memory", async () => {
    const host = hostOf(fixture("l3-guest"));
    host.files.delete("/etc/netkeep/desired.d/i-2-10-VM.yaml");
    const base = "/etc/systemd/network/10-cloudbr0.network";
    let document = "";
    const played: string[] = [];
    for (const { language, text } of fences(readme)) {
      if (language === "yaml") document = text;
      if (language === "ini") expect(host.files.text(`${base}.d/60-netkeep.conf`)).toBe(text);
      if (language !== "console") continue;
      for (const [, command = "", output = ""] of text.matchAll(/^# (.*)\n((?:(?!# ).*\n)*)/gm)) {
        const said = await play(host, command, document, output);
        expect(neighborsSorted(said), command).toBe(neighborsSorted(output));
        played.push(command);
      }
    }
    expect(played).toHaveLength(8);
    expect(host.files.text(`${base}.d/60-netkeep.conf`)).toBeNull();
  });

  test("has every command with its own flags, and no other", () => {
    const rows = [...readme.matchAll(/^\| `netkeep (\w+)[^|]*(?:\\\|[^|]*)*\|[^|]*\|([^|]*)\|$/gm)];
    expect(rows.map((row) => row[1]).sort()).toEqual(commandsOf(help()).sort());
    const common = flagItems(section(manual, "OPTIONS").split("instead of a command")[0] ?? "");
    for (const [, command = "", cell = ""] of rows) {
      const own = [...cell.matchAll(/`(--?[\w-]+)`/g)].map((match) => match[1] ?? "");
      expect([...common, ...own].sort(), command).toEqual(flagsOf(help(command)).sort());
    }
  });

  test("has every exit status, and no other", () => {
    const table = readme.slice(readme.indexOf("| exit status |"));
    const rows = table.slice(0, table.indexOf("\n\n")).matchAll(/^\| (\d+) \|/gm);
    expect([...rows].map((row) => Number(row[1]))).toEqual(Object.values(exitCodes));
  });

  test("links to what is there", () => {
    for (const [, path = "", anchor] of readme.matchAll(/\]\(([\w./-]*)(?:#([\w-]+))?\)/g)) {
      expect(path === "" || existsSync(join(repo, path)), path).toBe(true);
      if (anchor === undefined) continue;
      const headings = [...read(path === "" ? "README.md" : path).matchAll(/^#+ (.*)$/gm)];
      const anchors = headings.map((heading) =>
        (heading[1] ?? "")
          .toLowerCase()
          .replace(/[^\w -]/g, "")
          .replaceAll(" ", "-"),
      );
      expect(anchors, path).toContain(anchor);
    }
  });

  test("names scripts of package.json", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    for (const [, name = ""] of readme.matchAll(/npm run (\w+)/g)) expect(Object.keys(scripts)).toContain(name);
  });
});

/** One command of a console block, as a user would run it; what it prints on stdout and then on stderr. */
async function play(host: FakeSystem, command: string, document: string, shown: string): Promise<string> {
  host.begin();
  const context: CommandContext = { system: host.system, settings: defaultSettings, style: plainStyle };
  const given = [{ owner: "guests", source: "guests.yaml", path: "/root/guests.yaml", text: document }];
  const commands: Readonly<Record<string, () => ReturnType<typeof applyCommand>>> = {
    "netkeep apply guests.yaml": () => applyCommand(context, { ...applyOptions, given }),
    "netkeep audit": () => auditCommand(context, { repair: false }),
    "netkeep audit --repair": () => auditCommand(context, { repair: true }),
  };
  const run = commands[command];
  if (run !== undefined) {
    const { messages, text } = await run();
    return `${text}${messages.map((message) => `${message.text}\n`).join("")}`;
  }
  if (command.includes("show")) return showKernel(host, command, shown);
  return host.kernel.ip(["-force", "-batch", "-"], `${command.replace(/^ip /, "")}\n`).stdout;
}

/** The kernel lists neighbors in an order of its own, and they are deleted in that order. */
function neighborsSorted(text: string): string {
  return text.replace(/(?:^- neighbor .*\n)+/gm, (lines) => `${lines.trimEnd().split("\n").sort().join("\n")}\n`);
}

/** The lines that are shown, if they and no others are what the kernel has: `ip` prints them in its own words. */
function showKernel({ kernel }: FakeSystem, command: string, shown: string): string {
  const lines = shown.split("\n").filter((line) => line !== "");
  const found = command.includes("neigh")
    ? kernel.neighbors.filter((item) => item.state.includes("PERMANENT")).map((item) => `${item.dst} ${item.lladdr}`)
    : kernel.routes
        .filter((route) => route.protocol === "107" && route.dst.includes(":") === command.includes("-6"))
        .map((route) => `${route.dst} ${route.dev}`);
  const said = lines.map((line) => {
    const [address, , link, , mac] = line.split(" ");
    return `${address} ${command.includes("neigh") ? mac : link}`;
  });
  return said.sort().join("\n") === found.sort().join("\n") ? shown : found.join("\n");
}
