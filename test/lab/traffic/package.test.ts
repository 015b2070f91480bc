/** The package on whole hosts: install, upgrade under traffic, remove, install again, purge. */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootHost, type LabHost } from "../support/host.ts";
import { netkeep } from "../support/netkeep.ts";
import { addGuest, addOutside } from "../support/network.ts";
import { apt, buildPackage, installPackage, installRpm, rpm } from "../support/package.ts";
import { suites } from "../support/recipe.ts";
import {
  apply,
  baseFiles,
  expectClean,
  guest,
  kernelEntries,
  mainDocument,
  mainRoutes,
  networkdAtRest,
  waitFor,
} from "../support/scenario.ts";
import { startTraffic } from "../support/traffic.ts";

const networkFiles = "/etc/systemd/network";
const ofOthers = `${networkFiles}/10-cloudbr0.network.d/70-admin.conf`;
const settings = "/etc/systemd/networkd.conf.d/50-netkeep.conf";
const hasRpmbuild = spawnSync("rpmbuild", ["--version"]).status === 0;
const enabled = ["netkeep.service", "netkeep-verify.service", "netkeep-audit.timer"];

describe.each(suites)("package on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    const admin = { [ofOthers]: "[Network]\nLLMNR=no\n" };
    host = await bootHost({ suite, files: { ...baseFiles, ...admin } });
    await buildPackage("2");
  });
  afterAll(() => host?.stop());

  const shell = async (script: string) => (await host.run(["sh", "-c", script], { reject: false })).stdout;

  test("install: units are enabled, names are known, and nothing of the network has moved", async () => {
    await waitFor(async () => (await kernelEntries(host)).some((line) => line.startsWith("2001:db8:1::/64")));
    const before = await kernelEntries(host);
    await installPackage(host);
    expect(await shell(`systemctl is-enabled ${enabled.join(" ")}`)).toBe("enabled\nenabled\nenabled");
    expect(await shell("systemctl is-active netkeep-audit.timer; systemctl --failed --no-legend")).toBe("active");
    expect(await kernelEntries(host)).toEqual(before);
    expect(
      await shell("systemd-analyze verify --man=no /usr/lib/systemd/system/netkeep*.[st]* 2>&1 | grep -i netkeep"),
    ).toBe("");
    expect((await netkeep(host, ["--version"])).stdout).toMatch(/^\d+\.\d+/);
    // networkd has not read its settings yet, and netkeep can tell that by the times.
    const [file, daemon] = (await shell(`stat -c %Y ${settings} /proc/$(pidof systemd-networkd)`)).split("\n");
    expect(Number(file)).toBeGreaterThanOrEqual(Number(daemon));
    await host.run(["systemctl", "restart", "systemd-networkd", "systemd-sysctl"]);
    expect(await shell("sysctl -n net.ipv6.route.max_size")).toBe("100000");
    expect((await apply(host, mainDocument)).exitCode).toBe(0);
    await expectClean(host);
    expect(await shell("ip route show proto netkeep")).toContain("2.57.57.30 dev cloudbr0");
    expect(await shell("ip -6 route show proto netkeep | wc -l")).toBe("2");
  });

  test("install again: nothing changes, and a watch that was stopped stays so", async () => {
    await host.run(["systemctl", "enable", "netkeep-watch"]);
    const state = `systemctl is-enabled ${enabled.join(" ")}; systemctl is-active netkeep-watch; stat -c %Y ${settings}; cat ${networkFiles}/*.d/*netkeep*`;
    const before = await shell(state);
    await apt(host, ["install", "--reinstall", "/root/netkeep.deb"]);
    expect(await shell(state)).toBe(before);
  });

  test("upgrade: no packet is lost, and what the administrator has switched off stays off", async () => {
    await addOutside(host);
    await addGuest(host, guest);
    await host.run(["systemctl", "disable", "--now", "netkeep-audit.timer"]);
    await host.run(["systemctl", "start", "netkeep-watch"]);
    const watch = await shell("systemctl show -P MainPID netkeep-watch");
    const time = await shell(`stat -c %Y ${settings}`);
    const flows = [
      await startTraffic(host, { from: "out", to: guest.name, address: guest.addresses[0] }),
      await startTraffic(host, { from: guest.name, to: "out", address: "2001:db8:ffff::2" }),
    ];
    await installPackage(host, "2");
    for (const flow of flows) expect(await flow.stop()).toMatchObject({ lost: 0, longestRun: 0 });
    expect(await shell("dpkg-query -W netkeep")).toMatch(/-2$/);
    expect(await shell("systemctl is-enabled netkeep-audit.timer")).toBe("disabled");
    expect(await shell("systemctl is-active netkeep-watch")).toBe("active");
    expect(await shell("systemctl show -P MainPID netkeep-watch")).not.toBe(watch);
    await host.run(["systemctl", "disable", "--now", "netkeep-watch"]);
    expect(await shell(`stat -c %Y ${settings}`)).toBe(time);
    await expectClean(host);
  });

  test("remove: the kernel, the drop-ins and the documents stay", async () => {
    await host.writeFile("/etc/netkeep/desired.d/admin.yaml", "version: 1\n");
    const state = `cat ${networkFiles}/*.d/* /var/lib/netkeep/owners/*`;
    const [entries, files] = [await kernelEntries(host), await shell(state)];
    await apt(host, ["remove", "netkeep"]);
    expect(await kernelEntries(host)).toEqual(entries);
    expect(entries).toEqual(expect.arrayContaining(mainRoutes.slice(0, 2)));
    expect(await shell(state)).toBe(files);
    expect(await shell("systemctl list-units --all --no-legend 'netkeep*.timer'; command -v netkeep")).toBe("");
    // The conffile is still there, and ifup(8) takes its failure for that of the link.
    const ifUp = "[ -e /run/netkeep/links/cloudbr0 ] && IFACE=cloudbr0 /etc/network/if-up.d/netkeep";
    expect(await host.run(["sh", "-c", ifUp], { reject: false })).toEqual({ stdout: "", stderr: "", exitCode: 0 });
  });

  test("a reboot without the package: networkd loads the drop-ins by itself", async () => {
    await host.reboot();
    await networkdAtRest(host);
    expect(await kernelEntries(host)).toEqual(expect.arrayContaining(mainRoutes.slice(0, 2)));
    expect(await shell("systemctl --failed --no-legend")).toBe("");
  });

  test("purge: everything of netkeep's is gone, everything else is there", async () => {
    await installPackage(host, "2");
    expect((await netkeep(host, ["audit"])).exitCode).toBe(0);
    const entries = await kernelEntries(host);
    const { stderr } = await apt(host, ["purge", "netkeep"]);
    expect(stderr).toContain("stay in the kernel until systemd-networkd sets up their links anew");
    expect(await kernelEntries(host)).toEqual(entries);
    const left = await shell(
      "find /etc /usr /var /run -xdev -name '*netkeep*' -not -path '*/apt/*' -not -path '/usr/lib/netkeep-lab*' 2>/dev/null",
    );
    expect(left.split("\n").filter((path) => path !== "" && path !== "/etc/netkeep")).toEqual([]);
    // The administrator's document keeps its directory.
    expect(await host.readFile("/etc/netkeep/desired.d/admin.yaml")).toBe("version: 1\n");
    expect(await host.readFile(ofOthers)).toContain("LLMNR=no");
    expect(await shell(`ls ${networkFiles}`)).toBe(
      [...Object.keys(baseFiles).map((path) => path.slice(networkFiles.length + 1)), "10-cloudbr0.network.d"]
        .sort()
        .join("\n"),
    );
  });

  test.skipIf(!hasRpmbuild)("the .rpm: install, upgrade, remove", async () => {
    const foreign = await kernelEntries(host);
    await installRpm(host, "--install");
    // Its time is changed by design: networkd counts from it.
    expect(await shell("rpm -V --nodeps netkeep")).toMatch(
      /^\.{7}T\. +c \/etc\/systemd\/networkd\.conf\.d\/50-netkeep\.conf$/,
    );
    expect(await shell(`systemctl is-enabled ${enabled.join(" ")} netkeep-watch`)).toBe(
      "enabled\nenabled\nenabled\ndisabled",
    );
    expect(await shell("systemctl is-active netkeep-audit.timer; systemctl --failed --no-legend")).toBe("active");
    expect(await kernelEntries(host)).toEqual(foreign);
    await host.run(["systemctl", "restart", "systemd-networkd"]);
    expect((await apply(host, mainDocument)).exitCode).toBe(0);
    await expectClean(host);
    const [entries, time] = [await kernelEntries(host), await shell(`stat -c %Y ${settings}`)];
    await host.run(["systemctl", "disable", "--now", "netkeep-audit.timer"]);
    await installRpm(host, "--upgrade", "2");
    expect(await shell("rpm -q --qf '%{release}' netkeep")).toBe("2");
    expect(await shell("systemctl is-enabled netkeep.service netkeep-audit.timer")).toBe("enabled\ndisabled");
    expect(await shell(`stat -c %Y ${settings}`)).toBe(time);
    await expectClean(host);
    await rpm(host, ["--erase", "netkeep"]);
    expect(await kernelEntries(host)).toEqual(entries);
    expect(await shell(`ls ${networkFiles}/10-cloudbr0.network.d`)).toContain("60-netkeep.conf");
    expect(await shell("systemctl list-units --all --no-legend 'netkeep*'; command -v netkeep")).toBe("");
    expect(await shell("find /etc/systemd/system /usr/lib/systemd -name 'netkeep*'")).toBe("");
    expect(await host.readFile("/etc/netkeep/desired.d/admin.yaml")).toBe("version: 1\n");
  });
});
