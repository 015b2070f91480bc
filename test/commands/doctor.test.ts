import { describe, expect, test } from "vitest";
import { collectFacts } from "../../src/commands/doctor/doctorFacts.ts";
import { type DoctorOptions, doctorCommand } from "../../src/commands/doctor.ts";
import { UserError } from "../../src/errors.ts";
import { outputSchemas } from "../../src/report/schemas.ts";
import type { FakeSystem } from "../support/fakeSystem.ts";
import { contextOf, fixture, hostOf } from "../support/fixture.ts";

const all: DoctorOptions = { links: [], only: [], list: false };

/** A routed host with what the kernel, systemd and udev show beside routes. */
function makeHost(): FakeSystem {
  const host = hostOf(fixture("l3-guest"));
  const values = {
    "ipv4/conf/%/forwarding": 1,
    "ipv4/conf/%/rp_filter": 0,
    "ipv6/conf/%/forwarding": 1,
    "ipv6/conf/%/accept_ra": 0,
    "ipv6/conf/%/disable_ipv6": 0,
  };
  for (const link of ["all", "default", "cloudbr0", "uplink0"]) {
    for (const [key, value] of Object.entries(values))
      host.addFile(`/proc/sys/net/${key.replace("%", link)}`, `${value}\n`);
  }
  host.addFile("/sys/class/net/cloudbr0/addr_assign_type", "3\n");
  host.addFile(
    "/proc/4242/limits",
    "Limit                     Soft Limit           Hard Limit           Units\nMax open files            1024                 524288               files\n",
  );
  host.addFile("/etc/iproute2/rt_protos", "# names\n0x2\tkernel\n4 static # comment\n107\tnetkeep\n");
  return host;
}

const verdicts = async (host: FakeSystem, options: Partial<DoctorOptions> = {}) => {
  const { data, exitCode, text, messages } = await doctorCommand(await contextOf(host), { ...all, ...options });
  const { results } = outputSchemas.doctor.parse(data);
  const wrong = results.filter(({ verdict }) => verdict === "warn" || verdict === "fail");
  return {
    exitCode,
    text,
    messages,
    results,
    wrong: wrong.map(({ verdict, check, link }) => `${verdict} ${check} ${link ?? "host"}`),
  };
};

describe("netkeep doctor", () => {
  test("looks at the links of the documents, and says what is to be done first", async () => {
    const { wrong, exitCode, text, messages } = await verdicts(makeHost());
    expect(wrong).toEqual(["warn foreign-entries host", "warn carrier cloudbr0"]);
    expect(exitCode).toBe(0);
    expect(text).toContain(
      "  warn  carrier: ConfigureWithoutCarrier= is not set\n        netkeep has not written its drop-in\n",
    );
    expect(text).toContain("      fix:\n        netkeep apply\n");
    expect(text).toMatch(/^ {2}ok {4}base-file, other-manager, netplan, /m);
    expect(messages.at(-1)?.text).toMatch(/^\d+ results: \d+ ok, 2 warnings, 0 to fix, \d+ skipped$/);
  });

  test("IPv6 that is off by default, until a file turns it on for the link, by either spelling", async () => {
    const only = { only: ["ipv6-enabled"] };
    for (const line of ["net.ipv6.conf.cloudbr0.disable_ipv6 = 0", "-net/ipv6/conf/cloudbr0/disable_ipv6=0"]) {
      const host = makeHost();
      host.addFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1\n");
      expect((await verdicts(host, only)).wrong).toEqual(["warn ipv6-enabled cloudbr0"]);
      host.addFile("/etc/sysctl.d/90-x.conf", `# x\n${line}\n`);
      expect((await verdicts(host, only)).wrong).toEqual([]);
    }
  });

  test("exits with 1 if there is something to fix", async () => {
    const host = makeHost();
    host.addFile("/proc/sys/net/ipv4/conf/all/forwarding", "0\n");
    const { wrong, exitCode } = await verdicts(host, { only: ["forwarding"] });
    expect(wrong).toEqual(["fail forwarding host"]);
    expect(exitCode).toBe(1);
  });

  test("changes nothing and takes no lock", async () => {
    const host = makeHost();
    host.begin();
    const before = host.files.tree("/etc", "/run", "/var");
    await verdicts(host);
    expect(host.files.tree("/etc", "/run", "/var")).toEqual(before);
    expect(
      host.trace.filter((effect) => !/^run (ip -j|networkctl --|busctl call|readlink|systemctl show)/.test(effect)),
    ).toEqual([]);
  });

  test("looks at a link that no document names, and at one that is not there", async () => {
    const { results } = await verdicts(makeHost(), { links: ["cloudbr1", "late0"], only: ["base-file", "mtu"] });
    expect(results.map(({ check, verdict, link }) => `${verdict} ${check} ${link}`)).toEqual([
      "warn base-file cloudbr1",
      "warn base-file late0",
      "ok mtu cloudbr1",
      "skip mtu late0",
    ]);
  });

  test("a check that is misspelt is a wrong usage, with a guess", async () => {
    const context = await contextOf(makeHost());
    const error = await doctorCommand(context, { ...all, only: ["fowarding"] }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      exitCode: 64,
      message: expect.stringMatching(
        /^no check is named fowarding; did you mean forwarding\?\nknown: networkd-running, /,
      ),
    });
  });

  test("a name that cannot be a link is a wrong usage", async () => {
    const context = await contextOf(makeHost());
    for (const name of ["a/b", "$(id)", "-x", "a name", "sixteencharacter"]) {
      await expect(doctorCommand(context, { ...all, links: [name] })).rejects.toMatchObject({ exitCode: 64 });
    }
  });

  test("below a root the commands say that they are for the image", async () => {
    const host = makeHost();
    host.system.offline = true;
    const { data } = await doctorCommand(await contextOf(host), { ...all, only: ["wait-online", "foreign-entries"] });
    const { results } = outputSchemas.doctor.parse(data);
    expect(
      results.flatMap(({ fix }) => fix).filter((line) => line.startsWith("#") || line.includes("networkctl")),
    ).toEqual(["# in the image only, for example in a chroot:", "# in the image only, for example in a chroot:"]);
  });

  test("--list names the checks and looks at nothing", async () => {
    const host = makeHost();
    host.begin();
    const { text, data } = await doctorCommand(await contextOf(host), { ...all, list: true });
    expect(host.trace).toEqual([]);
    expect(text.split("\n")).toHaveLength(24);
    expect(outputSchemas.doctor.parse(data).results).toEqual([]);
  });
});

