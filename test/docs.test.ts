import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyCommand } from "../src/commands/apply.ts";
import { auditCommand } from "../src/commands/audit.ts";
import type { CommandContext } from "../src/commands/context.ts";
import { knownKeys } from "../src/desired/schema.ts";
import { defaultSettings, readSettings } from "../src/desired/settings.ts";
import { exitCodes } from "../src/errors.ts";
import { findingCodes } from "../src/model/finding.ts";
import { places } from "../src/model/places.ts";
import { plainStyle } from "../src/report/style.ts";
import type { FakeSystem } from "./support/fakeSystem.ts";
import { applyOptions, fixture, hostOf } from "./support/fixture.ts";

/** What README and manual pages say is what the program does: commands, flags, numbers, keys, examples and their output. */
const repo = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(join(repo, path), "utf8");
const [readme, manual, statePage, confPage] = [
  read("README.md"),
  read("docs/netkeep.8"),
  read("docs/netkeep-state.5"),
  read("docs/netkeep.conf.5"),
];
const pages = { "netkeep.8": manual, "netkeep-state.5": statePage, "netkeep.conf.5": confPage };
const temporary = mkdtempSync(join(tmpdir(), "netkeep-docs-"));

beforeAll(buildIfStale);
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe("netkeep.8", () => {
  const commandItems = section(manual, "COMMANDS")
    .split(/^(?=\.It Ic )/m)
    .slice(1);

  test("has every command of the program, and no other", () => {
    const documented = commandItems.map((item) => /^\.It Ic (\S+)/.exec(item)?.[1]);
    expect(documented.sort()).toEqual([...commandsOf(help()), "help"].sort());
  });

  test("has every flag of every command, and no other", () => {
    const common = flagItems(section(manual, "OPTIONS").split("instead of a command")[0] ?? "");
    expect(common.length).toBeGreaterThan(5);
    for (const command of commandsOf(help())) {
      const own = flagItems(commandItems.find((item) => item.startsWith(`.It Ic ${command}`)) ?? "");
      expect([...common, ...own].sort(), command).toEqual(flagsOf(help(command)).sort());
    }
    expect(flagItems(section(manual, "OPTIONS").split("instead of a command")[1] ?? "").sort()).toEqual(
      flagsOf(help()).sort(),
    );
  });

  test("has the arguments of every command", () => {
    for (const command of commandsOf(help())) {
      const argument = /\[options\] \[(\S+?)\]$/m.exec(help(command))?.[1]?.replace("...", " ...").replace("|", " | ");
      const item = commandItems.find((text) => text.startsWith(`.It Ic ${command}`)) ?? "";
      expect(item.split("\n")[0], command).toBe(
        `.It Ic ${command}${argument === undefined ? "" : ` Op Ar ${argument}`}`,
      );
    }
  });

  test("has every exit status with its number and the name of sysexits(3)", () => {
    const items = [...section(manual, "EXIT STATUS").matchAll(/^\.It (\d+)(?: Pq (EX_\w+))?$/gm)];
    const sysexits: Readonly<Record<string, string>> = {
      usage: "EX_USAGE",
      badData: "EX_DATAERR",
      unavailable: "EX_UNAVAILABLE",
      busy: "EX_TEMPFAIL",
      notPermitted: "EX_NOPERM",
      badSettings: "EX_CONFIG",
    };
    const expected = Object.entries(exitCodes).map(([name, number]) => [number, sysexits[name]]);
    expect(items.map((item) => [Number(item[1]), item[2]])).toEqual(expected);
  });

  test("has every finding, and no other", () => {
    const items = [...section(manual, "FINDINGS").matchAll(/^\.It Sy (\S+) Pq (error|warning|info)$/gm)];
    expect(items.map((item) => item[1]).sort()).toEqual([...findingCodes].sort());
  });

  test("has every place of netkeep's own", () => {
    const files = section(manual, "FILES").replaceAll(" , netkeep.conf.d/*.conf", "");
    for (const path of Object.values(places).flat()) {
      if (!path.includes("netkeep.conf.d")) expect(files, path).toMatch(new RegExp(`^\\.It Pa ${path}/?$`, "m"));
    }
  });
});

