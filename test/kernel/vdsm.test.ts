import { describe, expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { plainWords, type VdsmStep, vdsmCases } from "../support/vdsmCases.ts";
import { audit } from "./support/apply.ts";
import { install, until, watching } from "./support/watched.ts";

const inLab = /^(1|2|3|8f)-/;
/** The calls of VDSM's own tests that come to something, on a real kernel, without networkd. */
const all = vdsmCases().filter(({ name, steps }) => !inLab.test(name) && steps.some(({ kernel }) => kernel.length > 0));

/** Bridges with a carrier; the addresses of the step before go last, because with the last one the kernel drops routes. A name such as bond1 or eth0.101 is as good as the real link. */
async function setLinks(ns: Namespace, { links, mtu }: VdsmStep, before: VdsmStep | undefined): Promise<void> {
  const lines = Object.entries(links).flatMap(([link, addresses], index) => {
    const old = before?.links[link] ?? [];
    const make = [
      `ip link add ${link} type bridge; ip link add up${index} type veth peer name down${index}`,
      `ip link set up${index} master ${link} up; ip link set down${index} up`,
      `ip link set ${link} addrgenmode none; ip link set ${link} up`,
    ];
    const [added, gone] = [
      addresses.filter((one) => !old.includes(one)),
      old.filter((one) => !addresses.includes(one)),
    ];
    return [
      ...(before?.links[link] === undefined ? make : []),
      `ip link set ${link} mtu ${mtu}`,
      ...added.map((address) => `ip address add ${address} dev ${link} ${address.includes(":") ? "nodad" : ""}`),
      ...gone.map((address) => `ip address del ${address} dev ${link}`),
    ];
  });
  await ns.sh(lines.join("\n"));
}

async function removeLinks(ns: Namespace, links: readonly string[]): Promise<void> {
  const ends = links.map((_, index) => `ip link del up${index} 2>/dev/null || true`);
  await ns.sh([...links.map((link) => `ip link del ${link}`), ...ends].join("\n"));
}

async function kernelOf(ns: Namespace): Promise<string[]> {
  const routes = "ip -4 -o route show table all proto 107; ip -6 -o route show table all proto 107";
  const text = await ns.sh(`${routes}; ip -4 rule; ip -6 rule`);
  const lines = text.split("\n").filter((line) => line !== "" && !/^(0|32766|32767):/.test(line));
  return lines.map(plainWords).sort();
}

const hook = (ns: Namespace, call: string, ...flags: string[]) =>
  ns.netkeep(["hook", "--strict", "-j", ...flags, "vdsm"], { input: call });

describe("netkeep hook vdsm", () => {
  test.concurrent(
    "does what VDSM's own tests expect",
    inNamespace(async (ns) => {
      await ns.sh("ip link del br0; ip link del br1; mkdir -p /etc/netkeep/netkeep.conf.d");
      await ns.write("/etc/netkeep/netkeep.conf", "[Netkeep]\nAllowDefaultRoute=yes\n");
      for (const { name, steps } of all) {
        for (const [index, step] of steps.entries()) {
          const where = `${name}, call ${index + 1}`;
          await setLinks(ns, step, steps[index - 1]);
          const { stdout, stderr } = await hook(ns, step.call);
          expect(JSON.parse(stdout).status.code, `${where}: ${stderr}`).toBe(step.code);
          expect(await kernelOf(ns), where).toEqual(step.kernel);
        }
        expect(await audit(ns), name).toEqual([]);
        const links = [...new Set(steps.flatMap((step) => Object.keys(step.links)))];
        const gone = Object.fromEntries([...namesOf(steps)].map((network) => [network, { remove: true }]));
        await hook(ns, JSON.stringify({ request: { networks: gone } }));
        expect(await kernelOf(ns), name).toEqual([]);
        await removeLinks(ns, links);
      }
    }),
    120_000,
  );

  test.concurrent(
    "and so does netkeep-hook, which does not queue it; VDSM's hook hands the call on",
    inNamespace(async (ns) => {
      await install(ns);
      const env = { PATH: `/run/bin:${process.env["PATH"]}` };
      const call = (prefix: string) => ({
        networks: { br0: { nic: "eth0", ipaddr: "192.0.2.1", prefix, gateway: "192.0.2.9" } },
        options: { connectivityCheck: true, connectivityTimeout: 0.1 },
      });
      const input = JSON.stringify(call("24"));
      const checked = await ns.run(`${root}/bin/netkeep-hook`, ["--strict", "vdsm"], { env, input });
      expect(checked).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("nobody was heard of") });
      expect(await kernelOf(ns)).toEqual([]);
      await ns.write("/run/call.json", JSON.stringify({ request: { ...call("25"), options: {} } }));
      const told = await ns.run(`${root}/bin/vdsm-network-hook`, [], { env: { ...env, _hook_json: "/run/call.json" } });
      expect(told).toMatchObject({ status: 0, stdout: "" });
      expect(await kernelOf(ns)).toContain("3200: from 192.0.2.0/25 lookup 37552389");
      const untold = await ns.run(`${root}/bin/vdsm-network-hook`, [], { env });
      expect(untold).toMatchObject({ status: 0, stderr: expect.stringContaining("no call") });
      expect(await audit(ns)).toEqual([]);
    }),
  );
});

describe("netkeep watch", () => {
  test.concurrent(
    "sets the rules of a network with DHCP when its address is there, and takes them away with it",
    inNamespace(async (ns) => {
      await ns.sh("ip address flush dev br0");
      const watch = await watching(ns);
      await hook(ns, JSON.stringify({ networks: { br0: { nic: "eth0", bootproto: "dhcp" } } }));
      expect(await kernelOf(ns)).toEqual([]);
      const rules = (subnet: string) => [
        `3200: from ${subnet} lookup 37552389`,
        `3200: from all to ${subnet} lookup 37552389`,
      ];
      const has = (wanted: readonly string[]) => until(async () => (await kernelOf(ns)).join() === wanted.join());
      await ns.sh("ip address add 192.0.2.77/24 dev br0");
      await has(rules("192.0.2.0/24"));
      await ns.sh("ip address add 198.51.100.7/24 dev br0; ip address del 192.0.2.77/24 dev br0");
      await has(rules("198.51.100.0/24"));
      await ns.sh("ip address flush dev br0");
      await has([]);
      await watch.end();
      expect(await audit(ns)).toEqual([]);
    }),
  );
});

const root = new URL("../..", import.meta.url).pathname;

function namesOf(steps: readonly VdsmStep[]): Set<string> {
  return new Set(steps.flatMap(({ call }) => Object.keys(JSON.parse(call).networks)));
}
