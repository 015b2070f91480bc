import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand } from "../../src/commands/audit.ts";
import { explainCommand } from "../../src/commands/explain.ts";
import { generateCommand } from "../../src/commands/generate.ts";
import { planCommand } from "../../src/commands/plan.ts";
import { restoreCommand } from "../../src/commands/restore.ts";
import { unsetCommand } from "../../src/commands/set.ts";
import { showCommand } from "../../src/commands/show.ts";
import type { Finding } from "../../src/model/finding.ts";
import { outputSchemas } from "../../src/report/schemas.ts";
import { type FakeSystem, makeHost } from "../support/fakeSystem.ts";
import { applyOptions, contextOf, fixture, hostOf, readIp } from "../support/fixture.ts";

const link = "brdr-5828";
const files = [
  `/etc/sysctl.d/60-netkeep-${link}.conf`,
  `/etc/systemd/network/60-netkeep-${link}.netdev`,
  `/etc/systemd/network/60-netkeep-${link}.network`,
  `/etc/systemd/network/60-netkeep-${link}.network.d/50-netkeep-link.conf`,
];
const keep = "/var/lib/netkeep/owners/keep";
const bridge = (more = "") => `{version: 1, links: {${link}: {bridge: {mac: "0e:00:00:00:16:c4",
  addresses: [169.254.0.1/32, "fe80::1/64"], rp-filter: strict${more}}}}}`;

async function apply(host: FakeSystem, text: string, owner = "net", more: Partial<typeof applyOptions> = {}) {
  host.begin();
  const given = [{ owner, source: "stdin", path: null, text }];
  const {
    exitCode,
    messages,
    text: said,
  } = await applyCommand(await contextOf(host), {
    ...applyOptions,
    ...more,
    given,
  });
  return { exitCode, said, messages: messages.map((message) => message.text) };
}

async function findings(host: FakeSystem, repair = false): Promise<Finding[]> {
  host.begin();
  const { data } = await auditCommand(await contextOf(host), { repair });
  return (data as { findings: Finding[] }).findings;
}

/** A host on which an owner has just this bridge. */
async function made(): Promise<FakeSystem> {
  const host = hostOf(fixture("no-base-file"));
  host.files.delete("/etc/netkeep/desired.d/i-2-10-VM.yaml");
  // The directory stays when its last document goes.
  host.addFile(keep, "");
  expect(await apply(host, bridge())).toMatchObject({ exitCode: 0 });
  host.kernel.lines.length = 0;
  return host;
}

const kernelLink = (host: FakeSystem, name = link) => host.kernel.links.find(({ ifname }) => ifname === name);
const ours = (host: FakeSystem) =>
  [...host.files.tree("/etc/systemd", "/etc/sysctl.d").keys()].filter((path) => path.includes("netkeep")).sort();
const rpFilter = `/proc/sys/net/ipv4/conf/${link}/rp_filter`;

