/**
 * `netkeep doctor` on real hosts: each trap is laid for real, just the checks that are meant turn, and the proposed fix,
 * carried out line by line as root, turns them back.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "./support/host.ts";
import { netkeep } from "./support/netkeep.ts";
import { type Suite, suites } from "./support/recipe.ts";
import { apply, bootScenario, expectClean, kernelEntries, mainDocument, waitFor } from "./support/scenario.ts";

interface Result {
  readonly check: string;
  readonly verdict: "ok" | "warn" | "fail" | "skip";
  readonly link: string | null;
  readonly evidence: readonly string[];
  readonly fix: readonly string[];
}

interface Trap {
  readonly about: string;
  /** Shell of root. */
  readonly lay: string;
  /** `verdict check` of the host, `verdict check link` of a link. */
  readonly turns: readonly string[];
  /** Part of the evidence. */
  readonly says?: string;
  readonly args?: readonly string[];
  /** Where the fix is a text for people: what they would do. */
  readonly byHand?: string;
  /** What a comment of the fix says. */
  readonly after?: string;
  /** What is left of the trap. */
  readonly clear?: string;
  readonly only?: Suite;
}

const network = "/etc/systemd/network";
const calm = "ConfigureWithoutCarrier=yes\\nIgnoreCarrierLoss=yes\\n[Link]\\nRequiredForOnline=no\\n";
const oddLinks = "for l in odd0 odd1; do ip link add $l up type bridge; done";
const withoutOdd = `ip link del odd0; ip link del odd1; rm -rf ${network}/*odd*; networkctl reload`;

