/**
 * Bridges that netkeep makes, on two hosts with a route to each other: guests with an on-link gateway reach each other; what is
 * spoilt is found and set right; a boot brings all of it back; it goes when nothing is on it. And a system VM that the host
 * reaches by its link-local address alone.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootHost, type LabHost } from "./support/host.ts";
import { joinHosts } from "./support/libvirt.ts";
import { installNetkeep, netkeep } from "./support/netkeep.ts";
import { addGuest, type GuestOptions, inNamespace, ipBatch, removeGuest } from "./support/network.ts";
import { suites } from "./support/recipe.ts";
import { ensureRootfs } from "./support/rootfs.ts";
import { apply, auditFindings, expectClean, kernelEntries, waitFor } from "./support/scenario.ts";

const link = "brdr-5828";
const mac = "0e:00:00:00:16:c4";
const bridge = `version: 1
links:
  ${link}:
    bridge: { mac: "${mac}", addresses: [169.254.0.1/32, "fe80::1/64"], arp-ignore: 1, arp-announce: 2, rp-filter: strict }
`;
const [g1, g2] = [1, 2].map((number): GuestOptions => {
  const addresses = [`203.0.113.${number}`, `2001:db8:9::${number}`];
  return { bridge: link, name: `g${number}`, mac: `52:00:00:00:00:0${number}`, addresses };
}) as [GuestOptions, GuestOptions];
const hostAddresses = [
  ["192.0.2.1", "2001:db8:f::1"],
  ["192.0.2.2", "2001:db8:f::2"],
] as const;
const sysctls = {
  "ipv4/conf/LINK/forwarding": "1",
  "ipv4/conf/LINK/arp_ignore": "1",
  "ipv4/conf/LINK/arp_announce": "2",
  "ipv4/conf/LINK/rp_filter": "1",
  "ipv6/conf/LINK/forwarding": "1",
  "ipv6/conf/LINK/accept_ra": "0",
  "ipv6/conf/LINK/disable_ipv6": "0",
};

/** The bridge of the system VMs, as an administrator has it; without 169.254.0.0/16. */
const cloud0 = {
  "/etc/systemd/network/20-cloud0.netdev": "[NetDev]\nName=cloud0\nKind=bridge\nMACAddress=0e:00:00:00:16:c6\n",
  "/etc/systemd/network/20-cloud0.network": "[Match]\nName=cloud0\n[Network]\nIPv6AcceptRA=no\n",
};