describe("a bridge of netkeep", () => {
  test("is there with its sysctls and files, and the second apply changes nothing", async () => {
    const host = await made();
    expect(ours(host)).toEqual(files);
    expect(host.files.text(rpFilter)).toBe("1");
    expect(await findings(host)).toEqual([]);
    const again = await apply(host, bridge());
    expect(again.messages.at(-1)).toBe("nothing to do");
    expect(host.kernel.lines).toEqual([]);
  });

  test("in what is printed as JSON is as published", async () => {
    const host = await made();
    kernelLink(host)?.addr_info.splice(0, 1);
    const context = await contextOf(host);
    const given = [{ owner: "net", source: "stdin", path: null, text: bridge() }];
    const plan = outputSchemas.plan.parse((await planCommand(context, { ...applyOptions, given })).data);
    expect(plan.kernel).toEqual([
      {
        ...{ action: "replace", kind: "bridge", link, before: "address 169.254.0.1/32" },
        entry: `${link} address 0e:00:00:00:16:c4 169.254.0.1/32 fe80::1/64 rp_filter 1`,
      },
    ]);
    const show = outputSchemas.show.parse((await showCommand(context, null)).data);
    expect(show.owners[0]?.entries).toMatchObject([{ kind: "bridge", link, path: `links.${link}.bridge` }]);
    outputSchemas.explain.parse((await explainCommand(context, "169.254.0.1")).data);
    host.begin();
    host.kernel.refuses = (line) => line.startsWith("address");
    const { outcome } = outputSchemas.apply.parse((await applyCommand(context, { ...applyOptions, given })).data);
    expect(outcome?.refused).toMatchObject([{ entry: `bridge ${link}`, link }]);
  });

  test.each<[string, (host: FakeSystem) => void, string[]]>([
    [
      "another MAC",
      (host) => Object.assign(kernelLink(host) ?? {}, { address: "0e:00:00:00:00:99" }),
      ["bridge-differs mac 0e:00:00:00:16:c4 (is 0e:00:00:00:00:99)"],
    ],
    [
      "STP",
      (host) => Object.assign(kernelLink(host)?.linkinfo?.info_data ?? {}, { stp_state: 1 }),
      ["bridge-differs stp off (is on)"],
    ],
    ["down", (host) => Object.assign(kernelLink(host) ?? {}, { flags: [] }), ["bridge-differs state up (is down)"]],
    [
      "a gateway missing",
      (host) => void kernelLink(host)?.addr_info.splice(0, 1),
      ["bridge-differs address 169.254.0.1/32"],
    ],
    ["a sysctl", (host) => host.addFile(rpFilter, "0"), [`sysctl-differs net/ipv4/conf/${link}/rp_filter 1 (is 0)`]],
    [
      "group",
      (host) => Object.assign(kernelLink(host) ?? {}, { group: "default" }),
      ["bridge-differs group 107 (is 0)"],
    ],
    ["gone", (host) => void host.kernel.ip(["-force", "-batch", "-"], `link del dev ${link}\n`), ["bridge-missing"]],
  ])("%s: is found and set right", async (_, spoil, expected) => {
    const host = await made();
    spoil(host);
    const found = await findings(host);
    expect(found.map(({ code, message }) => [code, ...message.split("says: ").slice(1)].join(" "))).toEqual(expected);
    expect(found[0]).toMatchObject({ severity: "error", owner: "net", link });
    expect(await findings(host, true)).toEqual([]);
    expect(host.files.text(rpFilter)).toBe("1");
  });

  test.each(files)("%s edited by hand: is found and written anew", async (path) => {
    const host = await made();
    const before = host.files.text(path);
    host.addFile(path, `${before}# mine\n`.replace("[NetDev]", "[NetDev]\nMTUBytes=9000"));
    expect(await findings(host)).toMatchObject([{ code: "dropin-edited", link }]);
    expect(await findings(host, true)).toEqual([]);
    expect(host.files.text(path)).toBe(before);
  });

  test("another set of addresses: the old one goes, those of others stay", async () => {
    const host = await made();
    kernelLink(host)?.addr_info.push({ family: "inet", local: "192.0.2.77", prefixlen: 24 });
    const changed = bridge().replace("169.254.0.1/32", "10.11.12.1/24");
    expect(await apply(host, changed)).toMatchObject({ exitCode: 0 });
    expect(host.kernel.lines).toEqual([
      `address replace 10.11.12.1/24 dev ${link}`,
      `address del 169.254.0.1/32 dev ${link}`,
    ]);
    expect(kernelLink(host)?.addr_info.map(({ local }) => local)).toEqual(["fe80::1", "192.0.2.77", "10.11.12.1"]);
    expect(host.files.text(files[2] ?? "")).toContain(
      "Address=10.11.12.1/24\nBroadcast=no\nDuplicateAddressDetection=none",
    );
    expect(await findings(host)).toEqual([]);
  });

  test("a change of the MAC keeps the neighbors, also those of others", async () => {
    const host = await made();
    host.kernel.setNeighbor({ dst: "192.0.2.9", dev: link, lladdr: "02:00:00:00:00:09", state: ["PERMANENT"] });
    expect(await apply(host, bridge().replace("16:c4", "16:c5"))).toMatchObject({ exitCode: 0 });
    expect(host.kernel.lines).toEqual([
      `link set dev ${link} address 0e:00:00:00:16:c5`,
      `neigh replace 192.0.2.9 lladdr 02:00:00:00:00:09 dev ${link} nud permanent`,
    ]);
    expect(await findings(host)).toEqual([]);
  });

  test("what cannot be done is said, and the exit status is 2", async () => {
    const host = hostOf(fixture("no-base-file"));
    host.kernel.refuses = (line) => line.startsWith("address replace 169");
    const { exitCode, messages } = await apply(host, bridge());
    expect(exitCode).toBe(2);
    expect(messages).toContainEqual(
      `the bridge ${link}: ip address replace 169.254.0.1/32 dev ${link} scope link: Invalid argument`,
    );
  });
});