describe("netkeep-state.5", () => {
  const titles: Readonly<Record<string, string>> = {
    "": "Top level",
    guests: "Guests",
    routers: "Routers",
    routes: "Routes",
    "next-hops": "Next hops",
    neighbors: "Neighbors",
    links: "Links",
  };

  test.each(Object.entries(knownKeys))("has every key of %j, and no other", (kind, keys) => {
    const subsection = section(statePage, "DESCRIPTION").split(/^\.Ss /m);
    const body = subsection.find((text) => text.startsWith(`${titles[kind]}\n`)) ?? "";
    expect([...body.matchAll(/^\.It Cm (\S+)$/gm)].map((item) => item[1])).toEqual(keys);
  });

  test("shows the messages of a bad document as they are", () => {
    const folder = mkdtempSync(join(temporary, "bad-"));
    const shown = literals(section(statePage, "DIAGNOSTICS"))[0] ?? "";
    const text =
      "version: 1\nguests:\n  - name: i-2-10-VM\n    dev: cloudbr0\n    mac: 52:02:45:76:d2:35\n    adresses: [2.57.57.30]\n";
    writeFileSync(join(folder, "guests.yaml"), text);
    const result = netkeep(["generate", "--root", "root", "guests.yaml"], folder);
    expect(result.stderr).toBe(shown);
    expect(result.status).toBe(exitCodes.badData);
  });
});

describe("netkeep.conf.5", () => {
  const items = section(confPage, "SETTINGS")
    .split(/^\.It Cm /m)
    .slice(1);

  test("has every setting with its default, and no other", () => {
    const source = read("src/desired/settings.ts");
    const known = [...source.matchAll(/^ {2}([A-Z]\w+): \(value\) =>/gm)].map((match) => match[1]);
    expect(known).toHaveLength(Object.keys(defaultSettings).length);
    expect(items.map((item) => /^(\w+)=\n/.exec(item)?.[1])).toEqual(known);
    const lines = items.map((item) => {
      const name = /^(\w+)=/.exec(item)?.[1];
      return `${name}=${/the default is\s+(?:\.Sq )?(\S+?) ?\.?$/im.exec(item)?.[1]}`;
    });
    const { settings, problems } = readSettings([{ path: "page", text: `[Netkeep]\n${lines.join("\n")}\n` }]);
    expect(problems).toEqual([]);
    expect(settings).toEqual(defaultSettings);
  });

  test("has an example that is accepted", () => {
    const [text = ""] = literals(section(confPage, "EXAMPLES"));
    expect(text).toMatch(/^\[Netkeep\]\n/);
    expect(readSettings([{ path: "page", text }]).problems).toEqual([]);
  });
});

describe("manual pages", () => {
  const mandoc = spawnSync("mandoc", ["-Tlint", join(repo, "docs/netkeep.8")]).error === undefined;

  test.skipIf(!mandoc && process.env["CI"] !== "true").each(Object.keys(pages))("%s passes mandoc -Tlint", (page) => {
    const result = spawnSync("mandoc", ["-Tlint", join("docs", page)], { cwd: repo, encoding: "utf8" });
    expect(result.error).toBeUndefined();
    // What other pages a machine has is no fault of this one.
    const faults = result.stdout.split("\n").filter((line) => line !== "" && !line.includes("manual not found"));
    expect(faults).toEqual([]);
  });

  test("are all looked at", () => {
    const found = readdirSync(join(repo, "docs")).filter((name) => /\.[1-9]$/.test(name));
    expect(found.sort()).toEqual(Object.keys(pages).sort());
  });
});

