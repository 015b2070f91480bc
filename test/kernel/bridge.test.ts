/** Bridges on a real kernel, where no networkd ever starts: made, spoilt, repaired, taken away. */
import { expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { audit } from "./support/apply.ts";

const link = "brdr-5828";
const bridge = (more = "") => `version: 1
links:
  ${link}: { bridge: { mac: "0e:00:00:00:16:c4", addresses: [169.254.0.1/32, "fe80::1/64", 10.9.0.1/24], rp-filter: strict${more} } }
guests:
  - { name: g, dev: ${link}, mac: "52:00:00:00:00:01", addresses: [198.51.100.9, "2001:db8:9::9"] }
`;

async function apply(ns: Namespace, text: string, args: readonly string[] = []) {
  await ns.write("/run/docs/a.yaml", text);
  return ns.netkeep(["apply", "/run/docs/a.yaml", ...args]);
}

const withoutNetworkd = "rm -r /etc/systemd/system/multi-user.target.wants";
const codes = async (ns: Namespace) => [...new Set((await audit(ns)).map(({ code }) => code))].sort();

test.concurrent(
  "a bridge is as asked for, whatever the host's defaults are, and stays so",
  inNamespace(async (ns) => {
    await ns.sh(`${withoutNetworkd}
      sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv4.conf.default.rp_filter=2 net.ipv4.conf.default.forwarding=0`);
    const made = await apply(ns, bridge());
    expect(made, made.stderr).toMatchObject({ status: 0 });
    const shown =
      await ns.sh(`ip -br address show ${link}; ip -d link show ${link} | grep -o 'group [0-9]*\\|stp_state .'
      cat /proc/sys/net/ipv4/conf/${link}/{rp_filter,forwarding} /proc/sys/net/ipv6/conf/${link}/{disable_ipv6,forwarding}`);
    expect(shown.replace(/ +/g, " ").split("\n")).toEqual([
      `${link} DOWN 169.254.0.1/32 10.9.0.1/24 fe80::1/64 `,
      ...["group 107", "stp_state 0", "1", "1", "0", "1", ""],
    ]);
    expect(await codes(ns)).toEqual([]);
    const again = await apply(ns, bridge());
    expect(again.stderr).toMatch(/nothing to do\n$/);

    await ns.sh(`ip link set ${link} address 0e:00:00:00:00:99
      ip link set ${link} type bridge forward_delay 1500 stp_state 1
      ip link set ${link} group default
      ip address del 10.9.0.1/24 dev ${link}
      ip neigh add 198.51.100.77 lladdr 52:00:00:00:00:77 dev ${link} nud permanent
      echo 0 > /proc/sys/net/ipv4/conf/${link}/rp_filter`);
    expect(await codes(ns)).toEqual(["bridge-differs", "kernel-missing", "sysctl-differs"]);
    const repaired = await ns.netkeep(["audit", "--repair"]);
    expect(repaired, repaired.stdout + repaired.stderr).toMatchObject({ status: 0 });
    expect(await ns.sh(`ip neigh show dev ${link} nud permanent | wc -l`)).toBe("3\n");

    const changed = await apply(ns, bridge().replace(", 10.9.0.1/24", ""));
    expect(changed, changed.stderr).toMatchObject({ status: 0 });
    expect(await ns.sh(`ip -br -4 address show ${link} | grep -o '[0-9./]*$\\|169[0-9./]*'`)).toBe("169.254.0.1/32\n");
  }),
);

test.concurrent(
  "a bridge goes with its last port and entry, and not before",
  inNamespace(async (ns) => {
    await ns.sh(withoutNetworkd);
    expect((await apply(ns, bridge())).status).toBe(0);
    await ns.sh(`ip link add tap9 type veth peer name peer9; ip link set tap9 master ${link} up`);
    const stays = await apply(ns, "version: 1\n");
    expect(stays).toMatchObject({ status: 0, stderr: expect.stringContaining("it stays, because it has ports: tap9") });
    expect(await codes(ns)).toEqual(["bridge-extra"]);
    await ns.sh("ip link del tap9");
    expect((await apply(ns, "version: 1\n")).stdout).toBe(`kernel\n- bridge ${link}\n`);
    expect(await ns.sh(`ls /etc/sysctl.d; ip link show ${link} 2>&1 || true`)).toBe(
      `Device "${link}" does not exist.\n`,
    );
    expect(await codes(ns)).toEqual([]);
  }),
);

test.concurrent(
  "a bridge of an agent is refused, and adopted when told",
  inNamespace(async (ns) => {
    await ns.sh(`${withoutNetworkd}
      ip link add ${link} address 0e:00:00:00:00:99 up type bridge
      ip address add fe80::1/64 dev ${link} nodad
      ip neigh add 198.51.100.77 lladdr 52:00:00:00:00:77 dev ${link} nud permanent`);
    const refused = await apply(ns, bridge());
    expect(refused).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("--adopt takes it over and changes it"),
    });
    const adopted = await apply(ns, bridge(), ["--adopt"]);
    expect(adopted, adopted.stderr).toMatchObject({ status: 0 });
    expect(await codes(ns)).toEqual([]);
    expect(await ns.sh(`ip neigh show 198.51.100.77 dev ${link}`)).toMatch(
      /^198.51.100.77 lladdr 52:00:00:00:00:77 PERMANENT/,
    );
  }),
);