describe("a bridge that no document asks for any more", () => {
  const empty = "{version: 1}";

  test("goes with its files when it has no port", async () => {
    const host = await made();
    expect(await apply(host, empty)).toMatchObject({ exitCode: 0, said: `kernel\n- bridge ${link}\n` });
    expect(kernelLink(host)).toBeUndefined();
    expect(ours(host)).toEqual([]);
    expect(await findings(host)).toEqual([]);
  });

  test("stays as long as it has a port, and the audit says so", async () => {
    const host = await made();
    const port = host.kernel.links.find(({ ifname }) => ifname === "vnet0");
    Object.assign(port ?? {}, { master: link });
    const stays = `no document asks for the bridge ${link} any more; it stays, because it has ports: vnet0`;
    expect(await apply(host, empty)).toMatchObject({
      exitCode: 0,
      messages: [`warning: ${stays}`, "nothing to do"],
    });
    expect(ours(host)).toEqual(files);
    expect(await findings(host)).toMatchObject([{ code: "bridge-extra", severity: "warning", message: stays }]);
    expect(await findings(host, true)).toMatchObject([{ code: "bridge-extra" }]);
    Object.assign(port ?? {}, { master: "cloudbr0" });
    expect(await findings(host)).toContainEqual(
      expect.objectContaining({ code: "bridge-extra", fix: "netkeep audit --repair" }),
    );
    expect(await findings(host, true)).toEqual([]);
    expect(kernelLink(host)).toBeUndefined();
  });

  test("stays as long as documents have entries on it", async () => {
    const host = await made();
    const guest = `{version: 1, guests: [{name: g, dev: ${link}, mac: "52:00:00:00:00:01", addresses: [2.57.57.30]}]}`;
    expect(await apply(host, guest, "guest")).toMatchObject({ exitCode: 0 });
    expect((await apply(host, empty)).messages[0]).toContain("it stays, because documents have entries on it");
    expect(kernelLink(host)).toBeDefined();
    host.begin();
    expect((await unsetCommand(await contextOf(host), ["guest"], applyOptions)).exitCode).toBe(0);
    expect(kernelLink(host)).toBeUndefined();
    expect(ours(host)).toEqual([]);
  });

  test("a port that comes at the last moment keeps it", async () => {
    const host = await made();
    const port = host.kernel.links.find(({ ifname }) => ifname === "vnet0");
    const run = host.system.run;
    let looks = 0;
    host.system.run = async (program, args, input) => {
      // The second listing of the links is the one before the removal.
      if (args.join(" ") === "-j -d address show" && ++looks === 2) Object.assign(port ?? {}, { master: link });
      return run(program, args, input);
    };
    const { exitCode, messages } = await apply(host, empty);
    expect({ exitCode, said: messages[0] }).toEqual({
      exitCode: 2,
      said: `the bridge ${link}: it has got a port meanwhile`,
    });
    expect(kernelLink(host)).toBeDefined();
    expect(ours(host)).toEqual(files);
  });

  test("is not taken away while a document is broken, at boot neither", async () => {
    const host = await made();
    host.addFile("/var/lib/netkeep/owners/net.json", "{");
    expect(await findings(host)).toMatchObject([
      { code: "document-broken" },
      { code: "bridge-extra", severity: "warning" },
    ]);
    host.kernel.ip(["-force", "-batch", "-"], `link del dev ${link}\n`);
    host.begin();
    await restoreCommand(await contextOf(host));
    expect(ours(host)).toEqual(files);
  });

  test("nor while the documents of all owners are missing", async () => {
    const host = await made();
    for (const path of ["/var/lib/netkeep/owners/net.json", keep]) host.files.delete(path);
    host.begin();
    const { exitCode } = await restoreCommand(await contextOf(host));
    expect({ exitCode, files: ours(host) }).toEqual({ exitCode: 2, files });
  });
});

