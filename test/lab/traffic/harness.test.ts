/**
 * The lab itself: what the other lab tests rely on, and that its measurements can fail.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootHost, type LabHost } from "../support/host.ts";
import { deletions, startMonitor } from "../support/monitor.ts";
import { installNetkeep, netkeep } from "../support/netkeep.ts";
import { addBridge, addGuest, addOutside, inNamespace, ipBatch, removeGuest } from "../support/network.ts";
import { suites, systemdVersions } from "../support/recipe.ts";
import { startTraffic } from "../support/traffic.ts";

const guest = {
  bridge: "cloudbr0",
  name: "g1",
  mac: "02:00:00:00:00:01",
  addresses: ["2.57.57.30", "2001:678:3a4:100::80"],
} as const;
const [address4, address6] = guest.addresses;

const files = {
  "/etc/systemd/network/10-cloudbr0.netdev":
    "[NetDev]\nName=cloudbr0\nKind=bridge\nMACAddress=02:00:00:00:ff:01\n[Bridge]\nSTP=no\nForwardDelaySec=0\n",
  "/etc/systemd/network/10-cloudbr0.network": `[Match]
Name=cloudbr0
[Network]
ConfigureWithoutCarrier=yes
LinkLocalAddressing=no
IPv6AcceptRA=no
[Address]
Address=169.254.0.1/32
DuplicateAddressDetection=none
[Address]
Address=fe80::1/64
DuplicateAddressDetection=none
`,
};

describe.each(suites)("a lab host with %s", (suite) => {
  let host: LabHost;

  beforeAll(async () => {
    host = await bootHost({ suite, files });
    await addOutside(host);
    await addGuest(host, guest);
    await addEntries(host);
  });
  afterAll(() => host?.stop());

  test("runs this suite's systemd, and udev", async () => {
    expect(await host.systemdVersion()).toBe(systemdVersions[suite]);
    expect(await host.waitForState()).toBe("running");
    expect((await host.run(["systemctl", "is-active", "systemd-udevd", "dbus", "systemd-networkd"])).stdout).toBe(
      "active\nactive\nactive",
    );
    expect((await host.run(["udevadm", "info", "/sys/class/net/cloudbr0"])).stdout).toContain("ID_NET_LINK_FILE=");
  });

  test("has networkd manage the bridge", async () => {
    const { stdout } = await host.run(["networkctl", "--json=short", "status", "cloudbr0"]);
    expect(JSON.parse(stdout)).toMatchObject({
      AdministrativeState: "configured",
      NetworkFile: "/etc/systemd/network/10-cloudbr0.network",
    });
  });

  test("carries packets in both directions and loses none", async () => {
    for (const address of guest.addresses) {
      await host.run(inNamespace("out", ["ping", "-c1", "-W2", address]));
    }
    const flows = [
      await startTraffic(host, { from: "out", to: "g1", address: address6 }),
      await startTraffic(host, { from: "g1", to: "out", address: "198.18.0.2" }),
    ];
    await sleep(1500);
    for (const result of await Promise.all(flows.map((flow) => flow.stop()))) {
      expect(result).toMatchObject({ lost: 0, longestRun: 0, longestGapMs: 0 });
      expect(result.sent).toBeGreaterThan(500);
      expect(result.received).toBe(result.sent);
    }
  });

  test.each([
    ["IPv4", address4, "/32"],
    ["IPv6", address6, "/128"],
  ])("counts what is lost while an %s route is away, and sees its deletion", async (_, address, length) => {
    const monitor = await startMonitor(host);
    const traffic = await startTraffic(host, { from: "out", to: "g1", address });
    await ipBatch(host, [`route del ${address}${length} dev cloudbr0`]);
    await sleep(300);
    await addEntries(host);
    await sleep(300);
    const { lost, longestRun, longestGapMs, sent } = await traffic.stop();
    expect(lost).toBeGreaterThan(100);
    expect(lost).toBeLessThan(sent);
    expect(longestRun).toBe(lost);
    expect(longestGapMs).toBeGreaterThan(280);
    expect(longestGapMs).toBeLessThan(5000);

    const lines = await monitor.stop();
    expect(deletions(lines, address)).toMatchObject([{ kind: "route", deleted: true }]);
    expect(deletions(lines, "192.0.2.99")).toEqual([]);
    expect(lines.filter((line) => !line.deleted && line.kind === "route").length).toBeGreaterThan(0);
  });

  test("gives guests that come and go, on bridges of any maker", async () => {
    await addBridge(host, "byhand0", { mac: "02:00:00:00:ff:02" });
    await addGuest(host, { ...guest, bridge: "byhand0", name: "g2", mac: "02:00:00:00:00:02" });
    expect((await host.run(["bridge", "link"])).stdout).toContain("v-g2");
    await removeGuest(host, { name: "g2" });
    expect((await host.run(["bridge", "link"])).stdout).not.toContain("v-g2");
  });

  test("runs the built netkeep under the distribution's Node", async () => {
    await installNetkeep(host);
    expect((await netkeep(host, ["--version"])).stdout).toMatch(/\d+\.\d+\.\d+/);
  });

  test("ends what runs too long, and reports what fails", async () => {
    await expect(host.run(["sleep", "61.7"], { timeoutMs: 200 })).rejects.toThrow("timed out");
    expect((await host.run(["pgrep", "-f", "sleep 61.7"], { reject: false })).exitCode).toBe(1);
    expect(await host.run(["sh", "-c", "echo bad >&2; exit 7"], { reject: false })).toMatchObject({
      exitCode: 7,
      stderr: "bad",
    });
    await expect(host.run(["false"])).rejects.toThrow();
  });

  test("keeps its files over a reboot and over a power cut", async () => {
    await host.writeFile("/var/lib/netkeep/kept", "kept\n", 0o600);
    await host.writeFile("/run/gone", "");
    const boots = [await bootId(host)];
    await host.reboot();
    boots.push(await bootId(host));
    await expect(host.readFile("/run/gone")).rejects.toThrow();

    await host.kill();
    expect(() => host.pid).toThrow("not running");
    await host.writeFile("/var/lib/netkeep/while-off", "off\n");
    await host.boot();
    boots.push(await bootId(host));
    expect(new Set(boots).size).toBe(3);
    expect(await host.readFile("/var/lib/netkeep/kept")).toBe("kept\n");
    expect(await host.readFile("/var/lib/netkeep/while-off")).toBe("off\n");
    expect((await host.run(["stat", "-c", "%a", "/var/lib/netkeep/kept"])).stdout).toBe("600");
    await host.remove("/var/lib/netkeep");
    await expect(host.readFile("/var/lib/netkeep/kept")).rejects.toThrow();
    expect((await host.run(["ip", "addr", "show", "dev", "cloudbr0"])).stdout).toContain("169.254.0.1/32");
  });
});

test("two hosts run side by side, and leave nothing behind", async () => {
  const hosts = await Promise.all(suites.map((suite) => bootHost({ suite, name: `side-${suite}` })));
  const names = await Promise.all(hosts.map(async (host) => (await host.run(["hostname"])).stdout));
  expect(names).toEqual(["side-bookworm", "side-trixie"]);
  const pids = hosts.map((host) => host.pid);
  await Promise.all(hosts.map((host) => host.stop()));
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

/** What netkeep will do: the routes and neighbors of the guest on the host. */
async function addEntries(host: LabHost): Promise<void> {
  await ipBatch(host, [
    ...guest.addresses.map((address) => `neigh replace ${address} lladdr ${guest.mac} dev cloudbr0 nud permanent`),
    `route replace ${address4}/32 dev cloudbr0 proto 107 scope link`,
    `route replace ${address6}/128 dev cloudbr0 proto 107`,
  ]);
}

async function bootId(host: LabHost): Promise<string> {
  return (await host.run(["journalctl", "--list-boots", "--no-pager", "-n1", "-q"])).stdout + host.pid;
}
