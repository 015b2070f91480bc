import { describe, expect, test } from "vitest";
import { auditCommand } from "../../src/commands/audit.ts";
import { hookCloudstackCommand } from "../../src/commands/hookCloudstack.ts";
import { showCommand } from "../../src/commands/show.ts";
import { contextOf, fixture, hostOf } from "../support/fixture.ts";

const options = { live: true, reload: true, strict: false };
const mac = "52:02:00:00:00:11";
const place = ["-b", "cloudbr0", "-m", mac];
const v4 = "2.57.57.31";
const v6 = "2001:678:3a4:100::81";
const linkLocal = "fe80::5002:ff:fe00:11";
const ownerFile = "/run/netkeep/owners/cloudstack:cloudbr0:52:02:00:00:00:11.json";
const dropIn = "/run/systemd/network/10-cloudbr0.network.d/61-netkeep-runtime.conf";
const disableIpv6 = "/proc/sys/net/ipv6/conf/cloudbr0/disable_ipv6";

/** A host with a base file for cloudbr0 and one guest of the admin. */
async function host(settings = "") {
  const made = hostOf(fixture("l3-guest"));
  if (settings !== "") made.addFile("/etc/netkeep/netkeep.conf", `[Netkeep]\n${settings}\n`);
  made.begin(null);
  const context = await contextOf(made);
  const hook = (argv: readonly string[], more = {}) => hookCloudstackCommand(context, argv, { ...options, ...more });
  /** Neighbors and routes of the bridge but for those of the admin's guest. */
  const live = () =>
    [
      ...made.kernel.neighbors.map(({ dst, dev, lladdr }) => `${dst} ${dev} ${lladdr}`),
      ...made.kernel.routes
        .filter(({ dev, protocol }) => dev === "cloudbr0" && protocol !== "2")
        .map(({ dst, dev, protocol }) => `${dst} ${dev} proto ${protocol}`),
    ]
      .filter((line) => !/^(2\.57\.57\.30|2001:678:3a4:100::80) /.test(line))
      .sort();
  return { made, context, hook, live };
}

/** What there is of addresses after netkeep had its turn. */
function entriesOf(addresses: readonly string[], of = mac): string[] {
  return addresses.flatMap((address) => [`${address} cloudbr0 ${of}`, `${address} cloudbr0 proto 107`]).sort();
}

/** What the agent's script leaves behind for an address. */
function leave(made: Awaited<ReturnType<typeof host>>["made"], address: string, lladdr: string, routed = true): void {
  made.kernel.setNeighbor({ dst: address, dev: "cloudbr0", lladdr, state: ["PERMANENT"] });
  const common = { dst: address, dev: "cloudbr0", protocol: "3", flags: [] };
  if (!routed) return;
  made.kernel.setRoute(
    address.includes(":") ? { ...common, metric: 1024, pref: "medium" } : { ...common, scope: "253" },
  );
}

function texts({ messages }: { readonly messages: readonly { readonly text: string }[] }): string {
  return messages.map(({ text }) => text).join("\n");
}

const good = { exitCode: 0, text: "" };