describe("a bridge of somebody else", () => {
  function withForeign(lines: readonly string[]): FakeSystem {
    const host = hostOf(fixture("no-base-file"));
    host.files.delete("/etc/netkeep/desired.d/i-2-10-VM.yaml");
    if (lines.length > 0) host.kernel.ip(["-force", "-batch", "-"], `${lines.join("\n")}\n`);
    host.kernel.lines.length = 0;
    return host;
  }
  const add = (mac: string) => `link add ${link} address ${mac} group 0 type bridge stp_state 0 forward_delay 0`;

  test("that is as wanted is taken over with a note", async () => {
    const host = withForeign([
      add("0e:00:00:00:16:c4"),
      `link set dev ${link} up`,
      `address replace 169.254.0.1/32 dev ${link} scope link`,
      `address replace fe80::1/64 dev ${link} nodad`,
    ]);
    const { exitCode, messages } = await apply(host, bridge());
    expect(exitCode).toBe(0);
    expect(messages[0]).toBe(`note: takes over the bridge ${link}, which somebody else has made`);
    expect(host.kernel.lines).toEqual([`link set dev ${link} group 107`]);
    expect(await findings(host)).toEqual([]);
  });

  test("that differs is refused, and with --adopt changed", async () => {
    const host = withForeign([add("0e:00:00:00:00:99"), `link set dev ${link} up`]);
    const refused = await apply(host, bridge());
    expect(refused.exitCode).toBe(2);
    expect(refused.messages[0]).toContain(`refused: the foreign bridge ${link} is not as the document says (mac `);
    expect({ lines: host.kernel.lines, files: ours(host) }).toEqual({ lines: [], files: [] });
    expect(await apply(host, bridge(), "net", { adopt: true })).toMatchObject({ exitCode: 0 });
    expect(kernelLink(host)?.address).toBe("0e:00:00:00:16:c4");
    expect(await findings(host)).toEqual([]);
  });

  test("that a file of another directory names is refused, with its file", async () => {
    const host = withForeign([]);
    host.addFile("/usr/lib/systemd/network/20-vendor.netdev", "[NetDev]\nKind=bridge\n");
    host.addFile("/etc/systemd/network/20-vendor.netdev.d/name.conf", `[NetDev]\nName=${link}\n`);
    const { exitCode, messages } = await apply(host, bridge());
    expect({ exitCode, said: messages[0] }).toEqual({
      exitCode: 2,
      said: expect.stringContaining("/usr/lib/systemd/network/20-vendor.netdev"),
    });
  });

  test("with an uplink is refused, also with --adopt", async () => {
    const host = withForeign([add("0e:00:00:00:16:c4")]);
    const uplink = host.kernel.links.find(({ ifname }) => ifname === "uplink0");
    Object.assign(uplink ?? {}, { master: link, linkinfo: { info_kind: "bond" } });
    const { exitCode, messages } = await apply(host, bridge(), "net", { adopt: true });
    expect({ exitCode, said: messages[0] }).toEqual({
      exitCode: 2,
      said: `refused: the bridge ${link} has the uplink uplink0: others there would see a gateway of every host`,
    });
  });

  test("an uplink that comes later is found", async () => {
    const host = await made();
    const uplink = host.kernel.links.find(({ ifname }) => ifname === "uplink0");
    Object.assign(uplink ?? {}, { master: link, linkinfo: { info_kind: "bond" } });
    expect(await findings(host)).toMatchObject([{ code: "bridge-uplink", severity: "warning", actual: "uplink0" }]);
  });

  test.each([
    [
      "/etc/systemd/network/10-x.netdev",
      `[NetDev]\nName=${link}\nKind=bridge\n`,
      `refused: /etc/systemd/network/10-x.netdev makes ${link} already, and networkd takes one of the two files`,
    ],
    [
      "/etc/systemd/network/10-x.network",
      "[Match]\nName=brdr-*\n",
      `refused: /etc/systemd/network/10-x.network applies to ${link} and comes before the base file`,
    ],
  ])("%s: is refused", async (path, text, said) => {
    const host = withForeign([]);
    host.addFile(path, text);
    const { exitCode, messages } = await apply(host, bridge());
    expect(exitCode).toBe(2);
    expect(messages[0]).toContain(said);
    expect(ours(host)).toEqual([]);
  });
});

