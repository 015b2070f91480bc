/**
 * The same drifts on three hosts, each configured in the way of one tool: netkeep, netplan and ifupdown2; and a diff of what
 * `ip` prints before and after. Writes docs/side-by-side.md. Not among the tests of the product: `npm run compare`.
 */
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { bootHost, type LabHost } from "../lab/support/host.ts";
import { inRepo } from "../lab/support/netkeep.ts";
import { apply, bootScenario } from "../lab/support/scenario.ts";

const mac = "52:02:45:76:d2:35";
const [four, six] = ["2.57.57.30", "2001:678:3a4:100::80"];
const base = (command: string) => `f=$(echo /etc/systemd/network/10-cloudbr0.network); ${command}`;
const files = "D=/etc/systemd/network/10-cloudbr0.network.d";

interface Case {
  readonly name: string;
  readonly seed: string;
  readonly undo: string;
  /** It concerns the files of networkd's drop-ins, which the other tools do not have. */
  readonly ofFiles?: boolean;
}

const setNeighbor = `ip neigh replace ${four} lladdr ${mac} dev cloudbr0 nud permanent`;
const cases: readonly Case[] = [
  { name: "an IPv4 route is gone", seed: `ip route del ${four} dev cloudbr0`, undo: "again" },
  { name: "an IPv6 route is gone", seed: `ip -6 route del ${six} dev cloudbr0`, undo: "again" },
  { name: "a route has another MTU", seed: `ip route change ${four} dev cloudbr0 $PROTO mtu 1300`, undo: "again" },
  { name: "a permanent neighbor is gone", seed: `ip neigh del ${four} dev cloudbr0`, undo: setNeighbor },
  {
    name: "a permanent neighbor has another MAC",
    seed: `ip neigh replace ${four} lladdr 02:00:00:00:00:99 dev cloudbr0 nud permanent`,
    undo: setNeighbor,
  },
  {
    name: "a route that nobody wants, with the tool's protocol",
    seed: "ip route add 198.51.100.7 dev cloudbr0 $PROTO",
    undo: "ip route del 198.51.100.7 dev cloudbr0",
  },
  {
    name: "an address of the bridge is gone",
    seed: "ip addr del 192.0.2.1/24 dev cloudbr0",
    undo: "again; ip addr replace 192.0.2.1/24 dev cloudbr0",
  },
  {
    name: "a drop-in of the tool has mode 0600",
    ofFiles: true,
    seed: `${files}; chmod 0600 $D/60-netkeep.conf`,
    undo: "again",
  },
  {
    name: "a drop-in is edited by hand",
    ofFiles: true,
    seed: `${files}; sed -i s/52:02/52:03/ $D/60-netkeep.conf`,
    undo: "again",
  },
  {
    name: "a drop-in is masked",
    ofFiles: true,
    seed: `${files}; rm $D/60-netkeep.conf; ln -s /dev/null $D/60-netkeep.conf`,
    undo: `${files}; rm $D/60-netkeep.conf; again`,
  },
  {
    name: "the base file got another name",
    ofFiles: true,
    seed: base("mv $f /etc/systemd/network/12-cloudbr0.network"),
    undo: "mv /etc/systemd/network/12-cloudbr0.network /etc/systemd/network/10-cloudbr0.network; again",
  },
  {
    name: "a file is newer than what networkd has loaded",
    ofFiles: true,
    seed: `${files}; touch $D/60-netkeep.conf`,
    undo: "again",
  },
];

interface Tool {
  /** Succeeds if the tool calls the host right. */
  readonly content: string;
  readonly host: LabHost;
  /** What the tool gives its routes. */
  readonly protocol: string;
  readonly look: string;
  /** Makes the host right again. */
  readonly again: string;
}

const snapshot =
  "ip -o route show table all; ip -o -6 route show table all; ip neigh show nud permanent; ip -o addr show cloudbr0";

/** Whether what the tool says differs from what it says of a host that is right. */
async function finds({ host, protocol, look, again }: Tool, { seed, undo }: Case): Promise<boolean> {
  const run = async (script: string) =>
    (await host.run(["bash", "-c", `PROTO="${protocol}"; again() { ${again}; }; ${script}`], { reject: false })).stdout;
  const text = async () => (await run(look)).replace(/ valid_lft.*$|expires \d+sec/gm, "");
  const before = await text();
  await run(seed);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const after = await text();
  await run(`(${undo}) >/dev/null 2>&1; sleep 0.3`);
  return before !== after;
}

