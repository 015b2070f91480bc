import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { checkSource, type Layer, layers } from "./support/layers.ts";

/** The layer rules of ARCHITECTURE.md, one row for each file, so that the failure names the file and the import. */
const root = new URL("../src/", import.meta.url).pathname;
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => relative(root, join(root, name)))
  .sort();

test("there are files in every layer, and every file is in one", () => {
  const seen = new Set(files.map((file) => (file.includes("/") ? file.slice(0, file.indexOf("/")) : file)));
  expect([...seen].sort()).toEqual(Object.keys(layers).sort());
});

test.each(files)("src/%s", (file) => {
  expect(checkSource(file, readFileSync(join(root, file), "utf8"))).toEqual([]);
});

describe("the gate bites", () => {
  const faults: [string, string, string][] = [
    ["model/x.ts", 'import { readFile } from "node:fs/promises";', "imports node:fs/promises"],
    ["model/x.ts", 'import * as z from "zod";', "imports zod"],
    ["model/x.ts", 'import type { Section } from "../networkd/scan.ts";', "imports networkd/scan.ts"],
    ["desired/x.ts", 'export { batchText } from "../kernel/batch.ts";', "imports kernel/batch.ts"],
    ["desired/x.ts", 'import { version } from "../version.ts";', "imports version.ts"],
    ["networkd/x.ts", 'import { parse } from "yaml";', "imports yaml"],
    ["kernel/x.ts", 'import { execa } from "execa";', "imports execa"],
    ["plan/x.ts", 'import { writeSection } from "../networkd/unitFile.ts";', "imports networkd/unitFile.ts"],
    ["audit/x.ts", 'import { planText } from "../report/planText.ts";', "imports report/planText.ts"],
    ["report/x.ts", 'import { planFiles } from "../plan/files.ts";', "imports plan/files.ts"],
    ["report/x.ts", 'const later = await import("../system/real.ts");', "imports system/real.ts"],
    ["system/x.ts", 'import { planFiles } from "../plan/files.ts";', "imports plan/files.ts"],
    ["system/x.ts", 'import { routeText } from "../model/route.ts";', "imports model/route.ts as a value"],
    ["store/x.ts", 'import { observe } from "../observe/observe.ts";', "imports observe/observe.ts"],
    ["observe/x.ts", 'import { loadDocuments } from "../store/documents.ts";', "imports store/documents.ts"],
    ["prepare/x.ts", 'import { transact } from "../transact/transact.ts";', "imports transact/transact.ts"],
    ["transact/x.ts", 'import { applyCommand } from "../commands/apply.ts";', "imports commands/apply.ts"],
    ["commands/x.ts", 'import { realSystem } from "../system/real.ts";', "imports system/real.ts"],
    ["commands/x.ts", 'import { anything } from "../system/system.ts";', "imports system/system.ts as a value"],
    ["commands/x.ts", 'import { join } from "node:path";', "imports node:path"],
    ["commands/x.ts", 'import { Command } from "commander";', "imports commander"],
    ["program.ts", 'import { applyCommand } from "./commands/apply.ts";', "imports commands/apply.ts at the start"],
    ["start.ts", 'import { exitCodes } from "./errors.ts";', "imports errors.ts"],
    ["model/x.ts", 'const fs = require("node:fs");', "imports node:fs"],
    ["model/x.ts", 'import "node:fs";', "imports node:fs"],
    ["model/index.ts", "export const a = 1;", "is a barrel"],
    ["commands/x.ts", 'console.log("x");', "uses console"],
    ["system/x.ts", "process.exit(1);", "uses process.exit"],
    ["commands/x.ts", "process.exitCode = 1;", "uses process.exitCode"],
    ["plan/x.ts", "const now = Date.now();", "uses Date"],
    ["audit/x.ts", "const now = new Date();", "uses Date"],
    ["report/x.ts", "const home = process.env;", "uses process"],
    ["model/x.ts", "const id = Math.random();", "uses Math.random"],
    ["kernel/x.ts", "setTimeout(() => undefined, 1);", "uses setTimeout"],
    ["kernel/x.ts", "export default 1;", "has a default export"],
    ["kernel/x.ts", "x;\n".repeat(251), "has 251 lines"],
    ["kernel/x.ts", `export function long() {\n${"  x;\n".repeat(50)}}`, "long() has 52 lines"],
    ["kernel/x.ts", `export async function* long() {\n${"  x;\n".repeat(50)}}`, "long() has 52 lines"],
    ["kernel/x.ts", `const long = async (a: number) => {\n${"  x;\n".repeat(50)}};`, "long() has 52 lines"],
    ["helpers/x.ts", "export const a = 1;", "is in no layer"],
  ];
  test.each(faults)("%s: %j", (file, text, complaint) => {
    expect(checkSource(file, text)).toEqual([complaint]);
  });

  test.each<[string, string]>([
    ["model/x.ts", 'import { Address4 } from "ip-address";\n// console and process and Date are only words here'],
    ["commands/x.ts", 'import type { System } from "../system/system.ts";'],
    ["commands/x.ts", 'import { type Route, routeText } from "../model/route.ts";'],
    ["system/x.ts", 'import type { FoundFile } from "../model/file.ts";\nconst now = Date.now();'],
    ["program.ts", 'const { applyCommand } = await import("./commands/apply.ts");'],
    ["plan/x.ts", 'const text = "process.exit() of Date";'],
    ["kernel/x.ts", `export function short() {\n${"  x;\n".repeat(48)}}`],
  ])("%s may: %j", (file, text) => {
    expect(checkSource(file, text)).toEqual([]);
  });

  test("every layer has a reason beside it", () => {
    for (const layer of Object.values<Layer>(layers)) expect(layer.why.length).toBeGreaterThan(20);
  });
});