const traps: readonly Trap[] = [
  {
    about: "networkd does not run",
    lay: "systemctl stop systemd-networkd.socket systemd-networkd.service",
    turns: ["fail networkd-running"],
    says: "systemd-networkd is not running",
  },
  {
    about: "networkd does not start at boot",
    lay: "systemctl disable systemd-networkd.service",
    turns: ["fail networkd-running"],
    says: "is disabled",
  },
  {
    about: "networkd is masked until the next boot",
    lay:
      "systemctl stop systemd-networkd.socket systemd-networkd.service; " +
      "systemctl mask --runtime systemd-networkd.socket systemd-networkd.service",
    turns: ["fail networkd-running"],
    says: "systemd-networkd is not running",
  },
  {
    about: "networkd may delete what is foreign",
    lay: "rm /etc/systemd/networkd.conf.d/50-netkeep.conf; systemctl restart systemd-networkd",
    turns: ["warn foreign-entries"],
    says: "not set: ManageForeignRoutes=no, ManageForeignRoutingPolicyRules=no",
  },
  {
    about: "the same with a routing daemon",
    lay:
      "rm /etc/systemd/networkd.conf.d/50-netkeep.conf; systemctl restart systemd-networkd; systemctl start frr; " +
      "vtysh -c 'configure' -c 'ip route 203.0.113.0/24 blackhole'; sleep 1",
    turns: ["fail foreign-entries"],
    says: "frr.service runs",
    // FRR sets the route again after the restart that the fix asks for, so the daemon stays seen and the check is content.
    clear: "systemctl stop frr; ip route flush proto 196",
  },
  {
    about: "a setting that is newer than the start of networkd",
    lay: "sleep 0.2; touch /etc/systemd/networkd.conf.d/50-netkeep.conf",
    turns: ["warn foreign-entries"],
    says: "newer than the start of networkd",
  },
  {
    about: "a drop-in that networkd cannot read",
    lay: `chmod 0600 ${network}/10-cloudbr0.network.d/60-netkeep.conf`,
    turns: ["fail unit-files"],
    says: "60-netkeep.conf: mode 0600: user systemd-network may not read it",
  },
  {
    about: "a directory that networkd cannot enter",
    lay: `chmod 0700 ${network}/10-cloudbr1.network.d`,
    // What stands in there does not count.
    turns: ["fail unit-files", "warn wait-online cloudbr1"],
    says: "10-cloudbr1.network.d: mode 0700: user systemd-network may not enter it",
  },
  {
    about: "a file that networkd cannot parse",
    lay: `printf '[Network\\n' > ${network}/10-cloudbr1.network.d/70-torn.conf`,
    turns: ["fail unit-files"],
    says: "70-torn.conf:1: section header without a closing bracket",
    byHand: `rm ${network}/10-cloudbr1.network.d/70-torn.conf`,
  },
  {
    about: "a base file of two links",
    lay: `printf '[Match]\\nName=odd0 odd1\\n[Network]\\n${calm}' > ${network}/10-odd.network; ${oddLinks}; networkctl reload`,
    args: ["--link", "odd0"],
    turns: ["fail base-file odd0"],
    says: "also applies to odd1",
    clear: withoutOdd,
  },
  {
    about: "a base file for links to come",
    lay: `printf '[Match]\\nName=odd*\\n\\n[Network]\\n${calm}' > ${network}/20-odd.network; ip link add odd0 up type bridge; networkctl reload`,
    args: ["--link", "odd0"],
    turns: ["fail base-file odd0"],
    says: "matches more than this one name",
    clear: withoutOdd,
  },
  {
    about: "Unmanaged=yes",
    lay: `printf '[Match]\\nName=odd0\\n[Network]\\n${calm}Unmanaged=yes\\n' > ${network}/20-odd.network; ip link add odd0 up type bridge; networkctl reload`,
    args: ["--link", "odd0"],
    turns: ["fail base-file odd0"],
    says: "Unmanaged=yes",
    clear: withoutOdd,
  },
  {
    about: "a masked base file",
    lay:
      `printf '[Match]\\nName=odd0\\n[Network]\\n${calm}' > /usr/lib/systemd/network/20-odd.network; ` +
      `ln -s /dev/null ${network}/20-odd.network; ip link add odd0 up type bridge; networkctl reload`,
    args: ["--link", "odd0"],
    turns: ["fail base-file odd0"],
    says: `is masked by ${network}/20-odd.network`,
    clear: `rm /usr/lib/systemd/network/20-odd.network; ${withoutOdd}`,
  },
  {
    about: "no base file",
    lay: "ip link add odd0 up type bridge",
    args: ["--link", "odd0"],
    turns: ["warn base-file odd0"],
    says: "no base file matches odd0",
    byHand: `printf '[Match]\\nName=odd0\\n[Network]\\n${calm}' > ${network}/20-odd.network; networkctl reload`,
    clear: withoutOdd,
  },
  {
    about: "a base file of netplan that will not come back",
    lay: `printf '[Match]\\nName=odd0\\n[Network]\\n${calm}' > /run/systemd/network/10-netplan-odd0.network; ip link add odd0 up type bridge; networkctl reload`,
    args: ["--link", "odd0"],
    turns: ["fail netplan odd0"],
    says: "netplan has no YAML file",
    clear: `rm -f /run/systemd/network/*odd*; ${withoutOdd}`,
  },
  {
    about: "ifupdown looks after a link",
    lay: "printf 'iface cloudbr1 inet manual\\n' > /etc/network/interfaces.d/odd; ifup cloudbr1",
    turns: ["fail other-manager cloudbr1"],
    says: "/run/network/ifstate lists it",
    byHand: "rm /etc/network/interfaces.d/odd; sed -i '/^cloudbr1=/d' /run/network/ifstate",
  },
  {
    about: "entries go with the last port",
    lay: `printf '[Network]\\nConfigureWithoutCarrier=no\\n' > ${network}/10-cloudbr0.network.d/99-last.conf`,
    turns: ["fail carrier cloudbr0"],
    says: "99-last.conf:2 says ConfigureWithoutCarrier=no",
    clear: `rm ${network}/10-cloudbr0.network.d/99-last.conf; networkctl reload`,
  },
  {
    about: "a bridge without the setting",
    lay: `printf '[Match]\\nName=odd0\\n[Link]\\nRequiredForOnline=no\\n' > ${network}/20-odd.network; ip link add odd0 up type bridge; networkctl reload`,
    args: ["--link", "odd0"],
    turns: ["fail carrier odd0"],
    says: "ConfigureWithoutCarrier= is not set",
    clear: withoutOdd,
  },
  {
    about: "conflict detection of the gateway address",
    lay: `sed -i '/^DuplicateAddressDetection=none/d' ${network}/10-cloudbr0.network; networkctl reload`,
    after: "systemctl restart systemd-networkd",
    turns: ["fail address-detection cloudbr0"],
    says: "169.254.0.1/32 without DuplicateAddressDetection=none",
  },
  {
    about: "the same in [Network]",
    lay: `printf '[Match]\\nName=odd0\\n[Network]\\nAddress=169.254.0.9/32\\nAddress=fe80::9/64\\n${calm}' > ${network}/20-odd.network; ip link add odd0 up type bridge; networkctl reload`,
    args: ["--link", "odd0"],
    turns: ["fail address-detection odd0"],
    says: "20-odd.network:5: fe80::9/64",
    clear: withoutOdd,
  },
  {
    about: "the same in a file of netplan",
    lay: `printf '[Match]\\nName=odd0\\n[Network]\\nAddress=169.254.0.9/32\\n${calm}' > /run/systemd/network/10-odd.network; ip link add odd0 up type bridge; networkctl reload`,
    args: ["--link", "odd0"],
    turns: ["fail address-detection odd0"],
    clear: `rm -f /run/systemd/network/*odd*; ${withoutOdd}`,
  },
  {
    about: "very many drop-ins",
    only: "trixie",
    lay: `for i in $(seq 100 899); do echo '# nothing' > ${network}/10-cloudbr1.network.d/70-$i.conf; done`,
    turns: ["warn drop-in-count cloudbr1"],
    says: "networkd may have 1024 files open",
    clear: `rm ${network}/10-cloudbr1.network.d/70-*.conf; networkctl reload`,
  },
  {
    about: "more [Route] sections than networkd loads",
    only: "trixie",
    lay:
      "for i in $(seq 0 32); do for j in $(seq 0 254); do echo '[Route]'; echo Destination=100.64.$i.$j/32; echo Type=blackhole; done; done " +
      `> ${network}/10-cloudbr1.network.d/70-many.conf`,
    turns: ["fail route-count cloudbr1"],
    says: "8416 [Route] sections; networkd loads 8192",
    clear: `rm ${network}/10-cloudbr1.network.d/70-many.conf; networkctl reload`,
  },
  {
    about: "a bridge that takes the MAC of a port",
    lay:
      `printf '[Match]\\nOriginalName=odd*\\n[Link]\\nMACAddressPolicy=none\\n' > ${network}/20-odd.link; udevadm control --reload; ` +
      `printf '[Match]\\nName=odd0\\n[Network]\\n${calm}' > ${network}/20-odd.network; ip link add odd0 up type bridge; networkctl reload; ` +
      "ip link add odd1 up type veth peer name odd2; ip link set odd1 master odd0",
    args: ["--link", "odd0"],
    turns: ["fail bridge-mac odd0"],
    says: "which its ports give it",
    clear: withoutOdd,
  },
  {
    about: "an MTU without IPv6",
    lay: "ip link set cloudbr0 mtu 1200",
    turns: ["fail mtu cloudbr0"],
    says: "the MTU of cloudbr0 is 1200: it has no IPv6",
  },
  {
    about: "an MTU above that of a port",
    lay: "ip link add odd1 mtu 1400 up type veth peer name odd2; ip link set odd1 master cloudbr0; ip link set cloudbr0 mtu 1500",
    turns: ["warn mtu cloudbr0"],
    says: "its ports have less: odd1 1400",
    clear:
      "ip link del odd1; sed -i '/^MTUBytes=/d' /etc/systemd/network/10-cloudbr0.netdev; ip link set cloudbr0 mtu 1500",
  },
  {
    about: "IPv6 turned off",
    lay: "sysctl -w net.ipv6.conf.cloudbr0.disable_ipv6=1",
    turns: ["fail ipv6-enabled cloudbr0"],
    says: "IPv6 is turned off on cloudbr0",
  },
  {
    about: "no IPv4 forwarding",
    lay: "sysctl -w net.ipv4.ip_forward=0",
    turns: ["fail forwarding", "fail forwarding cloudbr0"],
    says: "IPv4 forwarding is off",
  },
  {
    about: "no IPv6 forwarding",
    lay: "sysctl -w net.ipv6.conf.all.forwarding=0",
    turns: ["fail forwarding", "warn forwarding cloudbr0", "warn forwarding cloudbr1"],
    says: "IPv6 forwarding is off",
  },
  {
    about: "no forwarding on one link",
    lay: "sysctl -w net.ipv4.conf.cloudbr0.forwarding=0",
    turns: ["fail forwarding cloudbr0"],
  },
  {
    about: "a guest could become a router",
    lay: "sysctl -w net.ipv6.conf.cloudbr0.accept_ra=2",
    turns: ["warn router-advertisements cloudbr0"],
  },
  {
    about: "an uplink that lives on router advertisements and forwards",
    lay: "ip link add odd0 up type bridge; sysctl -w net.ipv6.conf.odd0.accept_ra=1; ip -6 route add default via fe80::99 dev odd0 proto ra",
    turns: ["fail router-advertisements"],
    says: "odd0 has accept_ra 1 and forwards",
    clear: "ip link del odd0",
  },
  {
    about: "strict uplinks",
    lay:
      "for l in odd0 odd1; do ip link add $l up type bridge; sysctl -w net.ipv4.conf.$l.rp_filter=1 net.ipv6.conf.$l.accept_ra=0; done; " +
      "ip route add default dev odd0; ip route add default dev odd1 metric 5",
    turns: ["warn rp-filter"],
    says: "rp_filter is 1 on odd0, odd1",
    clear: "ip link del odd0; ip link del odd1",
  },
  {
    about: "bridged packets pass a firewall that drops",
    lay:
      "sysctl -w net.bridge.bridge-nf-call-ip6tables=1; " +
      "nft 'add table ip6 filter; add chain ip6 filter FORWARD { type filter hook forward priority 0; policy drop; }; " +
      "add rule ip6 filter FORWARD ct state established accept; add rule ip6 filter FORWARD tcp dport 22 accept'",
    turns: ["fail bridge-netfilter"],
    says: "chain ip6 filter FORWARD drops by default",
    clear: "nft flush ruleset",
  },
  {
    about: "the same with a rule that may accept",
    lay:
      "sysctl -w net.bridge.bridge-nf-call-iptables=0; sysctl -w net.bridge.bridge-nf-call-ip6tables=1; " +
      "nft 'add table inet f; add chain inet f forward { type filter hook forward priority 0; policy drop; }; " +
      "add rule inet f forward icmpv6 type nd-neighbor-solicit accept'",
    turns: ["warn bridge-netfilter"],
    says: "that was not followed",
    clear: "nft flush ruleset",
  },
  {
    about: "a file from the future",
    lay: "touch -d tomorrow /etc/systemd/networkd.conf.d/50-netkeep.conf",
    turns: ["warn foreign-entries", "fail clock"],
    says: "modified in the future: /etc/systemd/networkd.conf.d/50-netkeep.conf",
  },
  {
    about: "somebody else has the number",
    lay: "echo '107 other' > /etc/iproute2/rt_protos.d/other.conf",
    turns: ["fail protocol-name"],
    says: "/etc/iproute2/rt_protos.d/other.conf gives 107 to other",
    byHand: "rm /etc/iproute2/rt_protos.d/other.conf",
  },
];