describe("facts", () => {
  const facts = async (host: FakeSystem, links: string[] = []) => collectFacts(await contextOf(host), links);

  test("of a host", async () => {
    const found = await facts(makeHost());
    expect(found.networkd).toMatchObject({ running: true, version: 257, replaced: false, fileLimit: 1024 });
    expect(found.uplinks.map(({ name }) => name)).toContain("uplink0");
    expect(found.units?.get("frr.service")).toEqual({ active: false, enabled: "disabled" });
    expect(found.units?.has("NetworkManager.service")).toBe(false);
    expect(found.protocolNames.map(({ number, name }) => `${number} ${name}`)).toEqual([
      "2 kernel",
      "4 static",
      "107 netkeep",
    ]);
    expect(found.links).toMatchObject([
      {
        name: "cloudbr0",
        kind: "bridge",
        macPinned: true,
        mtu: 1500,
        ports: [{ name: "vnet0", mtu: 1500 }],
        entries: 4,
        families: new Set([4, 6]),
        base: { kind: "own" },
      },
    ]);
  });

  test("of another manager", async () => {
    const host = makeHost();
    host.addFile("/run/udev/data/n4", "I:1\nE:ID_NET_MANAGED_BY=org.freedesktop.NetworkManager\n");
    host.addFile("/run/NetworkManager/devices/4", "[device]\nmanaged=true\n");
    host.addFile("/etc/network/interfaces", "auto lo\niface lo inet loopback\n\niface cloudbr0 inet static\n");
    host.addFile("/usr/sbin/ifup", "");
    const [link] = (await facts(host)).links;
    // The file of a NetworkManager that does not run says nothing.
    expect(link?.managers).toEqual([
      { name: "another program", evidence: "the udev property ID_NET_MANAGED_BY is org.freedesktop.NetworkManager" },
      { name: "ifupdown", evidence: "/etc/network/interfaces:4 has a stanza for it" },
    ]);
  });

  test("of a firewall are not asked for while bridged packets do not pass it", async () => {
    const host = makeHost();
    host.begin();
    host.addFile("/proc/sys/net/bridge/bridge-nf-call-ip6tables", "0\n");
    expect((await facts(host)).firewall).toEqual({ known: false, reason: "bridged packets do not pass it" });
    expect(host.trace.some((effect) => effect.includes("nft"))).toBe(false);
  });

  test("of files below a root, without running anything", async () => {
    const host = makeHost();
    host.system.offline = true;
    host.begin();
    const found = await facts(host, ["cloudbr0"]);
    expect(host.trace).toEqual([]);
    expect(found.links).toMatchObject([{ exists: false, base: { kind: "own" }, files: { routes: 0 } }]);
  });
});
