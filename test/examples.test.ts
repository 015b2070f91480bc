import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { files } from "../scripts/packaging/tree.mjs";
import { documentForDomain } from "../src/hooks/libvirtDocument.ts";
import { parseDomain } from "../src/hooks/libvirtDomain.ts";
import { changeForVdsm } from "../src/hooks/vdsm.ts";
import { accepted, covers, parseAddress, parsePrefix } from "../src/model/address.ts";
import { buildIfStale, netkeep, read, repo } from "./support/docs.ts";

const names = readdirSync(join(repo, "docs/examples"), { recursive: true, encoding: "utf8" });
const folder = mkdtempSync(join(tmpdir(), "netkeep-examples-"));
beforeAll(buildIfStale);
afterAll(() => rmSync(folder, { recursive: true }));

describe("examples", () => {
  test.each(names.filter((name) => name.endsWith(".yaml")))("%s is a good document", (name) => {
    const host = name.startsWith("fleet/") ? ["--host", "hv1"] : [];
    const result = netkeep(["generate", ...host, "--root", join(folder, name), join(repo, "docs/examples", name)]);
    expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining("60-netkeep.conf") });
  });

  test("libvirt/domain.xml says the same as the guest's file", () => {
    const parsed = parseDomain(read("docs/examples/libvirt/domain.xml"));
    if ("problem" in parsed) throw new Error(parsed.problem);
    const { document, notes } = documentForDomain(parsed.domain, null);
    expect(notes).toEqual([]);
    expect(document).toEqual(parse(read("docs/examples/libvirt/web1.yaml")));
  });

  test("vdsm/host.yaml asks for what a call for the same network would, and 10-storage.network gets the drop-in", () => {
    const root = join(folder, "vdsm");
    mkdirSync(join(root, "etc/systemd/network"), { recursive: true });
    writeFileSync(join(root, "etc/systemd/network/10-storage.network"), read("docs/examples/vdsm/10-storage.network"));
    const result = netkeep(["generate", "--root", root, join(repo, "docs/examples/vdsm/host.yaml")]);
    const dropIn = "/etc/systemd/network/10-storage.network.d/60-netkeep.conf";
    expect(result.stdout).toContain(`wrote ${dropIn}\n`);
    const text = readFileSync(join(root, dropIn), "utf8");
    const network = { ipaddr: "192.0.2.10", prefix: 24, gateway: "192.0.2.1" };
    const more = { ipv6addr: "2001:db8:2::10/64", ipv6gateway: "2001:db8:2::1" };
    const call = JSON.stringify({ networks: { storage: { ...network, ...more } } });
    const change = changeForVdsm(call, { running: new Map(), links: null, foreignDefaults: [] });
    const document = "networks" in change ? change.networks[0]?.document : null;
    for (const { from, to, table } of document?.rules ?? []) {
      const selector = from === undefined ? `To=${to}` : `From=${from}`;
      expect(text).toContain(`[RoutingPolicyRule]\n${selector}\nTable=${table}\nPriority=3200\n`);
    }
    expect(document?.rules).toHaveLength(4);
  });

  test("vdsm/call.json is a good call with nothing left out but bonds, and needs default-route.conf", () => {
    const change = changeForVdsm(read("docs/examples/vdsm/call.json"), {
      running: new Map(),
      links: null,
      foreignDefaults: [],
    });
    const networks = [
      { name: "ovirtmgmt", link: "ovirtmgmt" },
      { name: "storage", link: "bond1.101" },
    ];
    expect(change).toMatchObject({ checkSeconds: 60, notes: [expect.stringMatching(/^bondings/)], networks });
    const root = join(folder, "vdsm-call");
    const hook = () => {
      const input = read("docs/examples/vdsm/call.json");
      return spawnSync(process.execPath, [join(repo, "dist/netkeep.mjs"), "hook", "--root", root, "--strict", "vdsm"], {
        input,
      });
    };
    expect(hook().status).toBe(65);
    mkdirSync(join(root, "etc/netkeep"), { recursive: true });
    writeFileSync(join(root, "etc/netkeep/netkeep.conf"), read("docs/examples/vdsm/default-route.conf"));
    expect(hook().status).toBe(0);
  });

  test.each(["bgp.conf", "ospf.conf"])("frr/%s announces every guest of the document", (name) => {
    const lists = [...read(`docs/examples/frr/${name}`).matchAll(/prefix-list guests seq 10 permit (\S+) ge (\d+)/g)];
    const { guests } = parse(read("docs/examples/frr/guests.yaml")) as { guests: { addresses: string[] }[] };
    for (const address of guests.flatMap(({ addresses }) => addresses)) {
      const announced = lists.some(([, prefix = "", length]) => {
        const whole = address.includes(":") ? "128" : "32";
        return length === whole && covers(accepted(parsePrefix(prefix)), accepted(parseAddress(address)));
      });
      expect(announced, address).toBe(true);
    }
  });

  test("fleet/fleet.yaml: a host gets its files and its document, once, and audits as desired", () => {
    const root = join(folder, "fleet-hv2");
    const args = ["generate", "--root", root, "--host", "hv2", join(repo, "docs/examples/fleet/fleet.yaml")];
    expect(netkeep(args).stdout).toMatch(/^wrote [\s\S]*\nwrote \/etc\/netkeep\/desired\.d\/fleet\.yaml\n$/);
    const document = readFileSync(join(root, "etc/netkeep/desired.d/fleet.yaml"), "utf8");
    expect(parse(document)).toMatchObject({ guests: [{ name: "web2" }], links: { br0: { carrier: "follow" } } });
    expect(document).not.toContain("hosts:");
    expect(netkeep(args)).toMatchObject({ status: 0, stdout: "", stderr: expect.stringContaining("0 files") });
    expect(netkeep(["audit", "--root", root]).status).toBe(0);
    expect(netkeep([...args.slice(0, 4), "hv22", ...args.slice(5)])).toMatchObject({
      status: 65,
      stderr: expect.stringMatching(/hosts: has no host hv22\n[\s\S]*did you mean "hv2"\?/),
    });
    const without = join(repo, "docs/examples/frr/guests.yaml");
    expect(netkeep([...args.slice(0, 5), without])).toMatchObject({
      status: 64,
      stderr: 'netkeep: --host hv2: no FILE has "hosts"\n',
    });
  });

  test("what they link to is in the packages, and every folder is described", () => {
    const installed = files.map(([, place]) => `/${place}`);
    const texts = names.filter((name) => basename(name) === "README.md").map((name) => read(`docs/examples/${name}`));
    const linked = texts.flatMap((text) => [...text.matchAll(/\/usr\/libexec\/netkeep\/\S+/g)].map(([path]) => path));
    expect(linked.length).toBeGreaterThan(1);
    for (const path of linked) expect(installed).toContain(path);
    for (const name of names.filter((path) => !path.includes("/") && path !== "README.md")) {
      expect(read("docs/examples/README.md")).toContain(`| \`${name}/\` |`);
    }
  });
});
