/**
 * Hosts on which netplan writes networkd's files, and on which ifupdown, NetworkManager or ifupdown2 have the bridges and
 * networkd has nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootHost, type LabHost } from "./support/host.ts";
import { netkeep } from "./support/netkeep.ts";
import { installPackage } from "./support/package.ts";
import { suites } from "./support/recipe.ts";
import { apply, expectClean, kernelEntries, waitFor } from "./support/scenario.ts";

const mac = "52:02:45:76:d2:35";
const bridge = "cloudbr0";
const guests = {
  version: 1,
  guests: [{ name: "g", dev: bridge, mac, addresses: ["2.57.57.30", "2001:678:3a4:100::80"] }],
};
/** Bridges of NetworkManager: one of a profile, and one that an agent makes. */
const [own, bare] = ["nmbr0", "nmbr1"];
const guestOn = (dev: string, number: number, routes: object[] = []) => {
  const addresses = [`203.0.113.${number}`, `2001:db8:9::${number}`];
  return { version: 1, guests: [{ name: dev, dev, mac, addresses }], routes };
};
const managed = {
  [own]: guestOn(own, 40, [{ to: "203.0.113.128/25", via: "203.0.113.10", dev: own }]),
  [bare]: guestOn(bare, 41),
};
const profile = `/etc/NetworkManager/system-connections/${own}.nmconnection`;

/** The router's prefix needs the subnet of the bridge first. */
const wanted = { ...guests, routes: [{ to: "198.51.100.0/24", via: "192.0.2.10", dev: bridge }] };
const lines = [
  `198.51.100.0/24 via 192.0.2.10 dev ${bridge} proto 107`,
  `2.57.57.30 dev ${bridge} lladdr ${mac} PERMANENT`,
  `2.57.57.30 dev ${bridge} proto 107 scope link`,
  `2001:678:3a4:100::80 dev ${bridge} lladdr ${mac} PERMANENT`,
  `2001:678:3a4:100::80 dev ${bridge} proto 107 metric 1024`,
].sort();

const shellOf = (host: LabHost) => async (script: string) =>
  (await host.run(["sh", "-c", script], { reject: false })).stdout;

/** Those of the document, whoever set them; without the marks that only live neighbors have. */
async function present(host: LabHost): Promise<string[]> {
  const mine = (await kernelEntries(host)).filter((line) => /^(198\.51\.100\.|2\.57\.57\.|2001:678:)/.test(line));
  return mine.map((line) => line.replace(/(lladdr \S+) proto 107/, "$1"));
}

async function install(host: LabHost): Promise<void> {
  await installPackage(host);
  await host.run(["systemctl", "disable", "--now", "netkeep-audit.timer"]);
  // systemd has no device units where /sys was read-only when it began, as in a container.
  await host.run(["systemctl", "daemon-reexec"]);
}

const failed = (host: LabHost) => shellOf(host)("systemctl --failed --plain --no-legend | grep netkeep");

describe("netplan with networkd, on trixie", () => {
  let host: LabHost;
  const dropIn = `/etc/systemd/network/10-netplan-${bridge}.network.d/60-netkeep.conf`;
  beforeAll(async () => {
    host = await bootHost({ suite: "trixie", name: "netplan", files: netplanFiles });
    await host.run(["chmod", "0600", "/etc/netplan/10-lab.yaml"]);
    await install(host);
    await host.run(["systemctl", "restart", "systemd-networkd"]);
    await waitFor(async () => (await kernelEntries(host)).some((line) => line.startsWith("192.0.2.0/24")));
  });
  afterAll(() => host?.stop());

  test("the entries outlive netplan apply, and a reboot", async () => {
    const applied = await apply(host, JSON.stringify(wanted));
    expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
    expect(applied.stderr).not.toContain("live");
    expect(await host.readFile(dropIn)).toContain("Destination=2.57.57.30/32");
    await host.run(["netplan", "apply"]);
    await waitFor(async () => (await shellOf(host)("networkctl list")).includes(`${bridge} bridge`));
    await waitFor(async () => (await present(host)).length === lines.length);
    expect(await present(host)).toEqual(lines);
    await expectClean(host);
    await host.reboot();
    await waitFor(async () => (await present(host)).length === lines.length);
    expect(await present(host)).toEqual(lines);
    expect(await failed(host)).toBe("");
    await expectClean(host);
  });
});