describe("examples", () => {
  const inReadme = fences(readme).filter((fence) => fence.language === "yaml");
  const inPages = Object.values(pages).flatMap(literals);
  const documents = [...inReadme.map((fence) => fence.text), ...inPages].filter((text) => /^version: 1$/m.test(text));

  test("are there", () => expect(documents.length).toBeGreaterThanOrEqual(7));

  test.each(documents)("%# is accepted", (text) => {
    const folder = mkdtempSync(join(temporary, "example-"));
    const result = generate(folder, text);
    expect(result.stderr).not.toMatch(/refused|error/);
    expect(result.status).toBe(exitCodes.asDesired);
  });

  test("the drop-in of the README is what is generated", () => {
    const folder = mkdtempSync(join(temporary, "readme-"));
    const base = join(folder, "root/etc/systemd/network/10-cloudbr0.network");
    mkdirSync(dirname(base), { recursive: true });
    writeFileSync(base, "[Match]\nName=cloudbr0\n");
    expect(generate(folder, inReadme[0]?.text ?? "").status).toBe(exitCodes.asDesired);
    const generated = readFileSync(`${base}.d/60-netkeep.conf`, "utf8");
    expect(fences(readme).find((fence) => fence.language === "ini")?.text).toBe(generated);
  });
});

describe("README", () => {
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

/** The bundle is what the pages describe; it is built again if a source is newer. */
function buildIfStale(): void {
  const bundle = join(repo, "dist/netkeep.mjs");
  const sources = readdirSync(join(repo, "src"), { recursive: true, encoding: "utf8" });
  const newest = Math.max(...sources.map((name) => statSync(join(repo, "src", name)).mtimeMs));
  if (existsSync(bundle) && statSync(bundle).mtimeMs > newest) return;
  const built = spawnSync(process.execPath, ["scripts/build.mjs"], { cwd: repo, encoding: "utf8" });
  expect(built.status, built.stderr).toBe(0);
}

function netkeep(args: readonly string[], cwd = repo) {
  const environment = { ...process.env, NO_COLOR: "1", SYSTEMD_COLORS: "" };
  return spawnSync(process.execPath, [join(repo, "bin/netkeep"), ...args], {
    cwd,
    encoding: "utf8",
    env: environment,
  });
}

function generate(folder: string, text: string) {
  writeFileSync(join(folder, "guests.yaml"), text);
  return netkeep(["generate", "--root", "root", "guests.yaml"], folder);
}

function help(...command: string[]): string {
  return netkeep([...command, "--help"]).stdout;
}

function commandsOf(text: string): string[] {
  const list = text.slice(text.indexOf("Commands:"));
  return [...list.matchAll(/^ {2}(\w+) /gm)].map((match) => match[1] ?? "").filter((name) => name !== "help");
}

/** Every spelling of every option: `-q` and `--quiet` are two. */
function flagsOf(text: string): string[] {
  const list = text.slice(text.indexOf("Options:")).split("\n\n")[0] ?? "";
  return [...list.matchAll(/^ {2}(-\w)?(?:, )?(--[\w-]+)?/gm)].flatMap(([, short, long]) =>
    [short, long].filter((flag) => flag !== undefined),
  );
}

/** The same of a part of a page, from its `.It Fl` lines. */
function flagItems(text: string): string[] {
  return [...text.matchAll(/^\.It (Fl .*)$/gm)].flatMap(([, words = ""]) => [
    ...[...words.matchAll(/Fl Fl ([\w-]+)/g)].map((match) => `--${match[1]}`),
    ...[...words.matchAll(/(?<!Fl )Fl (\w)(?![\w-])/g)].map((match) => `-${match[1]}`),
  ]);
}

function section(page: string, title: string): string {
  const found = page.split(/^\.Sh /m).find((text) => text.startsWith(`${title}\n`));
  if (found === undefined) throw new Error(`there is no section ${title}`);
  return found;
}

function literals(text: string): string[] {
  return [...text.matchAll(/^\.Bd -literal.*\n([\s\S]*?)^\.Ed$/gm)].map((match) => match[1] ?? "");
}

function fences(text: string): { language: string; text: string }[] {
  const found = text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  return [...found].map(([, language = "", inside = ""]) => ({ language, text: inside }));
}
