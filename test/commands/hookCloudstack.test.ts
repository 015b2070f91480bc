import { describe, expect, test } from "vitest";
import { auditCommand } from "../../src/commands/audit.ts";
import { cloudstackCall } from "../../src/commands/hook/hookCloudstack.ts";
import { runHook } from "../../src/commands/hook/hookRun.ts";
import { showCommand } from "../../src/commands/show.ts";
import {
  cloudstackHost,
  entriesOf,
  good,
  leave,
  mac,
  options,
  place,
  texts,
  v4,
  v6,
} from "../support/cloudstackHost.ts";
import { contextOf, fixture, hostOf } from "../support/fixture.ts";

const linkLocal = "fe80::5002:ff:fe00:11";
const ownerFile = "/run/netkeep/owners/cloudstack:cloudbr0:52:02:00:00:00:11.json";
const dropIn = "/run/systemd/network/10-cloudbr0.network.d/61-netkeep-runtime.conf";
const disableIpv6 = "/proc/sys/net/ipv6/conf/cloudbr0/disable_ipv6";

describe("add and delete", () => {
  test("a plug and an unplug: entries, record, drop-in, and nothing on stdout", async () => {
    const { made, context, hook, live } = await cloudstackHost();
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
    const { made, hook } = await cloudstackHost("HookPersistence=persistent");
    await hook(["-o", "add", ...place, "-4", v4]);
    expect(made.files.text(ownerFile.replace("/run/", "/var/lib/"))).toContain(v4);
    expect(made.files.text("/etc/systemd/network/10-cloudbr0.network.d/60-netkeep.conf")).toContain(v4);
    expect(made.files.tree("/run/systemd", "/run/netkeep/owners").size).toBe(0);
  });

  test("secondary addresses come and go one by one, whatever the case of the MAC", async () => {
    const { hook, live } = await cloudstackHost();
    await hook(["-o", "add", ...place, "-4", v4]);
    await hook(["-oadd", "-bcloudbr0", "-m", mac.toUpperCase(), `-6${v6}`]);
    expect(live()).toEqual(entriesOf([v4, v6]));
    await hook(["-o", "delete", ...place, "-4", v4, "-4", "2.57.57.99"]);
    expect(live()).toEqual(entriesOf([v6]));
    await hook(["-o", "delete", ...place, "-6", "2001:678:3a4:100:0::81"]);
    expect(live()).toEqual([]);
  });

  test("the uplink has gone since the last call: it is no matter to the only guest of a bridge", async () => {
    const { made, hook } = await cloudstackHost();
    const guest = ["-b", "cloudbr1", "-m", mac, "-4"];
    await hook(["-o", "add", ...guest, v4]);
    await hook(["-o", "add", ...guest, v4]);
    made.kernel.ip(["-force", "-batch", "-"], "link del dev uplink0\n");
    expect(await hook(["-o", "add", ...guest, "2.57.57.32"])).toMatchObject(good);
    expect(made.kernel.routes.map(({ dst }) => dst)).toEqual(expect.arrayContaining([v4, "2.57.57.32"]));
  });

  test("an add of nothing and a delete of an unknown guest do nothing", async () => {
    const { hook, live } = await cloudstackHost();
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
    const { hook, live } = await cloudstackHost();
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
    const { made, hook, live } = await cloudstackHost();
    await hook(["-o", "add", ...place, "-4", v4, "-6", v6]);
    made.kernel.dropNeighbors(({ lladdr }) => lladdr === mac);
    await hook(["-o", "delete", ...place]);
    expect(live()).toEqual([]);
  });

  test("a record that cannot be read is made anew by an add, and goes with a delete", async () => {
    const { made, hook, live } = await cloudstackHost();
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
    const { made, hook } = await cloudstackHost();
    await hook(["-o", "add", "-b", "brdr-5828", "-m", mac, "-4", v4]);
    expect(made.files.text("/run/netkeep/owners/cloudstack:brdr\\x2d5828:52:02:00:00:00:11.json")).toContain(v4);
  });
});

describe("arguments and statuses", () => {
  test.each([[[]], [["-o", "add", "-m", mac]], [["-o", "replace", ...place]], [["-o", "add", ...place, "-x"]]])(
    "usage on stdout and 2 for %j, strict or not, and nothing is done",
    async (argv) => {
      const { made, hook } = await cloudstackHost();
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
      const { hook, live } = await cloudstackHost();
      const result = await hook(["-o", "add", ...argv], { strict });
      expect(result).toMatchObject({ exitCode: strict ? exitCode : 0, text: "" });
      expect(texts(result)).toContain(message);
      expect(texts(result)).not.toMatch(/\p{Cc}(?<!\n)/u);
      expect(live()).toEqual(entriesOf(addresses));
    }
  });

  test("without root: 0, and 77 with --strict", async () => {
    const { made, hook } = await cloudstackHost();
    made.system.privileged = false;
    const result = await hook(["-o", "add", ...place, "-4", v4]);
    expect(result).toMatchObject({ ...good, messages: [{ level: "error", text: expect.stringContaining("root") }] });
    expect(await hook(["-o", "add", ...place, "-4", v4], { strict: true })).toMatchObject({ exitCode: 77 });
  });

  test("a failure of ip: 0, and 2 with --strict", async () => {
    for (const strict of [false, true]) {
      const { made, hook } = await cloudstackHost();
      // The first question is one for what the last run has left, and there is none: what fails is the reading of all.
      made.begin({ at: 2, how: "fail" });
      const failed = await hook(["-o", "add", ...place, "-4", v4], { strict });
      expect(failed).toMatchObject({ exitCode: strict ? 2 : 0, text: "", messages: [{ level: "error" }] });
      expect(made.struck).toBe(true);
    }
  });

  test("with --root only files are touched", async () => {
    const made = hostOf(fixture("l3-guest"));
    made.system.offline = true;
    made.begin(null);
    const context = await contextOf(made);
    const hook = (...argv: string[]) => runHook(context, cloudstackCall(context, argv, options));
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
    const { made, hook } = await cloudstackHost();
    made.addFile(disableIpv6, "1");
    await hook(argv);
    expect(made.files.text(disableIpv6)).toBe(expected);
  });

  test("not with --no-live, and not of all links for a bridge of that name", async () => {
    const { made, hook } = await cloudstackHost();
    const all = "/proc/sys/net/ipv6/conf/all/disable_ipv6";
    for (const path of [all, disableIpv6]) made.addFile(path, "1");
    await hook(["-o", "add", ...place, "-6", v6], { live: false });
    await hook(["-o", "add", "-b", "all", "-m", mac, "-6", v6]);
    expect([made.files.text(all), made.files.text(disableIpv6)]).toEqual(["1", "1"]);
  });
});