describe("add and delete", () => {
  test("a plug and an unplug: entries, record, drop-in, and nothing on stdout", async () => {
    const { made, context, hook, live } = await host();
    expect(await hook(["-o", "add", ...place, "-4", v4, "-6", linkLocal, "-6", v6])).toMatchObject(good);
    expect(live()).toEqual(entriesOf([v4, linkLocal, v6]));
    expect(made.files.text(dropIn)).toContain(`Destination=${v6}/128`);
    expect((await showCommand(context, null)).text).toMatch(
      /cloudstack:cloudbr0:52:02:00:00:00:11 +runtime, 6 entries/,
    );
    expect((await auditCommand(context, { repair: false })).exitCode).toBe(0);
    expect(await hook(["-o", "delete", ...place])).toMatchObject(good);
    expect(live()).toEqual([]);
    expect([made.files.text(ownerFile), made.files.text(dropIn)]).toEqual([null, null]);
    expect((await auditCommand(context, { repair: false })).exitCode).toBe(0);
  });

  test("HookPersistence=persistent keeps the record and the drop-in through a reboot", async () => {
    const { made, hook } = await host("HookPersistence=persistent");
    await hook(["-o", "add", ...place, "-4", v4]);
    expect(made.files.text(ownerFile.replace("/run/", "/var/lib/"))).toContain(v4);
    expect(made.files.text("/etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf")).toContain(v4);
    expect(made.files.tree("/run/systemd", "/run/netkeep/owners").size).toBe(0);
  });

  test("secondary addresses come and go one by one, whatever the case of the MAC", async () => {
    const { hook, live } = await host();
    await hook(["-o", "add", ...place, "-4", v4]);
    await hook(["-oadd", "-bcloudbr0", "-m", mac.toUpperCase(), `-6${v6}`]);
    expect(live()).toEqual(entriesOf([v4, v6]));
    await hook(["-o", "delete", ...place, "-4", v4, "-4", "2.57.57.99"]);
    expect(live()).toEqual(entriesOf([v6]));
    await hook(["-o", "delete", ...place, "-6", "2001:678:3a4:100:0::81"]);
    expect(live()).toEqual([]);
  });

  test("an add of nothing and a delete of an unknown guest do nothing", async () => {
    const { hook, live } = await host();
    for (const argv of [
      ["-o", "add", ...place],
      ["-o", "delete", ...place],
      ["-o", "delete", ...place, "-4", v4],
    ]) {
      expect(await hook(argv, { strict: true })).toMatchObject(good);
    }
    expect(live()).toEqual([]);
  });

  test("what an address is for goes to the last add of it, and comes back; a delete or an add of nothing takes none", async () => {
    const { hook, live } = await host();
    const other = "52:02:00:00:00:12";
    const theirs = ["-b", "cloudbr0", "-m", other];
    await hook(["-o", "add", ...place, "-4", v4, "-6", v6]);
    const won = await hook(["-o", "add", ...theirs, "-4", v4]);
    expect(texts(won)).toContain(`the newer one, of cloudstack:cloudbr0:${other}, is used`);
    const shared = [...entriesOf([v6]), ...entriesOf([v4], other)].sort();
    expect(live()).toEqual(shared);
    await hook(["-o", "add", ...place]);
    expect(live()).toEqual(shared);
    await hook(["-o", "delete", ...place, "-6", v6]);
    expect(live()).toEqual(entriesOf([v4], other));
    await hook(["-o", "delete", ...theirs]);
    expect(live()).toEqual(entriesOf([v4]));
  });

  test("no route is left when the neighbor is gone already", async () => {
    const { made, hook, live } = await host();
    await hook(["-o", "add", ...place, "-4", v4, "-6", v6]);
    made.kernel.dropNeighbors(({ lladdr }) => lladdr === mac);
    await hook(["-o", "delete", ...place]);
    expect(live()).toEqual([]);
  });

  test("a record that cannot be read is made anew by an add, and goes with a delete", async () => {
    const { made, hook, live } = await host();
    await hook(["-o", "add", ...place, "-4", v4]);
    made.addFile(ownerFile, "{");
    await hook(["-o", "add", ...place, "-4", v4, "-6", v6]);
    expect(live()).toEqual(entriesOf([v4, v6]));
    made.addFile(ownerFile, "{");
    await hook(["-o", "delete", ...place]);
    expect(live()).toEqual([]);
    expect(made.files.text(ownerFile)).toBeNull();
  });

  test("a bridge that does not exist yet: a record for when it comes", async () => {
    const { made, hook } = await host();
    await hook(["-o", "add", "-b", "brdr-5828", "-m", mac, "-4", v4]);
    expect(made.files.text("/run/netkeep/owners/cloudstack:brdr\\x2d5828:52:02:00:00:00:11.json")).toContain(v4);
  });
});