describe.each(suites)("bridges of netkeep on %s", (suite) => {
  let hosts: readonly [LabHost, LabHost];
  beforeAll(async () => {
    await ensureRootfs(suite);
    hosts = await Promise.all([boot("h1"), boot("h2")]);
  });
  afterAll(async () => {
    await Promise.all((hosts ?? []).map((host) => host.stop()));
  });

  const boot = async (name: string) => {
    const host = await bootHost({ suite, name, files: cloud0 });
    await installNetkeep(host);
    return host;
  };
  const both = (work: (host: LabHost, index: number) => Promise<void>) => Promise.all(hosts.map(work));
  const ping = (host: LabHost, guest: GuestOptions, to: string) =>
    host.run(inNamespace(guest.name, ["ping", "-c1", "-W2", to]), { reject: false });
  /** Asked again: a guest and the link between the hosts take some time to be up after they were made. */
  const reaches = async (host: LabHost, from: GuestOptions, to: GuestOptions) => {
    for (const address of to.addresses) {
      const status = async () => (await ping(host, from, address)).exitCode;
      await expect.poll(status, { timeout: 20_000, message: `${from.name} to ${address}` }).toBe(0);
    }
  };
  const stateOf = async (host: LabHost) => {
    const { stdout } = await host.run(["ip", "-j", "-d", "address", "show", "dev", link]);
    const [found] = JSON.parse(stdout) as [Record<string, never>];
    const { address, group, flags, linkinfo, addr_info } = found as never as {
      address: string;
      group: string;
      flags: string[];
      linkinfo: { info_data: { stp_state: number; forward_delay: number } };
      addr_info: { local: string; prefixlen: number; tentative?: boolean }[];
    };
    const read = (key: string) => host.run(["cat", `/proc/sys/net/${key.replace("LINK", link)}`]);
    const values = await Promise.all(Object.keys(sysctls).map(async (key) => [key, (await read(key)).stdout]));
    return {
      ...{ address, group, up: flags.includes("UP"), stp: linkinfo.info_data.stp_state },
      forwardDelay: linkinfo.info_data.forward_delay,
      addresses: addr_info.map(({ local, prefixlen, tentative }) => `${local}/${prefixlen}${tentative ? "!" : ""}`),
      sysctls: Object.fromEntries(values) as Record<string, string>,
    };
  };
  const asWanted = {
    ...{ address: mac, group: "107", up: true, stp: 0, forwardDelay: 0 },
    addresses: ["169.254.0.1/32", "fe80::1/64"],
    sysctls,
  };
  const setGuest = (host: LabHost, { name, mac: lladdr, addresses }: GuestOptions) =>
    netkeep(host, ["set", name], {
      input: JSON.stringify({ version: 1, guests: [{ name, dev: link, mac: lladdr, addresses }] }),
    });

  test("guests on two hosts reach each other by gateways that are the same", async () => {
    const [one, two] = hosts;
    await both(async (host) => {
      const applied = await apply(host, bridge);
      expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
      expect(await stateOf(host)).toEqual(asWanted);
    });
    expect((await apply(one, bridge)).stderr).toContain("nothing to do");
    await joinHosts([one, hostAddresses[0][0]], [two, hostAddresses[1][0]]);
    await both(async (host, index) => {
      const [own, other] = index === 0 ? [g1, g2] : [g2, g1];
      const [next4, next6] = hostAddresses[1 - index] ?? [];
      await ipBatch(host, [
        `addr add ${hostAddresses[index]?.[1]}/64 dev mig0 nodad`,
        `route add ${other.addresses[0]}/32 via ${next4}`,
        `route add ${other.addresses[1]}/128 via ${next6}`,
      ]);
      await addGuest(host, own);
      await setGuest(host, own);
    });
    await reaches(one, g1, g2);
    await reaches(two, g2, g1);
    await both(async (host, index) => {
      const { stdout } = await host.run(inNamespace(index === 0 ? g1.name : g2.name, ["ip", "neigh", "show"]));
      const gateways = stdout.split("\n").map((line) => line.split(" ").slice(0, 5).join(" "));
      expect(gateways.sort()).toEqual([`169.254.0.1 dev eth0 lladdr ${mac}`, `fe80::1 dev eth0 lladdr ${mac}`]);
      await expectClean(host);
    });
    const doctor = await netkeep(one, ["doctor", "--json=short", "--link", link], { reject: false });
    const { results } = JSON.parse(doctor.stdout) as {
      results: { link: string | null; verdict: string; check: string }[];
    };
    const alarms = results.filter(({ link: on, verdict }) => on === link && /warn|fail/.test(verdict));
    expect(alarms.map(({ check }) => check)).toEqual([]);
  });

  test("a reload and a restart of networkd leave bridge and guests alone", async () => {
    const [one] = hosts;
    await setGuest(one, { ...g1, name: "more", addresses: ["203.0.113.77"] });
    await one.run(["systemctl", "restart", "systemd-networkd"]);
    await waitFor(async () => (await one.run(["networkctl", "list", link])).stdout.includes("configured"));
    expect(await stateOf(one)).toEqual(asWanted);
    await reaches(one, g1, g2);
    await netkeep(one, ["unset", "more"]);
  });

  test("what is spoilt is found, and repaired without the loss of a neighbor", async () => {
    const [one] = hosts;
    const before = await kernelEntries(one);
    await ipBatch(one, [
      `link set dev ${link} address 0e:00:00:00:00:99`,
      `link set dev ${link} type bridge forward_delay 1500 stp_state 1`,
      `address del 169.254.0.1/32 dev ${link}`,
    ]);
    await one.run(["sysctl", "-qw", `net/ipv4/conf/${link}/rp_filter=0`]);
    const { findings } = await auditFindings(one);
    const found = findings.filter(({ link: on, layer }) => on === link && layer === "kernel");
    expect([...new Set(found.map(({ code }) => code))].sort()).toEqual([
      "bridge-differs",
      "kernel-missing",
      "sysctl-differs",
    ]);
    const repaired = await netkeep(one, ["audit", "--repair"], { reject: false });
    expect(repaired, repaired.stdout).toMatchObject({ exitCode: 0 });
    expect(await stateOf(one)).toEqual({
      ...asWanted,
      forwardDelay: 1500,
      addresses: expect.arrayContaining(asWanted.addresses),
    });
    expect(await kernelEntries(one)).toEqual(before);
    await waitFor(async () => (await ping(one, g1, g2.addresses[0] ?? "")).exitCode === 0);
    await reaches(one, g1, g2);
  });

  test("a system VM by its link-local address alone, without 169.254.0.0/16", async () => {
    const [, two] = hosts;
    const address = "fe80::c00:a9ff:fefe:fe3b";
    const vm = { bridge: "cloud0", name: "v-2-VM", mac: "0e:00:a9:fe:fe:3b", addresses: [] };
    await addGuest(two, vm);
    const document = {
      version: 1,
      guests: [{ name: vm.name, dev: "cloud0", mac: vm.mac, addresses: [], "link-local": "eui64" }],
    };
    const applied = await apply(two, JSON.stringify(document), "system-vm");
    expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
    const about = (await kernelEntries(two)).filter(
      (line) => line.startsWith(address) && !line.includes("table local"),
    );
    expect(about).toEqual([
      `${address} dev cloud0 lladdr ${vm.mac} PERMANENT`,
      `${address} dev cloud0 proto 107 metric 1024`,
    ]);
    await waitFor(
      async () => (await two.run(["ping", "-c1", "-W1", `${address}%cloud0`], { reject: false })).exitCode === 0,
    );
    expect((await two.run(["ip", "-4", "address", "show", "dev", "cloud0"])).stdout).toBe("");
    await expectClean(two);
  });

  test("it stays while it has a port, and goes for good after that", async () => {
    const [, two] = hosts;
    const empty = "version: 1\n";
    await netkeep(two, ["unset", g2.name]);
    expect((await apply(two, empty)).stderr).toContain(`it stays, because it has ports: v-${g2.name}`);
    expect((await auditFindings(two)).findings).toMatchObject([{ code: "bridge-extra" }]);
    expect(await stateOf(two)).toEqual(asWanted);
    await removeGuest(two, g2);
    expect(await netkeep(two, ["audit", "--repair"], { reject: false })).toMatchObject({ exitCode: 0 });
    await two.run(["networkctl", "reload"]);
    const left = "ls /sys/class/net | grep brdr; find /etc/systemd/network /etc/sysctl.d -name '*brdr*'";
    expect((await two.run(["sh", "-c", left], { reject: false })).stdout).toBe("");
    await expectClean(two);
  });

  test("with --no-reload, and on a link that is kept live, it is there as well", async () => {
    const [, two] = hosts;
    expect((await apply(two, bridge, "lab", ["--no-reload"])).exitCode).toBe(0);
    expect(await stateOf(two)).toEqual(asWanted);
    expect((await apply(two, bridge)).exitCode).toBe(0);
    expect((await apply(two, `${bridge}    mode: live\n`)).exitCode).toBe(0);
    expect((await two.run(["sh", "-c", "find /etc/systemd/network -name '*brdr*'"])).stdout).toBe("");
    expect(await stateOf(two)).toEqual(asWanted);
    await expectClean(two);
  });

  test("a boot brings it back", async () => {
    const [one] = hosts;
    await one.reboot();
    await waitFor(async () =>
      (await one.run(["networkctl", "list", link], { reject: false })).stdout.includes("configured"),
    );
    expect(await stateOf(one)).toEqual(asWanted);
    expect((await kernelEntries(one)).filter((line) => line.includes("PERMANENT"))).toEqual(
      g1.addresses.map((address) => `${address} dev ${link} lladdr ${g1.mac} PERMANENT`).sort(),
    );
    await expectClean(one);
  });
});