/** Debian's NetworkManager leaves alone what ifupdown has, so one host has both. */
describe.each(suites)("ifupdown and NetworkManager, on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootHost({ suite, name: `ifup-${suite}`, files: { ...ifupdownFiles, ...networkManagerFiles } });
    // A profile that others may read is none.
    await host.run(["chmod", "0600", profile]);
    await host.run(["systemctl", "enable", "--now", "networking", "NetworkManager"]);
    await install(host);
  });
  afterAll(() => host?.stop());

  const files = () => shellOf(host)("find /etc/systemd/network /run/systemd/network -name '*netkeep*'");
  const entriesOn = async (link: string) =>
    (await kernelEntries(host)).filter(
      (line) => line.includes(` dev ${link} `) && /^(203\.0\.113\.(40|41|128)|2001:db8:9::)/.test(line),
    );
  const marked = () => shellOf(host)(`ip neigh show dev ${bridge} nud permanent | grep -cE 'proto (107|netkeep)'`);

  test("the bridge is kept live, without a file, while networkd runs beside it", async () => {
    const applied = await apply(host, JSON.stringify(wanted));
    expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
    expect(applied.stderr).toContain(`${bridge} is kept live, because ifupdown looks after it`);
    expect(await present(host)).toEqual(lines);
    expect(await files()).toBe("");
    await expectClean(host);
    await host.run(["networkctl", "reload"]);
    expect(await present(host)).toEqual(lines);
    expect((await netkeep(host, ["doctor", "--only", "other-manager", "base-file", "networkd-running"])).exitCode).toBe(
      0,
    );
  });

  test("ifdown and ifup: the entries are back; a link that only went down and up as well", async () => {
    await host.run(["ifdown", bridge]);
    expect(await present(host)).toEqual([]);
    await host.run(["ifup", bridge]);
    await waitFor(async () => (await present(host)).length === lines.length);
    expect(await present(host)).toEqual(lines);
    // udev and ifupdown have both called for it, and whoever comes last would set the entries before they are looked for.
    await waitFor(async () => (await shellOf(host)(`systemctl is-active netkeep-link@${bridge}`)) === "inactive");
    const loseAll = `ip link set ${bridge} down; ip neigh flush dev ${bridge} nud permanent; ip link set ${bridge} up`;
    await shellOf(host)(loseAll);
    expect(await present(host)).toEqual([]);
    // As ifupdown does for a link that it has not made, and NetworkManager for any.
    await shellOf(host)(`/usr/lib/NetworkManager/dispatcher.d/90-netkeep ${bridge} up`);
    await waitFor(async () => (await present(host)).length === lines.length);
    await expectClean(host);
  });

  test("from networkd's drop-ins to live: the files go, every entry is there and has the mark", async () => {
    // Without the route by a gateway: networkd takes a gateway for on-link where no file has an address.
    const owned = { ...guests, links: { [bridge]: { mode: "networkd" } } };
    const routed = lines.filter((line) => !line.startsWith("198."));
    expect(await apply(host, JSON.stringify(owned))).toMatchObject({ exitCode: 0 });
    expect(await files()).toContain(`60-netkeep-${bridge}.network.d/60-netkeep.conf`);
    // From here on networkd has the entries for its own.
    await host.run(["systemctl", "restart", "systemd-networkd"]);
    await waitFor(async () => (await shellOf(host)("networkctl list")).includes("configured"));
    const monitor = host.start(["sh", "-c", "exec ip -ts monitor route neigh >/run/monitor"]);
    await waitFor(async () => (await shellOf(host)("test -e /run/monitor && echo yes")) !== "");
    const applied = await apply(host, JSON.stringify(guests));
    await monitor.kill();
    expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
    expect(await files()).toBe("");
    expect(await present(host)).toEqual(routed);
    expect(await marked()).toBe("2");
    const stamps = [...(await host.readFile("/run/monitor")).matchAll(/^\[(\S+?\.\d{3})/gm)].map((found) =>
      Date.parse(`${found[1]}Z`),
    );
    const gap = stamps.length === 0 ? 0 : (stamps.at(-1) ?? 0) - (stamps[0] ?? 0);
    console.info(`${suite}: entries were away for ${gap} ms at most`);
    expect(gap).toBeLessThan(5000);
    await expectClean(host);
    expect((await apply(host, JSON.stringify(wanted))).exitCode).toBe(0);
  });

  test("NetworkManager: a bridge with a profile and one without are kept live, without a file", async () => {
    await shellOf(host)(`ip link add ${bare} up type bridge; ip addr add 198.18.5.1/24 dev ${bare}`);
    const states = () => shellOf(host)("nmcli -t -f device,state device");
    await waitFor(async () => (await states()).includes(`${bare}:connected (externally)`));
    await waitFor(async () => (await states()).includes(`${own}:connected\n`));
    for (const [link, document] of Object.entries(managed)) {
      const applied = await apply(host, JSON.stringify(document), link);
      expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
      expect(applied.stderr).toContain(`${link} is kept live, because NetworkManager looks after it`);
    }
    expect([await entriesOn(own), await entriesOn(bare)]).toMatchObject({ 0: { length: 5 }, 1: { length: 4 } });
    expect(await files()).toBe("");
    await expectClean(host);
  });

  test("NetworkManager: reapply, con down and up, a restart, and a link that it lets go of", async () => {
    const index = () => shellOf(host)(`cat /sys/class/net/${own}/ifindex`);
    await host.run(["nmcli", "device", "reapply", own]);
    expect((await entriesOn(own)).length).toBe(5);
    // Not of the bridge without a profile: NetworkManager would apply what it took the link for when it appeared, and if that
    // was before the link had IPv6, IPv6 is off then.
    await host.run(["ip", "link", "del", bare]);
    await netkeep(host, ["unset", bare]);
    const before = await index();
    await host.run(["nmcli", "connection", "down", own]);
    await waitFor(async () => (await index()) === "");
    await host.run(["nmcli", "connection", "up", own]);
    expect(await index()).not.toBe(before);
    await waitFor(async () => (await entriesOn(own)).length === 5);
    await host.run(["systemctl", "restart", "NetworkManager"]);
    await host.run(["nm-online", "-q", "-s", "-t", "60"]);
    await waitFor(async () => (await entriesOn(own)).length === 5);
    await expectClean(host);
    expect(await files()).toBe("");
  });

  test("without networkd, a reboot: the verification sets the entries, and nothing has failed", async () => {
    await host.run(["systemctl", "disable", "systemd-networkd.service", "systemd-networkd.socket"]);
    await host.reboot();
    expect(await shellOf(host)("systemctl is-active systemd-networkd")).toBe("inactive");
    await waitFor(async () => (await present(host)).length === lines.length);
    expect(await present(host)).toEqual(lines);
    await waitFor(async () => (await entriesOn(own)).length === 5);
    expect(await failed(host)).toBe("");
    await expectClean(host);
    expect((await apply(host, JSON.stringify(guests))).exitCode).toBe(0);
    expect(await present(host)).toEqual(lines.filter((line) => !line.startsWith("198.")));
    expect((await netkeep(host, ["doctor", "--only", "networkd-running"])).exitCode).toBe(0);
    expect(await files()).toBe("");
  });
});

