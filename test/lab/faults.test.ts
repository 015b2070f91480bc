/** Faults of the main job on a real host: each is said, costs only itself, and the next run ends in the right state. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "./support/host.ts";
import { netkeep } from "./support/netkeep.ts";
import { suites } from "./support/recipe.ts";
import {
  apply,
  auditFindings,
  bootScenario,
  expectClean,
  kernelEntries,
  mainDocument,
  mainRoutes,
  networkdAtRest,
  waitFor,
} from "./support/scenario.ts";

const directory = "/etc/systemd/network";
const dropIn = `${directory}/10-cloudbr0.network.d/60-netkeep.conf`;

describe.each(suites)("faults on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootScenario(suite);
  });
  afterAll(() => host?.stop());

  test("networkd does not run: live and files work, exit 69, and its start completes the rest", async () => {
    await host.run(["systemctl", "stop", "systemd-networkd.socket", "systemd-networkd.service"]);
    const result = await apply(host, mainDocument);
    expect(result.exitCode).toBe(69);
    expect(result.stderr).toContain("4 files changed, networkd was not told: systemd-networkd is not running");
    expect(await kernelEntries(host)).toEqual(expect.arrayContaining(mainRoutes));
    expect(await active(host)).toBe("inactive");
    expect((await auditFindings(host)).findings).toEqual([expect.objectContaining({ code: "networkd-not-running" })]);
    expect(await active(host)).toBe("inactive");
    await host.run(["systemctl", "start", "systemd-networkd"]);
    expect((await apply(host, mainDocument)).exitCode).toBe(0);
    await expectClean(host);
  });

  test("an entry that the kernel rejects is reported and never reaches a drop-in", async () => {
    const bad = `${mainDocument}routes:
  - { to: 203.0.113.0/24, via: 192.0.2.77, dev: cloudbr0 }
  - { to: "2001:db8:bad::/48", via: "2001:db8:dead::1", dev: cloudbr0 }
  - { to: 198.51.100.0/24, dev: cloudbr0 }
`;
    const result = await apply(host, bad);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(
      /the kernel refuses route 203\.0\.113\.0\/24 via 192\.0\.2\.77 .* of lab: .*; it was left out/,
    );
    expect(result.stderr).toContain("the kernel refuses route 2001:db8:bad::/48");
    const text = await host.readFile(dropIn);
    expect(text).not.toContain("203.0.113.0");
    expect(text).not.toContain("2001:db8:bad");
    expect(text).toContain("198.51.100.0/24");
    expect((await host.run(["networkctl", "list", "--no-legend"])).stdout).toMatch(/cloudbr0 .* configured/);
    const { findings } = await auditFindings(host);
    expect(findings.filter(({ layer }) => layer === "kernel").map(({ expected }) => expected)).toEqual([
      expect.stringContaining("203.0.113.0/24"),
      expect.stringContaining("2001:db8:bad::/48"),
    ]);
    expect((await apply(host, mainDocument)).exitCode).toBe(0);
    await expectClean(host);
  });

  test("an unknown link: its files are written, and networkd applies them when it appears", async () => {
    await host.writeFile(`${directory}/10-late0.network`, "[Match]\nName=late0\n[Network]\nLinkLocalAddressing=no\n");
    const document = 'version: 1\nroutes:\n  - { to: 192.0.2.7, dev: late0 }\n  - { to: "2001:db8::7", dev: late0 }\n';
    const result = await apply(host, document, "late");
    expect(result).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("late0 does not exist yet; its files are written"),
    });
    expect((await auditFindings(host)).exitCode).toBe(0);
    await host.run(["ip", "link", "add", "late0", "type", "bridge"]);
    await waitFor(async () => (await kernelEntries(host)).includes("192.0.2.7 dev late0 proto 107 scope link"));
    await networkdAtRest(host);
    await expectClean(host);
    expect((await apply(host, "version: 1\n", "late")).exitCode).toBe(0);
    await host.run(["ip", "link", "del", "late0"]);
    await host.remove(`${directory}/10-late0.network`);
  });

  test.each([
    ["Unmanaged=yes", "[Match]\nName=odd0\n[Link]\nUnmanaged=yes\n", "10-odd0.network:4 says Unmanaged=yes"],
    ["a base file for two links", "[Match]\nName=odd0 cloudbr9\n", "also applies to cloudbr9"],
    ["a base file for links to come", "[Match]\nName=odd*\n", "matches more than this one name"],
  ])("%s is an error that says what to do, and changes nothing", async (_, base, message) => {
    await host.writeFile(`${directory}/10-odd0.network`, base);
    // Without an address of its own, which the kernel would set some time later.
    for (const link of ["odd0", "cloudbr9"]) {
      await host.run(["ip", "link", "add", link, "type", "bridge"]);
      await host.run(["ip", "link", "set", link, "addrgenmode", "none", "up"]);
    }
    await host.run(["networkctl", "reload"]);
    const before = await kernelEntries(host);
    const result = await apply(host, "version: 1\nroutes:\n  - { to: 192.0.2.7, dev: odd0 }\n", "odd");
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(message);
    expect(result.stderr).toContain("nothing was changed");
    expect(await kernelEntries(host)).toEqual(before);
    for (const link of ["odd0", "cloudbr9"]) await host.run(["ip", "link", "del", link]);
    await host.remove(`${directory}/10-odd0.network`);
    await host.run(["networkctl", "reload"]);
  });

  test("a masked base file is an error that says what to do", async () => {
    await host.writeFile("/usr/lib/systemd/network/10-odd0.network", "[Match]\nName=odd0\n");
    await host.run(["ln", "-s", "/dev/null", `${directory}/10-odd0.network`]);
    await host.run(["ip", "link", "add", "odd0", "up", "type", "bridge"]);
    const result = await apply(host, "version: 1\nroutes:\n  - { to: 192.0.2.7, dev: odd0 }\n", "odd");
    expect(result).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`is masked by ${directory}/10-odd0.network`),
    });
    await host.run(["ip", "link", "del", "odd0"]);
    await host.run(["rm", `${directory}/10-odd0.network`, "/usr/lib/systemd/network/10-odd0.network"]);
  });

  test("no base file: a standalone one that leaves the link as it is, and goes again", async () => {
    await host.run([
      "sh",
      "-c",
      "ip link add own0 up type bridge; ip addr add 10.8.0.1/24 dev own0; ip addr add 2001:db8:8::1/64 dev own0 nodad",
    ]);
    await host.run([
      "ip",
      "neigh",
      "add",
      "10.8.0.9",
      "lladdr",
      "02:00:00:00:00:21",
      "dev",
      "own0",
      "nud",
      "permanent",
    ]);
    await host.run(["ip", "route", "add", "192.0.2.99", "dev", "own0", "proto", "99"]);
    const tentative = async () => (await host.run(["ip", "-6", "addr", "show", "dev", "own0", "tentative"])).stdout;
    await waitFor(async () => (await tentative()) === "");
    const state = async () => {
      const shown = await Promise.all([
        host.run(["ip", "-o", "addr", "show", "own0"]),
        host.run(["ip", "-d", "link", "show", "own0"]),
      ]);
      return [
        ...(await kernelEntries(host)).filter((line) => line.includes("own0")),
        shown[0].stdout,
        mtuAndFlags(shown[1].stdout),
      ];
    };
    const before = await state();
    expect((await apply(host, "version: 1\nroutes:\n  - { to: 192.0.2.7, dev: own0 }\n", "own")).exitCode).toBe(0);
    expect(await host.readFile(`${directory}/60-netkeep-own0.network`)).toContain("[Match]\nName=own0\n");
    const during = await state();
    expect(before.filter((line) => !during.includes(line))).toEqual([]);
    await expectClean(host);
    expect((await apply(host, "version: 1\n", "own")).exitCode).toBe(0);
    expect(await state()).toEqual(before);
    await host.run(["ip", "link", "del", "own0"]);
  });

  test("the lock is held: exit 75 after LockTimeoutSec=, and nothing is changed", async () => {
    await host.writeFile("/etc/netkeep/netkeep.conf", "[Netkeep]\nLockTimeoutSec=1\n");
    const holder = await host.start(["flock", "/run/netkeep/lock", "sleep", "60"]);
    const taken = async () =>
      (await host.run(["flock", "-n", "/run/netkeep/lock", "true"], { reject: false })).exitCode === 1;
    await waitFor(taken);
    const result = await apply(host, "version: 1\n");
    expect(result).toMatchObject({
      exitCode: 75,
      stderr: expect.stringContaining("another netkeep has held /run/netkeep/lock for 1 s"),
    });
    await holder.kill();
    await host.remove("/etc/netkeep/netkeep.conf");
    await expectClean(host);
  });

  test("not root: exit 77; plan and audit still work", async () => {
    const asUser = (args: string[]) =>
      host.run(["setpriv", "--reuid=65534", "--clear-groups", "netkeep", ...args], { reject: false });
    expect(await asUser(["apply"])).toMatchObject({ exitCode: 77, stderr: expect.stringContaining("this needs root") });
    expect((await asUser(["audit"])).exitCode).toBe(0);
    expect((await asUser(["plan"])).exitCode).toBe(0);
  });

  test("a full disk: the old file stays whole, the error names it, and the next run completes", async () => {
    await host.run([
      "sh",
      "-c",
      `mkdir -p /root/keep; cp -a ${directory}/. /root/keep/; mount -t tmpfs -o size=64k tmpfs ${directory}; cp -a /root/keep/. ${directory}/`,
    ]);
    await host.run(["sh", "-c", `dd if=/dev/zero of=${directory}/filler bs=4k || true`]);
    const before = await host.run(["cat", dropIn]);
    const result = await apply(host, mainDocument.replace("2.57.57.30", "2.57.57.33"));
    expect(result).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/cannot write .*60-netkeep\.conf: no space left/i),
    });
    expect((await host.run(["cat", dropIn])).stdout).toBe(before.stdout);
    expect((await host.run(["find", directory, "-name", "*.tmp"])).stdout).toBe("");
    await host.run(["rm", `${directory}/filler`]);
    expect((await netkeep(host, ["apply"])).exitCode).toBe(0);
    await expectClean(host);
    await host.run(["umount", directory]);
    expect((await apply(host, mainDocument)).exitCode).toBe(0);
    await expectClean(host);
  });

  test("/etc is read-only: exit 2 names the file, live entries are right", async () => {
    await host.run(["sh", "-c", `mount --bind ${directory} ${directory}; mount -o remount,ro,bind ${directory}`]);
    const result = await apply(host, mainDocument.replace("2.57.57.30", "2.57.57.34"));
    expect(result).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/cannot write .*: read-only file system/i),
    });
    expect((await kernelEntries(host)).join("\n")).toContain("2.57.57.34");
    await host.run(["umount", directory]);
    expect((await apply(host, mainDocument)).exitCode).toBe(0);
    await expectClean(host);
  });

  test("others reload at the same time: ours is repeated until networkd takes it", async () => {
    const noise = await host.start(["sh", "-c", "while :; do networkctl reload; done"]);
    for (let round = 40; round < 46; round++) {
      expect((await apply(host, mainDocument.replace("2.57.57.30", `2.57.57.${round}`))).exitCode).toBe(0);
    }
    await noise.kill();
    await expectClean(host);
  });

  test("twenty applies at once, each for an owner of its own, all end right", async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        apply(host, `version: 1\nroutes:\n  - { to: 192.0.2.${index + 1}, dev: cloudbr0 }\n`, `owner-${index}`),
      ),
    );
    expect(results.map(({ exitCode, stderr }) => (exitCode === 0 ? "" : stderr)).filter((text) => text !== "")).toEqual(
      [],
    );
    const kernel = await kernelEntries(host);
    for (let index = 1; index <= 20; index++)
      expect(kernel).toContain(`192.0.2.${index} dev cloudbr0 proto 107 scope link`);
    await expectClean(host);
  });

  test("kill -9 at any time: the next apply ends in the same state and leaves no temporary file", async () => {
    for (let delay = 20; delay <= 420; delay += 40) {
      const third = (delay / 20) % 250;
      await host.writeFile("/root/lab.yaml", mainDocument.replace("2.57.57.30", `2.57.60.${third}`));
      await host.run(["timeout", "-s", "KILL", `${delay / 1000}`, "netkeep", "apply", "/root/lab.yaml"], {
        reject: false,
      });
      expect((await netkeep(host, ["apply", "/root/lab.yaml"])).exitCode).toBe(0);
      await expectClean(host);
      expect((await host.run(["find", directory, "/var/lib/netkeep", "-name", "*.tmp"])).stdout).toBe("");
    }
  });
});

test("more routes than networkd 257 loads are refused, and taken once the sysctl allows them", async () => {
  const host = await bootScenario("trixie");
  try {
    const routes = Array.from({ length: 8300 }, (_, index) => `100.64.${index >> 8}.${index & 255}/32`);
    const document = JSON.stringify({ version: 1, routes: routes.map((to) => ({ to, dev: "cloudbr0" })) });
    const refused = await apply(host, document);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("cloudbr0 gets 8300 routes, and systemd-networkd 257 on this host loads 8192");
    await host.run(["sysctl", "-w", "net.ipv6.route.max_size=100000"]);
    await host.run(["systemctl", "restart", "systemd-networkd"]);
    await waitFor(async () => (await host.run(["networkctl", "list"])).stdout.includes("configured"));
    expect(await apply(host, document)).toMatchObject({ exitCode: 0 });
    // The kernel forgets all routes of the link: those that come back are networkd's.
    for (const state of ["down", "up"]) await host.run(["ip", "link", "set", "cloudbr0", state]);
    // Without a port there is no carrier that comes back, and networkd 257 needs telling.
    await host.run(["networkctl", "reconfigure", "cloudbr0"]);
    await waitFor(async () => (await auditFindings(host)).exitCode === 0, 30_000);
  } finally {
    await host.stop();
  }
});

async function active(host: LabHost): Promise<string> {
  return (await host.run(["systemctl", "is-active", "systemd-networkd"], { reject: false })).stdout;
}

function mtuAndFlags(text: string): string {
  return /mtu \d+/.exec(text)?.[0] ?? "";
}