test("side by side", { timeout: 600_000 }, async () => {
  const hosts: LabHost[] = [];
  try {
    const own = await bootScenario("trixie", {
      "/etc/systemd/network/10-cloudbr0.network.d/10-operator.conf": "[Address]\nAddress=192.0.2.1/24\n",
    });
    hosts.push(own);
    const document = `version: 1\nguests: [{name: a, dev: cloudbr0, mac: "${mac}", addresses: [${four}, "${six}"]}]\n`;
    expect((await apply(own, document)).exitCode).toBe(0);
    const netkeep: Tool = {
      content: "netkeep audit",
      host: own,
      protocol: "proto 107",
      look: 'netkeep audit --json=short | sed \'s/"time":[0-9]*//; s/"duration":[0-9]*//\'',
      again: "netkeep audit --repair",
    };
    const plain: Tool = { ...netkeep, look: snapshot };

    const second = await bootHost({
      suite: "trixie",
      files: { "/etc/netplan/10-lab.yaml": netplanYaml },
    });
    hosts.push(second);
    await second.run([
      "bash",
      "-c",
      "chmod 0600 /etc/netplan/*; netplan generate; networkctl reload; sleep 2; ip link set cloudbr0 up; sleep 1",
    ]);
    const netplan: Tool = {
      content: "! netplan status --diff --all 2>/dev/null | grep -A99 cloudbr0 | grep '^[-+]'",
      host: second,
      protocol: "proto static",
      look: "netplan status --diff -f json",
      again: `ip addr replace 192.0.2.1/24 dev cloudbr0; ip route replace ${four} dev cloudbr0 proto static scope link; ip -6 route replace ${six} dev cloudbr0 proto static; ${setNeighbor}; networkctl reconfigure cloudbr0; sleep 1`,
    };
    await second.run(["bash", "-c", netplan.again]);

    const third = await bootHost({
      suite: "trixie",
      held: ["ifupdown2"],
      files: { "/etc/network/interfaces": interfaces },
    });
    hosts.push(third);
    await third.run(["bash", "-c", "systemctl stop systemd-networkd.socket systemd-networkd; ifup -a"], {
      reject: false,
    });
    const ifupdown2: Tool = {
      content: "ifquery --check cloudbr0",
      host: third,
      protocol: "",
      look: "ifquery --check -o json cloudbr0; echo $?",
      again: "ifreload -a",
    };
    expect((await third.run(["ip", "route", "show", four])).stdout).toContain("cloudbr0");
    expect((await second.run(["ip", "route", "show", four])).stdout).toContain("cloudbr0");

    const alarm = async ({ host, content }: Tool) =>
      (await host.run(["bash", "-c", content], { reject: false })).exitCode === 0 ? "no" : "yes";
    const rows = [
      `| nothing: the host is right | ${await alarm(netkeep)} | ${await alarm(netplan)} | ${await alarm(ifupdown2)} | no |`,
    ];
    for (const one of cases) {
      const cell = async (tool: Tool) => ((await finds(tool, one)) ? "yes" : "no");
      const other = async (tool: Tool) => (one.ofFiles === true ? "–" : cell(tool));
      rows.push(
        `| ${one.name} | ${await cell(netkeep)} | ${await other(netplan)} | ${await other(ifupdown2)} | ${await cell(plain)} |`,
      );
    }
    const versions = await Promise.all([
      second.run(["dpkg-query", "-W", "netplan.io"]),
      third.run(["dpkg-query", "-W", "ifupdown2"]),
    ]);
    const [netplanVersion = "", ifupdownVersion = ""] = versions.map(({ stdout }) => stdout.split("\t")[1]);
    await writeFile(inRepo("docs/side-by-side.md"), page(rows, netplanVersion, ifupdownVersion));
    expect(rows).toHaveLength(cases.length + 1);
  } finally {
    for (const host of hosts) await host.stop();
  }
});

const netplanYaml = `network:
  version: 2
  renderer: networkd
  bridges:
    cloudbr0:
      macaddress: "0e:00:00:00:16:c4"
      addresses: [192.0.2.1/24]
      routes:
        - { to: ${four}/32, scope: link }
        - { to: "${six}/128", scope: link }
`;

const interfaces = `auto lo
iface lo inet loopback

auto cloudbr0
iface cloudbr0
    address 169.254.0.1/32
    address 192.0.2.1/24
    bridge-ports none
    post-up ip route replace ${four} dev cloudbr0
    post-up ip -6 route replace ${six} dev cloudbr0
    post-up ${setNeighbor}
`;

function page(rows: readonly string[], netplan: string, ifupdown2: string): string {
  return `# Side by side

The same drifts on one bridge with a routed guest: an IPv4 and an IPv6 route, and permanent neighbors. \`npm run compare\` makes this
page, on Debian 13: a host each for netkeep, netplan.io ${netplan} and ifupdown2 ${ifupdown2}, configured in the way of that tool;
and what \`ip\` prints before and after, compared by diff.

"yes" means that the tool says something else of the host than before the drift. "–" is a drift of netkeep's own files on
networkd, which the tool does not have.

| drift | \`netkeep audit\` | \`netplan status --diff\` | \`ifquery --check\` | \`ip\`, diff |
|---|---|---|---|---|
${rows.join("\n")}

What each is for, and what it cannot see by design:

- \`netplan status --diff\` compares links, addresses, routes and name servers of netplan's YAML with the system. netplan has no
  key for permanent neighbors, and looks at no attribute of a route that its YAML does not name. This version calls routes
  without a gateway (\`scope: link\`) missing also where they are there, so that their loss changes nothing in what it says.
- \`ifquery --check\` compares what ifupdown2's modules know: addresses, bridges, MTU. Routes and neighbors can only stand in
  \`post-up\` lines there, which it does not compare.
- A diff of \`ip\` output finds every change of the kernel, wanted or not: it needs an earlier copy that was right, and cannot say
  whose an entry is, what is meant to be there, or whether files and networkd would bring it back.
- \`netkeep audit\` compares the entries of its documents, and what carries its protocol number. Addresses, bridges and links are
  none of its business: that an address is gone is for the other tools to say.
`;
}