describe.each(suites)("ifupdown2, on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootHost({ suite, name: `ifup2-${suite}`, held: ["ifupdown2"], files: ifupdownFiles });
    await host.run(["systemctl", "enable", "--now", "networking"]);
    await install(host);
    const applied = await apply(host, JSON.stringify(wanted));
    expect(applied.stderr).toContain(`${bridge} is kept live, because ifupdown looks after it`);
    expect(await present(host)).toEqual(lines);
  });
  afterAll(() => host?.stop());

  const back = () => waitFor(async () => (await present(host)).join() === lines.join());

  test("ifreload -a, without a change and with one; ifdown and ifup; a reboot", async () => {
    await host.run(["ifreload", "-a"]);
    await back();
    await shellOf(host)("sed -i 's/192.0.2.1/192.0.2.2/' /etc/network/interfaces");
    await host.run(["ifreload", "-a"]);
    expect(await shellOf(host)(`ip -br addr show ${bridge}`)).toContain("192.0.2.2/24");
    await back();
    await host.run(["ifdown", bridge]);
    expect(await present(host)).toEqual([]);
    await host.run(["ifup", bridge]);
    await back();
    await expectClean(host);
    await host.reboot();
    await back();
    expect(await failed(host)).toBe("");
    expect(await shellOf(host)("find /etc/systemd/network /run/systemd/network -name '*netkeep*'")).toBe("");
    await expectClean(host);
  });
});

const netplanFiles = {
  "/etc/systemd/network/05-up.netdev": "[NetDev]\nName=up0\nKind=veth\n[Peer]\nName=up1\n",
  "/etc/netplan/10-lab.yaml": `network:
  version: 2
  renderer: networkd
  ethernets:
    up0: { addresses: [198.18.0.1/30], link-local: [] }
    up1: { link-local: [], optional: true }
  bridges:
    ${bridge}:
      macaddress: 0e:00:00:00:16:c4
      addresses: [192.0.2.1/24]
      link-local: []
      optional: true
      parameters: { stp: false, forward-delay: 0 }
`,
};

const ifupdownFiles = {
  "/etc/network/interfaces": `auto lo
iface lo inet loopback

auto ${bridge}
iface ${bridge} inet static
    address 192.0.2.1/24
    bridge_ports none
    bridge_stp off
    bridge_fd 0
`,
};

const networkManagerFiles = {
  [profile]: `[connection]
id=${own}
type=bridge
interface-name=${own}
[bridge]
stp=false
mac-address=0E:00:00:00:16:C9
[ipv4]
method=manual
address1=203.0.113.1/27
[ipv6]
method=manual
address1=fe80::1/64
`,
};
