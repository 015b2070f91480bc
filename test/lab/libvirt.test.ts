/** A real libvirt with netkeep as its hook: the life of one guest, and hooks that are broken on purpose. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "./support/host.ts";
import {
  bootLibvirt,
  define,
  domainXml,
  expectEvents,
  guestState,
  hookPath,
  installShim,
  killGuest,
  metadata,
  netkeepEntries,
  reason,
  restartLibvirt,
  virsh,
  vm,
} from "./support/libvirt.ts";
import { installNetkeep, netkeep } from "./support/netkeep.ts";
import { suites } from "./support/recipe.ts";
import { expectClean } from "./support/scenario.ts";

const dropIn = "/run/systemd/network/10-cloudbr0.network.d/61-netkeep-runtime.conf";
const expectedEntries = [
  `2.57.57.30 dev cloudbr0 lladdr ${vm.mac} PERMANENT`,
  "2.57.57.30 dev cloudbr0 proto 107 scope link",
  `2001:678:3a4:100::80 dev cloudbr0 lladdr ${vm.mac} PERMANENT`,
  "2001:678:3a4:100::80 dev cloudbr0 proto 107 metric 1024",
];

describe.each(suites)("guests of libvirt on %s", (suite) => {
  let host: LabHost;
  let stopped: (why: string) => string[];
  beforeAll(async () => {
    host = await bootLibvirt(suite);
    stopped = (why) => ["stopped end -: 0", `release end ${reason(host, why)}: 0`];
    await define(host, domainXml({ metadata }));
  });
  afterAll(() => host?.stop());

  const start = () => virsh(host, ["start", vm.name]);

  test("a start brings the entries, before QEMU runs", async () => {
    await start();
    await expectEvents([host], started);
    expect(await netkeepEntries(host)).toEqual(expectedEntries);
    expect(await host.readFile(dropIn)).toContain("Destination=2001:678:3a4:100::80/128\nProtocol=107\n");
    await expectClean(host);
    const shown = await netkeep(host, ["show", "--json=short"]);
    expect(JSON.parse(shown.stdout)).toMatchObject({ owners: [{ owner: `libvirt:${vm.name}` }] });
  });

  test("suspend, resume and reset are no events", async () => {
    for (const command of ["suspend", "resume", "reset"]) await virsh(host, [command, vm.name]);
    await expectEvents([host], []);
    expect(await netkeepEntries(host)).toEqual(expectedEntries);
  });

  test("a managed save takes the entries away, and the next start restores them with the guest", async () => {
    await virsh(host, ["managedsave", vm.name]);
    await expectEvents([host], stopped("saved"));
    await expectNothing(host);
    await start();
    await expectEvents([host], ["restore begin -: 0", ...started]);
    await expectClean(host);
  });

  test("a restart of the daemon sets again what got lost", async () => {
    await host.run(["ip", "route", "del", "2.57.57.30", "dev", "cloudbr0"]);
    await host.run(["ip", "neigh", "del", "2001:678:3a4:100::80", "dev", "cloudbr0"]);
    await restartLibvirt(host);
    await expectEvents([host], ["reconnect begin -: 4"]);
    expect(await netkeepEntries(host)).toEqual(expectedEntries);
    await expectClean(host);
    expect(await guestState(host)).toBe("running");
  });

  test("a QEMU that dies takes its entries with it", async () => {
    await killGuest(host);
    await expectEvents([host], stopped("crashed"));
    await expectNothing(host);
  });

  test("also while the daemon is not there: it tells it when it comes back", async () => {
    await start();
    await expectEvents([host], started);
    await host.run(["systemctl", "stop", "libvirtd", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket"]);
    await killGuest(host);
    expect(await netkeepEntries(host)).toEqual(expectedEntries);
    await host.run(["systemctl", "start", "libvirtd"]);
    await expectEvents([host], stopped("crashed"));
    await expectNothing(host);
  });

  test("a start that another hook refuses leaves nothing", async () => {
    await host.writeFile(hookPath("70-refuse"), '#!/bin/sh\n[ "$2" != started ]\n', 0o755);
    expect((await virsh(host, ["start", vm.name], { reject: false })).exitCode).toBe(1);
    await expectEvents([host], [...started, ...stopped("failed")]);
    await expectNothing(host);
    await host.remove(hookPath("70-refuse"));
  });

  test("metadata set on the running guest, by libvirt's own command, counts from the next event on", async () => {
    await define(host, domainXml());
    await start();
    await expectEvents([host], started.map(withoutEntries));
    const bare = `<guest><interface mac="${vm.mac}"><address>2.57.57.30</address></interface></guest>`;
    const where = [vm.name, "urn:netkeep:domain:1", "--live", "--config"];
    await virsh(host, ["metadata", ...where, "--key", "netkeep", "--set", bare]);
    for (const kept of [
      ["dumpxml", vm.name],
      ["dumpxml", vm.name, "--inactive"],
    ]) {
      expect((await virsh(host, kept)).stdout).toMatch(
        /<netkeep:guest xmlns:netkeep="urn:netkeep:domain:1">\s+<netkeep:interface mac=.*>\s+<netkeep:address>2\.57\.57\.30</,
      );
    }
    expect((await virsh(host, ["metadata", vm.name, "urn:netkeep:domain:1"])).stdout).toContain(
      "<address>2.57.57.30</address>",
    );
    await restartLibvirt(host);
    await expectEvents([host], ["reconnect begin -: 2"]);
    await virsh(host, ["destroy", vm.name]);
    await expectEvents([host], stopped("destroyed"));
  });

  test("a NIC that is plugged into the running guest is no event", async () => {
    await start();
    await expectEvents(
      [host],
      started.map((line) => line.replace(": 4", ": 2")),
    );
    await virsh(host, ["attach-interface", vm.name, "bridge", "cloudbr0", "--model", "virtio", "--live"]);
    await virsh(host, ["destroy", vm.name]);
    await expectEvents([host], stopped("destroyed"));
  });

  test("addresses from parameters of a network filter, in an XML that is longer than a pipe holds", async () => {
    await host.writeFile("/root/filter.xml", "<filter name='no-rules' chain='root'/>");
    await virsh(host, ["nwfilter-define", "/root/filter.xml"]);
    const parameters = vm.addresses.map(
      (address) => `<parameter name='${address.includes(":") ? "IPV6" : "IP"}' value='${address}'/>`,
    );
    const xml = domainXml({ interface: `<filterref filter='no-rules'>${parameters.join("")}</filterref>` });
    await define(host, xml.replace("<metadata>", `<description>${"x".repeat(200_000)}</description><metadata>`));
    await start();
    await expectEvents([host], started);
    expect(await netkeepEntries(host)).toEqual(expectedEntries);
    await virsh(host, ["destroy", vm.name]);
    await expectEvents([host], stopped("destroyed"));
  });

  test.each(broken)("a netkeep that $does does not keep the guest from its life", async ({ script, limit }) => {
    await define(host, domainXml({ metadata }));
    if (script === null) await host.remove("/usr/bin/netkeep");
    else await host.writeFile("/usr/bin/netkeep", `#!/bin/sh\n${script}\n`, 0o755);
    await installShim(host, limit);
    const begin = Date.now();
    await start();
    expect(Date.now() - begin).toBeLessThan(15_000);
    await virsh(host, ["managedsave", vm.name]);
    await start();
    await restartLibvirt(host);
    await expectEvents(
      [host],
      [...started, ...stopped("saved"), "restore begin -: 0", ...started, "reconnect begin -: 0"].map(withoutEntries),
    );
    expect(await guestState(host)).toBe("running");
    await virsh(host, ["destroy", vm.name]);
    await expectEvents([host], stopped("destroyed"));
  });

  test("once netkeep is repaired, the next reconnect sets the entries", async () => {
    await start();
    await expectEvents([host], started.map(withoutEntries));
    await installNetkeep(host);
    await installShim(host);
    await restartLibvirt(host);
    await expectEvents([host], ["reconnect begin -: 4"]);
    await expectClean(host);
  });
});

/** Of a start, as libvirt calls them: nothing is there after `prepare`, all of it before QEMU runs. */
const started = ["prepare begin -: 0", "start begin -: 4", "started begin -: 4"];

function withoutEntries(line: string): string {
  return line.replace(/: \d$/, ": 0");
}

/** The shim's limit is made shorter where the test would wait for it. */
const broken: { does: string; script: string | null; limit?: string }[] = [
  { does: "is missing", script: null },
  { does: "fails", script: "exit 1" },
  { does: "prints garbage", script: "echo '<domain>garbage'; echo garbage >&2; exit 3" },
  { does: "takes its time", script: "sleep 0.2" },
  {
    does: "hangs with a child and ignores SIGTERM",
    script: "trap '' TERM; sleep 60 & while :; do wait; done",
    limit: "--kill-after=0.1 0.2",
  },
];

/** Neither entries nor files, and no complaint. */
async function expectNothing(host: LabHost): Promise<void> {
  expect(await netkeepEntries(host)).toEqual([]);
  const files = await host.run(["find", "/run/systemd/network", "/run/netkeep/owners", "-type", "f"], {
    reject: false,
  });
  expect(files.stdout).toBe("");
  await expectClean(host);
}