describe("arguments and statuses", () => {
  test.each([[[]], [["-o", "add", "-m", mac]], [["-o", "replace", ...place]], [["-o", "add", ...place, "-x"]]])(
    "usage on stdout and 2 for %j, strict or not, and nothing is done",
    async (argv) => {
      const { made, hook } = await host();
      for (const strict of [false, true]) {
        const result = await hook(argv, { strict });
        expect(result).toMatchObject({ exitCode: 2, text: expect.stringMatching(/^Usage: modifymacip\.sh .*\n$/) });
      }
      expect(made.trace).toEqual([]);
    },
  );

  test.each([
    ["a bad address fails for itself", [...place, "-4", "1.2.3", "-4", v4], 65, '-4: "1.2.3" is not an IPv4', [v4]],
    [
      "so does one of the host",
      [...place, "-4", "192.0.2.1", "-4", v4],
      65,
      "192.0.2.1 is an address of this host",
      [v4],
    ],
    ["and its gateway", [...place, "-4", "198.51.100.1"], 65, "198.51.100.1 is an address of this host", []],
    ["a bridge that is none", ["-b", "../x\n[Match]", "-m", mac, "-4", v4], 65, "is not a link name", []],
    ["the loopback link", ["-b", "lo", "-m", mac, "-4", v4], 65, '"lo" takes no guests', []],
    ["a MAC that is none", ["-b", "cloudbr0", "-m", "x\u001b[31m", "-4", v4], 65, "is not a MAC address", []],
    ["a multicast MAC", ["-b", "cloudbr0", "-m", "01:00:5e:00:00:01", "-4", v4], 65, "is a multicast MAC", []],
    ["a bridge of any length", ["-b", "x".repeat(300), "-m", mac, "-4", v4], 65, "too long", []],
  ])("%s: said on stderr; 0, and its status with --strict", async (_, argv, exitCode, message, addresses) => {
    for (const strict of [false, true]) {
      const { hook, live } = await host();
      const result = await hook(["-o", "add", ...argv], { strict }).catch((error) => ({
        exitCode: error.exitCode,
        text: "",
        messages: [{ text: error.message }],
      }));
      expect(result).toMatchObject({ exitCode: strict ? exitCode : 0, text: "" });
      expect(texts(result)).toContain(message);
      expect(texts(result)).not.toMatch(/\p{Cc}(?<!\n)/u);
      expect(live()).toEqual(entriesOf(addresses));
    }
  });

  test("without root: 0, and 77 with --strict", async () => {
    const { made, hook } = await host();
    made.system.privileged = false;
    const result = await hook(["-o", "add", ...place, "-4", v4]);
    expect(result).toMatchObject({ ...good, messages: [{ level: "error", text: expect.stringContaining("root") }] });
    await expect(hook(["-o", "add", ...place, "-4", v4], { strict: true })).rejects.toMatchObject({ exitCode: 77 });
  });

  test("a failure of ip: 0, and 2 with --strict", async () => {
    for (const strict of [false, true]) {
      const { made, hook } = await host();
      made.begin({ at: 1, how: "fail" });
      const failed = hook(["-o", "add", ...place, "-4", v4], { strict });
      if (strict) await expect(failed).rejects.toMatchObject({ exitCode: 2 });
      else expect(await failed).toMatchObject({ ...good, messages: [{ level: "error" }] });
      expect(made.struck).toBe(true);
    }
  });

  test("with --root only files are touched", async () => {
    const made = hostOf(fixture("l3-guest"));
    made.system.offline = true;
    made.begin(null);
    const hook = async (...argv: string[]) => hookCloudstackCommand(await contextOf(made), argv, options);
    made.addFile(disableIpv6, "1");
    leave(made, "2.57.57.32", mac);
    await hook("-o", "delete", ...place);
    await hook("-o", "add", ...place, "-6", v6);
    expect(made.trace.filter((what) => what.startsWith("run "))).toEqual([]);
    expect([made.files.text(ownerFile), made.files.text(disableIpv6)]).toEqual([expect.stringContaining(v6), "1"]);
  });
});

describe("disable_ipv6", () => {
  test.each([
    ["an IPv6 address on a bridge without IPv6", ["-o", "add", ...place, "-6", v6], "0"],
    ["no IPv6 address", ["-o", "add", ...place, "-4", v4], "1"],
    ["a delete", ["-o", "delete", ...place, "-6", v6], "1"],
  ])("%s", async (_, argv, expected) => {
    const { made, hook } = await host();
    made.addFile(disableIpv6, "1");
    await hook(argv);
    expect(made.files.text(disableIpv6)).toBe(expected);
  });

  test("not with --no-live, and not of all links for a bridge of that name", async () => {
    const { made, hook } = await host();
    const all = "/proc/sys/net/ipv6/conf/all/disable_ipv6";
    for (const path of [all, disableIpv6]) made.addFile(path, "1");
    await hook(["-o", "add", ...place, "-6", v6], { live: false });
    await hook(["-o", "add", "-b", "all", "-m", mac, "-6", v6]);
    expect([made.files.text(all), made.files.text(disableIpv6)]).toEqual(["1", "1"]);
  });
});