describe("two owners", () => {
  test("who want the same share the bridge: it goes with the last", async () => {
    const host = await made();
    expect(await apply(host, bridge(), "other")).toMatchObject({ exitCode: 0 });
    expect(await apply(host, "{version: 1}")).toMatchObject({ exitCode: 0 });
    expect(kernelLink(host)).toBeDefined();
    expect(host.files.text(files[1] ?? "")).toContain("owner=other");
    await apply(host, "{version: 1}", "other");
    expect(kernelLink(host)).toBeUndefined();
  });

  test("who want different ones are refused", async () => {
    const host = await made();
    await expect(apply(host, bridge(", forwarding: false"), "other")).rejects.toThrow(
      `net and other want different bridges of one name:\n    net (links.${link}.bridge): ${link} address 0e:00:00:00:16:c4 169.254.0.1/32 fe80::1/64 rp_filter 1\n    other: ${link} address 0e:00:00:00:16:c4 169.254.0.1/32 fe80::1/64 forwarding off rp_filter 1`,
    );
  });

  test("show names bridges with their owner, also by the link", async () => {
    const host = await made();
    const { text } = await showCommand(await contextOf(host), [link]);
    expect(text).toContain(
      `  bridge ${link} address 0e:00:00:00:16:c4 169.254.0.1/32 fe80::1/64 rp_filter 1  links.${link}.bridge`,
    );
  });
});

describe("explain", () => {
  test("knows the addresses of a bridge", async () => {
    const host = await made();
    const { exitCode, text } = await explainCommand(await contextOf(host), "169.254.0.1");
    expect({ exitCode, text }).toEqual({
      exitCode: 0,
      text: `169.254.0.1 is in order: what documents ask for is there

an address of the bridge ${link}
  document  /var/lib/netkeep/owners/net.json:1 (links.${link}.bridge) of net, persistent
  kernel    there

  packets   of this host to 169.254.0.1: it is an address of this host
`,
    });
    kernelLink(host)?.addr_info.splice(1, 1);
    const gone = await explainCommand(await contextOf(host), `fe80::1%${link}`);
    expect(gone.exitCode).toBe(1);
    expect(gone.text).toContain("  kernel    not there");
    expect(gone.text).toContain(`bridge-differs: the bridge ${link} is not as the document says: address fe80::1/64`);
  });
});

test("with --root its files are written, and no kernel is asked", async () => {
  const host = makeHost({ ip: readIp(`${fixture("no-base-file").folder}/current/ip`), networkd: null, offline: true });
  const given = [{ owner: "net", source: "stdin", path: null, text: bridge() }];
  expect((await generateCommand(await contextOf(host), given)).exitCode).toBe(0);
  expect(ours(host)).toEqual(files);
  expect(host.files.text(files[2] ?? "")).toContain("KeepConfiguration=static\n");
  expect((await generateCommand(await contextOf(host), [])).exitCode).toBe(0);
  expect(ours(host)).toEqual([]);
});

test("a bridge with the mark of netkeep that no file of it names is never taken away", async () => {
  const host = hostOf(fixture("no-base-file"));
  const line = `link add ${link} address 0e:00:00:00:16:c4 group 107 type bridge stp_state 0 forward_delay 0\n`;
  host.kernel.ip(["-force", "-batch", "-"], line);
  expect(await apply(host, "{version: 1}")).toMatchObject({ exitCode: 0 });
  expect(kernelLink(host)).toBeDefined();
});

test("where networkd never starts it is made live, with a file for its sysctls only", async () => {
  const host = hostOf({ ...fixture("no-base-file"), networkd: null });
  host.files.delete("/etc/netkeep/desired.d/i-2-10-VM.yaml");
  host.addFile(keep, "");
  host.files.delete("/usr/lib/systemd/system/multi-user.target.wants/systemd-networkd.service");
  expect(await apply(host, bridge())).toMatchObject({ exitCode: 0 });
  expect(ours(host)).toEqual(files.slice(0, 1));
  expect(await findings(host)).toEqual([]);
  expect(await apply(host, bridge().replace(', "fe80::1/64"', ""))).toMatchObject({ exitCode: 0 });
  expect(kernelLink(host)?.addr_info.map(({ local }) => local)).toEqual(["169.254.0.1"]);
  expect(await apply(host, "{version: 1}")).toMatchObject({ exitCode: 0 });
  expect({ link: kernelLink(host), files: ours(host) }).toEqual({ link: undefined, files: [] });
});
