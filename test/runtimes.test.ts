import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { builtFile, ensureBuilt, netkeep, run, temporaryFolder, tree } from "./support/cli.ts";

/** The built file alone, without node_modules, on every Node that it has to run on: the same output, byte by byte. */
const versions = [18, 20, 22, 24];
const runtimes = new URL("runtimes/", import.meta.url).pathname;
const binary = (version: number) => join(runtimes, `node_modules/node-${version}/bin/node`);
const missing = versions.filter((version) => !existsSync(binary(version)));
const install = `Node ${missing.join(", ")} not installed: npm ci --prefix test/runtimes --no-bin-links`;

const document = `version: 1
guests:
  - { name: g, dev: cloudbr0, mac: 0E-00-A9-FE-FE-3B, addresses: [2.57.57.30, "2001:678:3a4:100::80"], link-local: eui64 }
routes:
  - { to: 10.1.0.0/16, next-hops: [{ via: 192.0.2.2, dev: cloudbr0, weight: 2 }, { via: "fe80::3", dev: cloudbr1 }] }
`;

/** Everything that a run of several commands prints and writes. */
function story(version: number): unknown {
  const [folder, root] = [temporaryFolder(), temporaryFolder()];
  const file = join(folder, "netkeep.mjs");
  copyFileSync(builtFile, file);
  mkdirSync(join(root, "etc/systemd/network"), { recursive: true });
  writeFileSync(join(root, "etc/systemd/network/10-cloudbr0.network"), "[Match]\nName=cloudbr0\n");
  writeFileSync(join(folder, "guests.yaml"), document);
  const commands = [
    ["--version"],
    ["generate", "--root", root, "guests.yaml"],
    ["plan", "--root", root, "guests.yaml", "--json=pretty"],
    ["apply", "--root", root, "guests.yaml", "-j"],
    ["audit", "--root", root],
    ["show", "--root", root, "cloudbr0"],
    ["apply", "--root", root, "-"],
    ["schema", "document"],
  ];
  const ran = commands.map((args) => {
    const options = { node: binary(version), file, cwd: folder, input: "version: 1\nroute: []\n" };
    const { status, stdout, stderr } = netkeep(args, options);
    return { args, status, stdout, stderr };
  });
  const text = JSON.stringify({ ran, files: tree(root) })
    .replaceAll(root, "ROOT")
    .replace(/\\"changed\\":\d+/g, "");
  return JSON.parse(text);
}

describe("runtimes", () => {
  beforeAll(ensureBuilt);

  test("are installed, as they say themselves", (context) => {
    if (missing.length > 0 && process.env["CI"] === "true") expect.fail(install);
    if (missing.length > 0) context.skip(install);
    const found = versions.map((version) => run([binary(version), "--version"]).stdout);
    expect(found.map((text) => Number(/^v(\d+)\./.exec(text)?.[1]))).toEqual(versions);
  });

  test.for(versions)("Node %i runs it as Node 20 does", (version, context) => {
    if (missing.length > 0) context.skip(install);
    const told = story(version) as { ran: { status: number; stderr: string; args: string[] }[] };
    expect(told.ran.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0, 0, 65, 0]);
    for (const { stderr } of told.ran) expect(stderr).not.toMatch(/Warning|deprecat/i);
    expect(told).toEqual(story(20));
  });
});