describe.each(suites)("doctor on %s", (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    // Traps and fixes restart networkd more often than systemd lets it.
    const restarts = { "/etc/systemd/system/systemd-networkd.service.d/lab.conf": "[Unit]\nStartLimitIntervalSec=0\n" };
    host = await bootScenario(suite, restarts);
    expect((await apply(host, mainDocument)).exitCode).toBe(0);
  });
  afterAll(() => host?.stop());

  test("a host as installed has some warnings, and their fixes work", async () => {
    const before = await doctor(host);
    expect(before.exitCode).toBe(0);
    expect(turned(before.results)).toEqual([
      "warn wait-online cloudbr0",
      "warn wait-online cloudbr1",
      "warn protocol-name",
    ]);
    const entries = async () => (await kernelEntries(host)).map((line) => line.replace(/ proto (107|netkeep)/, ""));
    const live = await entries();
    await carryOut(host, before.results);
    expect(turned((await doctor(host)).results)).toEqual([]);
    expect(await entries()).toEqual(live);
    expect((await host.run(["ip", "route", "show", "proto", "netkeep"])).stdout).toContain("2.57.57.30");
    await expectClean(host);
  });

  test("it changes nothing and needs no root", async () => {
    const state = () =>
      host.run([
        "sh",
        "-c",
        "find /etc /run/netkeep /run/systemd/network /var/lib/netkeep -printf '%p %T@ %m\\n' | sort",
      ]);
    const before = await state();
    await doctor(host);
    const asUser = await host.run(["setpriv", "--reuid=65534", "--clear-groups", "netkeep", "doctor", "-j"], {
      reject: false,
    });
    expect(asUser).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^\d+ results: /) });
    expect(turned((JSON.parse(asUser.stdout) as { results: Result[] }).results)).toEqual([]);
    expect(await state()).toEqual(before);
  });

  test.each(traps.filter(({ only }) => only === undefined || only === suite))(
    "$about",
    async (trap) => {
      const { lay, turns, says = "", args = [], byHand, after = "true", clear = "true" } = trap;
      try {
        await host.run(["sh", "-c", lay]);
        const found = await doctor(host, args);
        expect(turned(found.results)).toEqual(turns);
        expect(found.exitCode).toBe(turns.some((line) => line.startsWith("fail")) ? 1 : 0);
        expect(
          found.results
            .filter(({ fix }) => fix.length > 0)
            .flatMap(({ evidence }) => evidence)
            .join("\n"),
        ).toContain(says);
        if (byHand === undefined) await carryOut(host, found.results);
        else await host.run(["sh", "-ec", byHand]);
        await host.run(["sh", "-ec", after]);
        let left = (await doctor(host, args)).results;
        // A fix can lead to the next one: a file that is touched is newer than the start of networkd.
        for (let rounds = 0; rounds < 2 && turned(left).length > 0; rounds += 1) {
          await carryOut(host, left);
          left = (await doctor(host, args)).results;
        }
        expect(turned(left)).toEqual([]);
      } finally {
        await host.run(["sh", "-c", clear]);
      }
      await waitFor(async () => (await netkeep(host, ["audit"], { reject: false })).exitCode === 0);
    },
    60_000,
  );
});

async function doctor(host: LabHost, args: readonly string[] = []): Promise<{ exitCode: number; results: Result[] }> {
  const { stdout, stderr, exitCode } = await netkeep(host, ["doctor", "--json=short", ...args], { reject: false });
  if (!stdout.startsWith('{"checks"')) throw new Error(`${stdout}\n${stderr}`);
  return { exitCode, results: (JSON.parse(stdout) as { results: Result[] }).results };
}

/** What is neither well nor left out. */
function turned(results: readonly Result[]): string[] {
  const wrong = results.filter(({ verdict }) => verdict === "warn" || verdict === "fail");
  return wrong.map(({ verdict, check, link }) => [verdict, check, ...(link === null ? [] : [link])].join(" "));
}

async function carryOut(host: LabHost, results: readonly Result[]): Promise<void> {
  for (const { fix } of results) if (fix.length > 0) await host.run(["sh", "-ec", fix.join("\n")]);
}
