/** netkeep-watch.service as the package has it: what is lost comes back, hooks are answered, and systemd keeps it alive. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootHost, type LabHost } from "./support/host.ts";
import { installPackage } from "./support/package.ts";
import { suites } from "./support/recipe.ts";
import { apply, baseFiles, expectClean, kernelEntries, networkdAtRest, waitFor } from "./support/scenario.ts";

const guests = 500;
const document = JSON.stringify({
  version: 1,
  guests: Array.from({ length: guests }, (_, n) => ({
    name: `i-2-${n}-VM`,
    dev: "cloudbr0",
    mac: `52:00:00:00:${hex(n >> 8)}:${hex(n & 255)}`,
    addresses: [`10.77.${n >> 8}.${n & 255}`, `2001:db8:77::${(n + 1).toString(16)}`],
  })),
});
const unit = "netkeep-watch.service";
const hook = "/usr/libexec/netkeep/modifymacip.sh";
const nic = ["-b", "cloudbr0", "-m", "52:02:45:76:d2:35", "-4", "2.57.57.30", "-6", "2001:678:3a4:100::80"];

describe.each(suites)("the watch on %s", (suite) => {
  let host: LabHost;
  let before: string[];
  const sh = async (script: string) => (await host.run(["sh", "-c", script])).stdout.trim();
  const property = (name: string) => sh(`systemctl show --value -p ${name} ${unit}`);

  /** Without what the kernel has for the host's own addresses: networkd 257 does not set fe80::1 again on a link that was down. */
  const ours = async () => (await kernelEntries(host)).filter((line) => !/ proto kernel| table local/.test(line));

  beforeAll(async () => {
    host = await bootHost({ suite, files: baseFiles });
    await installPackage(host);
    expect(await sh(`systemctl is-enabled ${unit} || true`)).toBe("disabled");
    await sh(`systemctl disable --now netkeep-audit.timer
      touch -d "10 seconds ago" /etc/systemd/networkd.conf.d/50-netkeep.conf; systemctl restart systemd-networkd`);
    expect(await apply(host, document)).toMatchObject({ exitCode: 0 });
    await sh(`systemctl start ${unit}`);
    before = await ours();
  });
  afterAll(() => host?.stop());

  const returned = () => waitFor(async () => JSON.stringify(await ours()) === JSON.stringify(before), 30_000);

  test("is ready when systemd says so, tells how it is, and may do little", async () => {
    expect([await property("ActiveState"), await property("StatusText")]).toEqual(["active", "as desired"]);
    const security = await sh(`systemd-analyze security --no-pager ${unit} | tail -1`);
    expect(Number(/exposure level for \S+: ([\d.]+)/.exec(security)?.[1]), security).toBeLessThanOrEqual(2.5);
  });

  test("a thousand neighbors are back soon after a change of the bridge's MAC", async () => {
    const count = "ip neigh show nud permanent | wc -l";
    const all = await sh(count);
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      const took = await sh(`begun=$(date +%s%N); ip link set cloudbr0 address 0e:00:00:00:16:c4
        until [ "$(${count})" = ${all} ]; do :; done; echo $(( ($(date +%s%N) - begun) / 1000000 )); sleep 0.5`);
      times.push(Number(took));
    }
    console.log(`${suite}: ${2 * guests} neighbors back after ${times.join(", ")} ms`);
    expect(Math.min(...times)).toBeLessThan(5000);
    await returned();
  });

  test("so is what networkd, a link that goes down, and other tools take away", async () => {
    for (const drift of [
      "networkctl reconfigure cloudbr0",
      "ip link set cloudbr0 down; ip link set cloudbr0 up",
      "ip route replace 10.77.0.7/32 dev cloudbr0; ip -6 route del 2001:db8:77::7/128 dev cloudbr0",
      "systemctl restart systemd-networkd",
    ]) {
      await sh(drift);
      await returned().catch(async () =>
        expect(await ours(), `${drift}\n${await sh(`journalctl -u ${unit} -n 30`)}`).toEqual(before),
      );
      // The watch may be quicker than networkd, which then takes away what it sets again: a replace finds nothing meanwhile.
      await networkdAtRest(host);
      await returned();
    }
    await expectClean(host);
  });

  test("a guest's call is carried out by it, also what needs a right: a record, a sysctl", async () => {
    await sh("mkdir -p /etc/netkeep; printf '[Netkeep]\\nHookPersistence=persistent\\n' >/etc/netkeep/netkeep.conf");
    await sh("sysctl -qw net.ipv6.conf.cloudbr1.disable_ipv6=1");
    const forbidden = "mv /usr/bin/netkeep /usr/bin/netkeep.away";
    const allowed = "mv /usr/bin/netkeep.away /usr/bin/netkeep";
    const call = `netkeep-hook --strict cloudstack -o add ${nic.join(" ")}`;
    expect(await sh(`${forbidden}; ${call}; echo $?; ${allowed}`)).toBe("0");
    expect(await sh("ls /var/lib/netkeep/owners")).toContain("cloudstack");
    expect((await kernelEntries(host)).filter((line) => line.includes("2.57.57.30"))).toHaveLength(2);
    expect(
      await sh(
        `${hook} -o add -b cloudbr1 -m 52:02:45:76:d2:36 -6 2001:db8:99::1; sysctl -n net.ipv6.conf.cloudbr1.disable_ipv6`,
      ),
    ).toBe("0");
    expect(
      await sh(
        `${hook} -o delete -b cloudbr1 -m 52:02:45:76:d2:36; ${hook} -o delete ${nic.slice(0, 4).join(" ")}; echo $?`,
      ),
    ).toBe("0");
    await sh("rm /etc/netkeep/netkeep.conf; networkctl reconfigure cloudbr1");
    await returned();
    await expectClean(host);
  });

  test("documents from where it cannot look are carried out by it", async () => {
    const document = (n: number) =>
      `{version: 1, guests: [{name: g, dev: cloudbr0, mac: "52:00:00:00:99:0${n}", addresses: [10.79.0.${n}]}]}`;
    for (const [directory, n] of [["/root", 1] as const, ["/tmp", 2] as const]) {
      await host.writeFile(`${directory}/of-caller.yaml`, document(n));
      const commands = ["apply of-caller.yaml", "set agent:1 of-caller.yaml", "unset of-caller agent:1"];
      // The second one of the same entries wins nothing, and is no conflict.
      const calls = commands.map((words) => `netkeep-hook ${words} >/dev/null; echo $?`).join("\n");
      const script = `cd ${directory}; mv /usr/bin/netkeep /usr/bin/netkeep.away\n${calls}\nmv /usr/bin/netkeep.away /usr/bin/netkeep`;
      expect(await sh(script)).toBe("0\n0\n0");
    }
    await host.writeFile("/root/of-caller.yaml", document(1));
    expect(await sh("netkeep-hook apply /root/of-caller.yaml | grep -c '^+'; ip route show 10.79.0.1 | wc -l")).toBe(
      "2\n1",
    );
    expect(await sh("netkeep-hook unset of-caller >/dev/null; ip route show 10.79.0.1")).toBe("");
    await returned();
    await expectClean(host);
  });

  test.each(["the watch", "a process of its own"])("after a call with --no-wait %s tells networkd", async (who) => {
    await sh(`systemctl ${who === "the watch" ? "start" : "stop"} ${unit}`);
    const call = (operation: string, ...words: string[]) =>
      sh(`netkeep-hook --strict ${words.join(" ")} cloudstack -o ${operation} ${nic.join(" ")}; echo $?`);
    const told = () => waitFor(async () => !(await sh("ls /run/netkeep")).includes("reload-pending"), 30_000);
    // The first one may have to read everything.
    expect([await call("add"), await call("delete")]).toEqual(["0", "0"]);
    expect(await call("add", "--no-wait")).toBe("0");
    expect((await kernelEntries(host)).filter((line) => line.includes("2.57.57.30"))).toHaveLength(2);
    await told();
    expect(await call("delete", "--no-wait")).toBe("0");
    await told();
    await expectClean(host);
    await sh(`systemctl start ${unit}`);
    await returned();
  });

  test("all units may set right what is spoilt of a bridge that netkeep makes: the link, its sysctls, their file", async () => {
    const document = `{version: 1, links: {gw0: {bridge: {mac: "0e:00:00:00:16:c9", addresses: [169.254.0.1/32, "fe80::1/64"],
      arp-ignore: 1, rp-filter: strict}}}, guests: [{name: g, dev: gw0, mac: "52:00:00:00:99:01", addresses: [10.78.0.1]}]}`;
    const values = ["ipv4/conf/gw0/rp_filter", "ipv4/conf/gw0/arp_ignore", "ipv6/conf/gw0/accept_ra"];
    const state = () => sh(`cat ${values.map((key) => `/proc/sys/net/${key}`).join(" ")} 2>&1 | tr '\\n' ' '`);
    const file = "/etc/sysctl.d/60-netkeep-gw0.conf";
    const right = async (what: string) => {
      await waitFor(async () => (await state()) === "1 1 0", 30_000).catch(async () =>
        expect(await state(), `${what}\n${await sh("journalctl -u 'netkeep*' -n 30")}`).toBe("1 1 0"),
      );
      // What has set it right is to be at its end.
      await sh("flock /run/netkeep/lock true");
    };
    await sh(`mkdir -p /etc/netkeep/desired.d; systemctl restart ${unit}`);
    await host.writeFile("/etc/netkeep/desired.d/gateway.yaml", document);
    await right("a document that comes");
    await waitFor(async () => (await sh(`ls ${file} || true`)) === file);
    await sh("ip link del gw0");
    await right("a bridge that goes");
    await sh(`ip link set cloudbr0 address 0e:00:00:00:16:c4; systemctl stop ${unit}`);
    expect(await sh(`journalctl -o cat -u ${unit}`)).not.toContain("exit status");
    const spoil = `sysctl -qw ${values
      .slice(0, 2)
      .map((key) => `net/${key}=0`)
      .join(" ")}`;
    for (const service of ["netkeep-link@gw0", "netkeep-verify"]) {
      await sh(`${spoil}; rm ${file}; systemctl restart ${service}`);
      await right(service);
      expect(await sh(`ls ${file}`)).toBe(file);
    }
    await sh(`rm ${file}; systemctl restart netkeep; ls ${file}`);
    await sh(`rm /etc/netkeep/desired.d/gateway.yaml; systemctl start ${unit}`);
    await waitFor(async () => (await sh(`ls -d /sys/class/net/gw0 ${file} 2>/dev/null || true`)) === "", 30_000);
    await returned();
    await expectClean(host);
  });

  test("killed or stuck it is started again, and finds what was lost meanwhile", async () => {
    const restarts = async () => Number(await property("NRestarts"));
    const begun = await restarts();
    await sh(`kill -KILL $(systemctl show --value -p MainPID ${unit}); ip link set cloudbr0 address 0e:00:00:00:16:c4`);
    await returned();
    expect(await restarts()).toBe(begun + 1);
    await sh(`mkdir -p /run/systemd/system/${unit}.d; printf '[Service]\\nWatchdogSec=3s\\nTimeoutAbortSec=1s\\nRestartSec=100ms\\n' >/run/systemd/system/${unit}.d/quick.conf
      systemctl daemon-reload; systemctl restart ${unit}; sleep 4`);
    expect([await restarts(), await property("ActiveState")]).toEqual([0, "active"]);
    await sh(`kill -STOP $(systemctl show --value -p MainPID ${unit}); ip link set cloudbr0 address 0e:00:00:00:16:c4`);
    await waitFor(async () => (await restarts()) === 1 && (await property("ActiveState")) === "active", 60_000);
    await returned();
    await sh(`systemctl stop ${unit}`);
    expect(await property("Result")).toBe("success");
    await expectClean(host);
  });
});

function hex(number: number): string {
  return number.toString(16).padStart(2, "0");
}
