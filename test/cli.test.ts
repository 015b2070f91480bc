import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { outputSchemas } from "../src/report/schemas.ts";
import { ensureBuilt, netkeep, temporaryFolder, tree } from "./support/cli.ts";
import { desired, guest, image } from "./support/image.ts";

beforeAll(ensureBuilt);

describe("help and usage", () => {
  test("--help names every command, on stdout", () => {
    const { status, stdout, stderr } = netkeep(["--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const command of ["apply", "plan", "generate", "audit", "show", "explain", "import", "schema"])
      expect(stdout).toContain(`  ${command} `);
  });

  test.each(["apply", "plan", "generate", "audit", "show", "explain", "import", "schema"])("%s --help", (command) => {
    const { status, stdout } = netkeep([command, "--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain("--root <DIR>");
  });

  test("--version is that of package.json", () => {
    expect(netkeep(["--version"])).toMatchObject({ status: 0, stdout: "0.1.0\n" });
  });

  test.each([
    [["aply"], "error: unknown command 'aply'\n(Did you mean apply?)\n"],
    [["apply", "--dryrun"], "error: unknown option '--dryrun'\n(Did you mean --dry-run?)\n"],
    [
      ["show", "--json=yaml"],
      "error: option '--json <MODE>' argument 'yaml' is invalid. Allowed choices are pretty, short, off.\n",
    ],
    [["unset"], "error: missing required argument 'OWNER'\n"],
    [["apply", "--root"], "error: option '--root <DIR>' argument missing\n"],
    [["apply", "--root="], "netkeep: --root needs a directory\n"],
    [["audit", "--root", "/nonexistent"], "netkeep: --root: there is no directory /nonexistent\n"],
    [["show", "--root", "/nonexistent"], "netkeep: --root: there is no directory /nonexistent\n"],
    [
      ["apply", "--root", "/nonexistent", "/nonexistent.yaml"],
      "netkeep: there is no file or directory /nonexistent.yaml\n",
    ],
    [
      ["audit", "--format=json", "--json=off"],
      "netkeep: --format=json and --json=off contradict each other: leave one out\n",
    ],
    [
      ["audit", "--format=xml"],
      "error: option '--format <FORMAT>' argument 'xml' is invalid. Allowed choices are text, json, prometheus, html.\n",
    ],
    [["generate"], "netkeep: generate writes below a directory: say which with --root DIR\n"],
    [
      ["schema", "plans"],
      "netkeep: no schema is named plans; known: document, plan, apply, try, history, history-diff, history-show, audit, show, explain, restore, settle, doctor, vdsm, error\n",
    ],
  ])("%j: status 64", (args, stderr) => {
    expect(netkeep(args)).toEqual({ status: 64, stdout: "", stderr });
  });

  test("no command: the help, on stderr, and 64", () => {
    const { status, stdout, stderr } = netkeep([]);
    expect({ status, stdout }).toEqual({ status: 64, stdout: "" });
    expect(stderr).toContain("Usage: netkeep");
  });
});

describe("statuses", () => {
  test("65: a bad document, with file, line and column", () => {
    const root = image();
    const file = join(root, "d.yaml");
    writeFileSync(file, "version: 1\nroutes:\n  - { to: 10.0.0.1/8, dev: br0 }\n");
    const ran = netkeep(["plan", "--root", root, file]);
    expect(ran).toEqual({
      status: 65,
      stdout: "",
      stderr: `netkeep: ${file}:3:11: routes.0.to: "10.0.0.1/8" has host bits set; the prefix is 10.0.0.0/8\n      - { to: 10.0.0.1/8, dev: br0 }\n              ^\n`,
    });
  });

  test("65: a file whose name leaves nothing for the owner", () => {
    const root = image();
    const file = join(root, ".yaml");
    writeFileSync(file, guest);
    const ran = netkeep(["apply", "--root", root, file]);
    expect(ran).toEqual({ status: 65, stdout: "", stderr: `netkeep: ${file}: the name of its owner is empty\n` });
    expect(Object.keys(tree(root)).filter((path) => path.includes("netkeep/owners"))).toEqual([]);
  });

  test("65: on standard input too", () => {
    const ran = netkeep(["plan", "--root", image(), "-"], { input: "version: 3\n" });
    expect(ran).toMatchObject({
      status: 65,
      stderr: expect.stringMatching(/^netkeep: stdin:1:10: version: must be 1\n/),
    });
  });

  test("a hook says that settings are bad, uses the defaults and exits 0, but 78 with --strict", () => {
    const root = image({ "/etc/netkeep/netkeep.conf": "[Netkeep]\nBogus=1\n" });
    const words = ["cloudstack", "-o", "add", "-b", "br0", "-m", "52:02:45:76:d2:35", "-4", "2.57.57.30"];
    const lenient = netkeep(["hook", "--root", root, ...words]);
    expect(lenient).toMatchObject({
      status: 0,
      stdout: "",
      stderr: expect.stringContaining("Bogus= is not a setting"),
    });
    expect(lenient.stderr).toContain("the defaults are used");
    expect(Object.keys(tree(root)).filter((path) => path.startsWith("/run/netkeep/owners/"))).toHaveLength(1);
    expect(netkeep(["hook", "--strict", "--root", root, ...words])).toMatchObject({ status: 78 });
  });

  test("with --root a hook, a set and an apply start nothing but flock", () => {
    const [root, bin] = [image(), temporaryFolder()];
    const path = `${bin}:${process.env["PATH"]}`;
    for (const name of ["ip", "networkctl", "busctl", "systemctl"]) {
      writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} >>${bin}/started\nexit 1\n`, { mode: 0o755 });
    }
    const words = ["cloudstack", "-o", "add", "-b", "cloudbr0", "-m", "52:02:00:00:00:09", "-4", "203.0.113.9"];
    const env = { PATH: path };
    expect(netkeep(["hook", "--root", root, ...words], { env })).toMatchObject({ status: 0 });
    expect(netkeep(["unset", "--root", root, "nobody"], { env }).status).not.toBeNull();
    expect(netkeep(["apply", "--root", root], { env })).toMatchObject({ status: 0 });
    expect(Object.keys(tree(bin)).filter((name) => name.includes("started"))).toEqual([]);
  });

  test("78: bad settings, all at once", () => {
    const root = image({
      "/etc/netkeep/netkeep.conf": "[Netkeep]\nRouteProtocol=187\nAllowLink=br*\n",
      "/etc/netkeep/netkeep.conf.d/50-x.conf": "[Other]\nA=1\n",
    });
    const { status, stderr } = netkeep(["plan", "--root", root]);
    expect(status).toBe(78);
    expect(stderr.replaceAll(root, "")).toBe(
      "netkeep: /etc/netkeep/netkeep.conf:2: RouteProtocol= must be a number from 5 to 255 that no routing daemon uses (186 to 199)\n" +
        "/etc/netkeep/netkeep.conf:3: AllowLink= is not a setting; did you mean AllowLinks=?\n" +
        '/etc/netkeep/netkeep.conf.d/50-x.conf:1: "Other" does not belong here; settings stand in a section [Netkeep]\n',
    );
  });

  test.runIf(process.geteuid?.() === 0)("77: without root, before anything is tried", () => {
    const under = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    const text = "netkeep: this needs root (or --root DIR, which touches files below DIR only)\n";
    expect(netkeep(["apply"], { under, cwd: "/" })).toEqual({ status: 77, stdout: "", stderr: text });
    expect(netkeep(["audit", "--repair"], { under, cwd: "/" })).toEqual({ status: 77, stdout: "", stderr: text });
  });

  test("1 and 0: there is something to do, and then there is not", () => {
    const root = image(desired);
    expect(netkeep(["plan", "--root", root])).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("+Destination=2.57.57.30/32"),
    });
    expect(netkeep(["audit", "--root", root]).status).toBe(1);
    expect(netkeep(["apply", "--root", root]).status).toBe(0);
    expect(netkeep(["plan", "--root", root])).toEqual({ status: 0, stdout: "", stderr: "nothing to do\n" });
    expect(netkeep(["audit", "--root", root]).stderr).not.toContain("error");
  });
});

describe("--root", () => {
  test("generate writes the files and nothing else", () => {
    const root = image();
    const ran = netkeep(["generate", "--root", `${root}/`, "-"], { input: guest });
    expect(ran.status).toBe(0);
    expect(ran.stdout).toBe(
      "wrote /etc/systemd/network/10-cloudbr0.network.d/50-netkeep-link.conf\nwrote /etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf\n",
    );
    const files = tree(root);
    expect(Object.keys(files)).toEqual([
      "/etc/systemd/network/10-cloudbr0.network",
      "/etc/systemd/network/10-cloudbr0.network.d/50-netkeep-link.conf",
      "/etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf",
    ]);
    expect(files["/etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf"]).toContain("owner=stdin digest=");
  });

  test("apply keeps a given document, and takes it away again when it is empty", () => {
    const root = image();
    expect(netkeep(["apply", "--root", root, "-"], { input: guest }).status).toBe(0);
    expect(Object.keys(tree(root))).toContain("/var/lib/netkeep/owners/stdin.json");
    expect(netkeep(["show", "--root", root, "cloudbr0"]).stdout).toMatch(
      /^stdin {2}persistent, 2 entries, under a minute old, from stdin\n/,
    );
    expect(netkeep(["apply", "--root", root, "-"], { input: "version: 1\n" }).status).toBe(0);
    expect(Object.keys(tree(root)).filter((path) => !path.startsWith("/run/"))).toEqual([
      "/etc/systemd/network/10-cloudbr0.network",
    ]);
  });

  test("a directory of documents; what an editor leaves behind is not one", () => {
    const root = image();
    const folder = join(temporaryFolder(), "documents");
    mkdirSync(folder);
    for (const name of ["a.yaml", ".a.yaml.swp", "a.yaml~", "#a.yaml#"]) writeFileSync(join(folder, name), guest);
    const { status, stdout } = netkeep(["plan", "--root", root, folder]);
    expect({ status, owners: stdout.match(/owner=\S+/g) }).toEqual({ status: 1, owners: ["owner=a"] });
  });

  test("a directory without documents is a slip, but for the administrator's: those documents are gone", () => {
    const root = image(desired);
    const folder = temporaryFolder();
    const empty = `netkeep: there are no documents in ${folder}: their names end in .yaml, .yml or .json\n`;
    for (const command of ["apply", "plan", "generate"]) {
      expect(netkeep([command, "--root", root, folder])).toEqual({ status: 64, stdout: "", stderr: empty });
    }
    const documents = join(root, "etc/netkeep/desired.d");
    expect(netkeep(["apply", "--root", root]).status).toBe(0);
    rmSync(join(documents, "i-2-10-VM.yaml"));
    expect(netkeep(["apply", "--root", root, `${documents}/`]).status).toBe(0);
    expect(Object.keys(tree(root)).filter((path) => path.endsWith("60-netkeep.conf"))).toEqual([]);
  });
});

describe("--json", () => {
  const valid: [keyof typeof outputSchemas, string[]][] = [
    ["plan", ["plan"]],
    ["plan", ["apply", "--dry-run"]],
    ["plan", ["generate"]],
    ["apply", ["apply"]],
    ["audit", ["audit"]],
    ["show", ["show"]],
    ["explain", ["explain", "2.57.57.30"]],
    ["error", ["show", "nobody"]],
  ];
  test.each(valid)("as the schema of %s says: %j", (name, args) => {
    const root = image(desired);
    for (const mode of ["--json=short", "--json=pretty", "-j"]) {
      const { stdout } = netkeep([...args, "--root", root, mode]);
      const schema: z.ZodType = outputSchemas[name];
      expect(schema.safeParse(JSON.parse(stdout)).error).toBeUndefined();
      expect(stdout.trimEnd().split("\n").length > 1).toBe(mode === "--json=pretty");
    }
  });

  test.each([
    [65, ["plan", "-"], "version: 9\n"],
    [64, ["plan", "/nonexistent.yaml"], ""],
    [64, ["schema", "nothing"], ""],
    [64, ["audit", "--format=text"], ""],
    [64, ["audit", "--format=prometheus"], ""],
    [64, ["audit", "--format=html"], ""],
  ])("an error of status %i is JSON on stdout too: %j", (exitCode, args, input) => {
    const ran = netkeep([...args, "-j", "--root", image()], { input });
    const { error } = outputSchemas.error.parse(JSON.parse(ran.stdout));
    expect({ status: ran.status, inJson: error.exitCode }).toEqual({ status: exitCode, inJson: exitCode });
    expect(ran.stderr).toContain(error.message.split("\n")[0]);
  });

  test("schema prints JSON Schema", () => {
    expect(JSON.parse(netkeep(["schema"]).stdout)).toMatchObject({
      title: "netkeep desired-state document",
      type: "object",
    });
    expect(z.looseObject({ type: z.string() }).parse(JSON.parse(netkeep(["schema", "audit", "-j"]).stdout)).type).toBe(
      "object",
    );
  });
});
