/** What is tried is taken back by systemd's timer, at the loss of the terminal and by a boot, and kept once confirmed. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootHost, type LabHost } from "./support/host.ts";
import { netkeep } from "./support/netkeep.ts";
import { ipBatch } from "./support/network.ts";
import { installPackage } from "./support/package.ts";
import { suites } from "./support/recipe.ts";
import { apply, baseFiles, expectClean, kernelEntries, networkdAtRest, waitFor } from "./support/scenario.ts";

const document = (mac: string, ...addresses: string[]) =>
  JSON.stringify({ version: 1, guests: [{ name: "web", dev: "cloudbr0", mac, addresses }] });
const before = document("52:02:00:00:00:01", "2.57.57.41");
const tried = document("52:02:00:00:00:02", "2.57.57.41", "2.57.57.42", "2001:678:3a4:100::42");
const admin = "version: 1\nroutes: [{ to: 2001:db8:7::/48, via: fe80::7, dev: cloudbr0 }]\n";
const foreign = [
  "route add 198.51.100.2/32 dev cloudbr0 proto 186",
  "route add 2001:db8:a::2/128 dev cloudbr0 proto static",
  "neigh add 198.51.100.2 lladdr 02:00:00:00:00:12 dev cloudbr0 nud permanent",
];

describe.each(suites)("try on %s", (suite) => {
  let host: LabHost;
  let state: string[];
  beforeAll(async () => {
    host = await bootHost({ suite, files: { ...baseFiles, "/etc/netkeep/desired.d/admin.yaml": admin } });
    await installPackage(host);
    await host.run(["systemctl", "disable", "--now", "netkeep-audit.timer"]);
    await host.run(["touch", "-d", "10 seconds ago", "/etc/systemd/networkd.conf.d/50-netkeep.conf"]);
    await host.run(["systemctl", "restart", "systemd-networkd"]);
    expect(await apply(host, before, "web")).toMatchObject({ exitCode: 0 });
    await networkdAtRest(host);
    await ipBatch(host, foreign);
    await host.writeFile("/root/web.yaml", tried);
    state = await everything();
  });
  afterAll(() => host?.stop());

  /** The kernel, and the files of documents and networkd. */
  async function everything(): Promise<string[]> {
    const folders = "/etc/netkeep /etc/systemd/network /run/systemd/network /var/lib/netkeep/owners";
    const { stdout } = await host.run(["sh", "-c", `find ${folders} -type f -exec md5sum {} + | sort -k 2`]);
    return [...(await kernelEntries(host)), ...stdout.split("\n")];
  }

  const live = async () => (await host.run(["ip", "-4", "route", "show", "2.57.57.42"])).stdout !== "";
  const settled = async () => !(await host.run(["ls", "/run/netkeep"])).stdout.includes("reload-pending");
  const pending = async () => /"state":"(trying|ending)"/.test(await host.readFile("/run/netkeep/try"));

  async function expectTakenBack(): Promise<void> {
    await waitFor(async () => !(await pending()));
    expect(await everything()).toEqual(state);
    await expectClean(host);
    // The timer is stopped when the host is as before.
    const units = ["systemctl", "list-units", "--all", "--plain", "--no-legend", "netkeep-try*"];
    await waitFor(async () => (await host.run(units)).stdout === "");
  }

  test("killed with SIGKILL while it waits", async () => {
    const process = host.start(["netkeep", "try", "--timeout", "3", "/root/web.yaml"]);
    await waitFor(live);
    // On 252 a kill in the middle of a reload loses neighbors of others, with any command: ARCHITECTURE.md, known gap.
    await waitFor(settled);
    await process.kill();
    await expectTakenBack();
  });

  test("the terminal is lost", async () => {
    const process = host.start(["script", "-qfec", "netkeep try --timeout 600 /root/web.yaml", "/dev/null"]);
    await waitFor(live);
    await host.run(["sh", "-c", "until pkill -KILL -x script; do sleep 0.1; done"]);
    await expectTakenBack();
    await process.kill();
  });

  test("a guest starts meanwhile, and it is confirmed from another terminal", async () => {
    const process = host.start(["netkeep", "try", "--timeout", "600", "/root/web.yaml"]);
    await waitFor(live);
    await waitFor(settled);
    await expectClean(host);
    expect((await netkeep(host, ["apply"], { reject: false })).exitCode).toBe(75);
    expect(await live()).toBe(true);
    const words = ["-o", "add", "-b", "cloudbr0", "-m", "52:02:00:00:00:77", "-4", "2.57.57.77"];
    await netkeep(host, ["hook", "--strict", "cloudstack", ...words]);
    expect((await netkeep(host, ["confirm"])).stderr).toContain("confirmed: it stays");
    expect(await process.ended).toBe(0);
    expect(await kernelEntries(host)).toEqual(
      expect.arrayContaining(state.filter((line) => /198\.51\.100\.2|2001:db8:a::2|2001:db8:7::/.test(line))),
    );
    expect((await host.run(["ip", "route", "show", "2.57.57.77"])).stdout).toContain("cloudbr0");
    await expectClean(host);
  });

  test("history tells what was changed, and rollback takes it back", async () => {
    await host.run(["ip", "-batch", "-"], { input: `${foreign.join("\n").replaceAll(" add ", " replace ")}\n` });
    const now = await everything();
    await apply(host, document("52:02:00:00:00:02", "2.57.57.43"), "web");
    const history = await netkeep(host, ["history"]);
    expect(history.stdout).toMatch(
      / apply \/root\/web\.yaml: \+web .*\n.* try \/root\/web\.yaml: ~web\n.* apply .*: ~web$/s,
    );
    expect((await netkeep(host, ["history", "diff", "2", "3"], { reject: false })).stdout).toContain(
      "-Address=2.57.57.42",
    );
    expect((await netkeep(host, ["rollback"])).exitCode).toBe(0);
    // When a document was stored is no part of it.
    const stable = (lines: readonly string[]) => lines.filter((line) => !line.includes("/owners/"));
    expect(stable(await everything())).toEqual(stable(now));
    await expectClean(host);
  });

  test.each([
    ["loses power", async () => host.kill().then(() => host.boot())],
    ["reboots in order", async () => host.reboot()],
  ])("the host %s: what was confirmed is there, and what was tried is not", async (_, reboot) => {
    await apply(host, document("52:02:00:00:00:05", "2.57.57.55"), "other");
    const files = (await everything()).filter((line) => / \/etc\/|\/var\//.test(line));
    await host.writeFile("/root/other.yaml", document("52:02:00:00:00:06", "2.57.57.56"));
    await host.writeFile("/root/admin.yaml", "version: 1\n");
    // As in a session: what systemd knows is told to end in its turn.
    const words = ["netkeep", "try", "--timeout", "600", "/root/other.yaml", "/root/admin.yaml"];
    await host.run(["systemd-run", "--quiet", "--unit=session", ...words]);
    await waitFor(async () => (await host.run(["ip", "route", "show", "2.57.57.56"])).stdout !== "");
    expect((await host.run(["ip", "-6", "route", "show", "2001:db8:7::/48"])).stdout).toBe("");
    await waitFor(settled);
    await reboot();
    const entries = (await kernelEntries(host)).join("\n");
    expect(entries).toMatch(/2\.57\.57\.42 dev[\s\S]*2\.57\.57\.55 dev[\s\S]*2001:678:3a4:100::42 dev/);
    expect(entries).toContain("2001:db8:7::/48 via fe80::7");
    expect(entries).not.toContain("2.57.57.56");
    expect((await everything()).filter((line) => / \/etc\/|\/var\//.test(line))).toEqual(files);
    await expectClean(host);
  });
});