describe("where modifymacip.sh has run before", () => {
  const other = "52:02:00:00:00:12";

  test("its entries on the bridge become records of their guests", async () => {
    const { made, context, hook, live } = await host();
    for (const address of ["2.57.57.32", "2001:678:3a4:100::82"]) leave(made, address, other);
    leave(made, v4, mac);
    await hook(["-o", "add", ...place, "-6", v6]);
    const all = [...entriesOf([v4, v6]), ...entriesOf(["2.57.57.32", "2001:678:3a4:100::82"], other)].sort();
    expect(live()).toEqual(all);
    expect((await auditCommand(context, { repair: false })).exitCode).toBe(0);
    await hook(["-o", "delete", "-b", "cloudbr0", "-m", other]);
    expect(live()).toEqual(entriesOf([v4, v6]));
  });

  test("a neighbor alone is not its shape: it stays, and is nobody's", async () => {
    const { made, context, hook, live } = await host();
    leave(made, "2.57.57.32", other, false);
    await hook(["-o", "add", ...place, "-4", v4]);
    expect(live()).toEqual([...entriesOf([v4]), `2.57.57.32 cloudbr0 ${other}`].sort());
    expect((await showCommand(context, null)).text).not.toContain(other);
  });

  test.each([
    ["of the host's gateway", "198.51.100.1", other],
    ["of no MAC", "2.57.57.32", "00:00:00:00:00:00"],
    ["of a multicast MAC", "2.57.57.32", "01:00:5e:00:00:01"],
  ])("an entry %s is left alone, and does not keep the guest from its own", async (_, address, lladdr) => {
    const { made, hook, live } = await host();
    leave(made, address, lladdr);
    expect(await hook(["-o", "add", ...place, "-4", v4], { strict: true })).toMatchObject(good);
    expect(live()).toEqual([...entriesOf([v4]), `${address} cloudbr0 ${lladdr}`, `${address} cloudbr0 proto 3`].sort());
  });

  test("the delete of an unknown guest takes what has its MAC, shape or not, and nothing else", async () => {
    const { made, hook, live } = await host();
    leave(made, v4, mac);
    leave(made, v6, mac);
    leave(made, "2.57.57.33", mac, false);
    leave(made, "2.57.57.32", other, false);
    expect(await hook(["-o", "delete", ...place])).toMatchObject(good);
    expect(live()).toEqual([`2.57.57.32 cloudbr0 ${other}`]);
  });

  test("so does that of a known one", async () => {
    const { made, hook, live } = await host();
    await hook(["-o", "add", ...place, "-4", v4]);
    leave(made, v6, mac);
    await hook(["-o", "delete", ...place]);
    expect(live()).toEqual([]);
  });

  test("a delete of one address takes no other, not for a moment", async () => {
    const { made, hook, live } = await host();
    for (const address of [v4, v6]) leave(made, address, mac);
    await hook(["-o", "delete", ...place, "-4", v4, "-4", "x"]);
    expect(live()).toEqual(entriesOf([v6]));
    expect(made.kernel.lines.filter((line) => / del /.test(line) && line.includes(v6))).toEqual([]);
  });

  test("a delete of no address that is one takes nothing", async () => {
    const { made, hook, live } = await host();
    leave(made, v4, mac);
    await hook(["-o", "delete", ...place, "-4", "x"]);
    expect(live()).toEqual(entriesOf([v4]));
  });

  test("what networkd has set for another owner carries no mark, and is no leftover", async () => {
    const { made, hook } = await host();
    const guest = "52:02:45:76:d2:35";
    await hook(["-o", "add", ...place, "-4", v4]);
    for (const dst of ["2.57.57.30", "2001:678:3a4:100::80"]) {
      made.kernel.dropNeighbors((neighbor) => neighbor.dst === dst);
      made.kernel.setNeighbor({ dst, dev: "cloudbr0", lladdr: guest, state: ["PERMANENT"] });
    }
    const lines = made.kernel.lines.length;
    await hook(["-o", "delete", "-b", "cloudbr0", "-m", guest]);
    expect(made.kernel.lines.slice(lines)).toEqual([]);
  });
});
