import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { knownKeys } from "../src/desired/schema.ts";
import { defaultSettings, readSettings } from "../src/desired/settings.ts";
import { checks } from "../src/doctor/checks.ts";
import { exitCodes } from "../src/errors.ts";
import { findingCodes } from "../src/model/finding.ts";
import { places } from "../src/model/places.ts";
import {
  buildIfStale,
  commandsOf,
  fences,
  flagItems,
  flagsOf,
  generate,
  help,
  literals,
  netkeep,
  read,
  repo,
  section,
  subcommandsOf,
} from "./support/docs.ts";

/** What README and manual pages say is what the program does: commands, flags, numbers, keys, examples and their output. */
const [readme, manual, statePage, confPage, hooksPage] = [
  read("README.md"),
  read("docs/netkeep.8"),
  read("docs/netkeep-state.5"),
  read("docs/netkeep.conf.5"),
  read("docs/netkeep-hooks.7"),
];
const pages = {
  "netkeep.8": manual,
  "netkeep-state.5": statePage,
  "netkeep.conf.5": confPage,
  "netkeep-hooks.7": hooksPage,
};
const temporary = mkdtempSync(join(tmpdir(), "netkeep-docs-"));

beforeAll(buildIfStale);
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe("netkeep.8", () => {
  const commandItems = section(manual, "COMMANDS")
    .split(/^(?=\.It Ic )/m)
    .slice(1);

  const itemOf = (command: string) =>
    commandItems.find((item) => new RegExp(`^\\.It Ic ${command}(?! [a-z])`).test(item)) ?? "";
  const hooks = () => subcommandsOf(help("hook"));

  test("has every command of the program, and no other", () => {
    const documented = commandItems.map((item) => /^\.It Ic ([a-z]+(?: [a-z]+)?)/.exec(item)?.[1]);
    const subcommands = [
      ...hooks().map(({ name }) => `hook ${name}`),
      ...subcommandsOf(help("history")).map(({ name }) => `history ${name}`),
    ];
    expect(documented.sort()).toEqual([...commandsOf(help()), ...subcommands, "help"].sort());
  });

  test("has every flag of every command, and no other", () => {
    const common = flagItems(section(manual, "OPTIONS").split("instead of a command")[0] ?? "");
    expect(common.length).toBeGreaterThan(5);
    for (const command of commandsOf(help())) {
      const own = flagItems(itemOf(command));
      expect([...common, ...own].sort(), command).toEqual(flagsOf(help(command)).sort());
    }
    expect(flagItems(section(manual, "OPTIONS").split("instead of a command")[1] ?? "").sort()).toEqual(
      flagsOf(help()).sort(),
    );
    // What stands behind a hook's name is the agent's, so the program has no flags there.
    for (const { name, words } of hooks()) {
      expect(flagItems(itemOf(`hook ${name}`)), name).toEqual([]);
      if (words === "") expect(flagsOf(help("hook", name)), name).toEqual(["-h", "--help"]);
      else expect(help("hook", name), name).not.toContain("Options:");
    }
  });

  test("has the arguments of every command", () => {
    const usages = commandsOf(help()).map((name) => {
      return { name, words: /^Usage: .*\[options\](.*)$/m.exec(help(name))?.[1] ?? "" };
    });
    const below = (parent: string) =>
      subcommandsOf(help(parent)).map(({ name, words }) => ({
        name: `${parent} ${name}`,
        words: words.replace(" [options]", ""),
      }));
    const all = [...usages, ...below("hook"), ...below("history")];
    for (const { name, words } of all) {
      const spelt = words.replace(/[[<](\S+?)[\]>]/g, (whole, word: string) => {
        const text = word.toUpperCase().replace("...", " ...").replaceAll("|", " | ");
        return whole.startsWith("[") ? `Op Ar ${text}` : `Ar ${text}`;
      });
      expect(itemOf(name).split("\n")[0], name).toBe(`.It Ic ${name}${spelt}`);
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

  test("has every check, and no other", () => {
    const items = [...section(manual, "CHECKS").matchAll(/^\.It Sy (\S+)$/gm)];
    expect(items.map((item) => item[1])).toEqual(checks.map(({ code }) => code));
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
    rules: "Rules",
    uplinks: "Uplinks",
    links: "Links",
    hosts: "Hosts",
    bridge: "Bridges",
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
});
