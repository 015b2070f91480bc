import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand } from "../../src/commands/audit.ts";
import { type FakeSystem, makeHost } from "./fakeSystem.ts";
import { applyOptions, contextOf, fixture, fixturesFolder, hostOf, readIp } from "./fixture.ts";
import type { IpOutput } from "./ipJson.ts";

/** Hosts in memory, applied and then drifted, for the reports of their audits. */

const desired = "/etc/netkeep/desired.d";
const dropIn = (link: string) => `/etc/systemd/network/10-${link}.network.d/60-netkeep.conf`;

/** Owner → document. */
type Documents = Readonly<Record<string, unknown>>;

/** As desired: a guest and a router. */
export async function rightHost(): Promise<FakeSystem> {
  return applied(hostOf(fixture("l3-guest")), {
    "r-42-VM": {
      version: 1,
      routers: [{ name: "r-42-VM", dev: "cloudbr1", upstream: "2001:db8:1::10", prefixes: ["2001:db8:100::/64"] }],
    },
    "s-1-VM": {
      version: 1,
      guests: [{ name: "s-1-VM", dev: "cloud0", mac: "0e:00:a9:fe:fe:3b", addresses: ["169.254.254.59"] }],
    },
  });
}

/** The same, after a bad night: something wrong in each layer. */
export async function driftedHost(): Promise<FakeSystem> {
  const host = await applied(await rightHost(), {
    web: {
      version: 1,
      guests: [
        guest(1, "cloudbr0", "web-1"),
        guest(2, "cloudbr0", "web-2"),
        { ...guest(3, "cloudbr0", "web-3"), addresses: ["10.0.0.3", "2001:678:3a4:100:5054:ff:fe12:3456"] },
      ],
      routes: [
        { to: "203.0.113.0/24", type: "blackhole", dev: "cloudbr0" },
        { to: "198.18.0.0/15", via: "10.0.0.1", dev: "cloudbr0", metric: 200, mtu: 1400 },
      ],
    },
  });
  ip(
    host,
    "neigh del 10.0.0.1 dev cloudbr0",
    "neigh replace 10.0.0.2 lladdr 52:02:00:00:00:99 dev cloudbr0 nud permanent protocol 107",
    "route del 2001:678:3a4:100:5054:ff:fe12:3456/128 dev cloudbr0 proto 107 metric 1024 table 254",
    "route replace 10.66.0.1/32 dev cloudbr0 proto 107",
    "neigh replace 10.66.0.1 lladdr 52:02:00:00:00:66 dev cloudbr0 nud permanent protocol 107",
    "route del 2001:db8:100::/64 via 2001:db8:1::10 dev cloudbr1 proto 107 metric 1024 table 254",
  );
  const text = host.files.text(dropIn("cloudbr0")) ?? "";
  host.addFile(
    dropIn("cloudbr0"),
    `${text
      .replace(
        "Address=10.0.0.3\nLinkLayerAddress=52:02:00:00:00:03",
        "Address=10.0.0.3\nLinkLayerAddress=52:02:00:00:00:33",
      )
      .replace(
        "[Route]\nDestination=198.18.0.0/15\n",
        "[Route]\nDestination=198.18.0.0/15\nMetric=201\n",
      )}\n[Route]\nDestination=192.0.2.128/25\nProtocol=107\n`,
  );
  host.files.delete("/etc/systemd/network/60-netkeep-cloudbr1.network.d/60-netkeep.conf");
  host.addFile(
    `${desired}/broken.yaml`,
    "version: 1\nguests:\n  - { name: x, dev: cloudbr0, mac: zz, addresses: [10.9.9.9] }\n",
  );
  return host;
}

/** Guests evenly on bridges; every `wrongEach`th has lost its neighbor. */
export async function largeHost(guests: number, links: number, wrongEach = 0): Promise<FakeSystem> {
  const ipOutput = readIp(`${fixturesFolder}l3-guest/current/ip`);
  const names = Array.from({ length: links }, (_, index) => `brdr-${index + 1}`);
  const host = makeHost({ ip: { ...ipOutput, address: bridges(ipOutput, names) }, networkd: 257 });
  for (const name of names) host.addFile(`/etc/systemd/network/10-${name}.network`, `[Match]\nName=${name}\n`);
  host.boot();
  const numbers = Array.from({ length: guests }, (_, index) => index);
  const linkOf = (number: number) => names[number % links] ?? "";
  const documents = numbers.map((number) => {
    const name = `i-2-${number}-VM`;
    return [`libvirt-${name}`, { version: 1, guests: [guest(number, linkOf(number), name)] }] as const;
  });
  await applied(host, Object.fromEntries(documents));
  const wrong = wrongEach === 0 ? [] : numbers.filter((number) => number % wrongEach === 0);
  if (wrong.length > 0) ip(host, ...wrong.map((number) => `neigh del ${addressOf(number)} dev ${linkOf(number)}`));
  return host;
}

/** Names that try to leave their place on a page or in a metric. */
export const hostileNames = [
  "</title><script>alert(1)</script>",
  '"><img src=x onerror=alert(2)>',
  "</style><style>*{background:url(https://attacker.example/a)}</style>",
  "</svg><script>alert(3)</script>",
  "javascript:alert(4)",
  "]]><!--",
  "&lt;b&gt; &#x3c;script&#x3e;",
  "\u202egnp.tnecony\u0000\u001b[31m",
  'a"} 1\nnetkeep_info{version="\\',
  "a\\",
];

/** Stored owners of these names, with a guest each, half of which have lost their neighbor. */
export async function hostileHost(): Promise<FakeSystem> {
  const host = hostOf(fixture("l3-guest"));
  for (const [index, owner] of hostileNames.entries()) {
    const name = owner.replace(/[\p{Cc}[\]]/gu, "");
    const document = { version: 1, guests: [guest(index, "cloudbr0", name)] };
    const stored = { netkeep: 1, owner, source: `${owner} (source)`, changed: 1000, document };
    host.addFile(`/var/lib/netkeep/owners/${index}.json`, `${JSON.stringify(stored)}\n`);
  }
  await applied(host, {});
  ip(
    host,
    ...hostileNames.map((_, index) => `neigh del ${addressOf(index)} dev cloudbr0`).filter((_, index) => index % 2),
  );
  host.addFile(
    "/etc/systemd/network/<script>alert(5)<.network.d/60-netkeep.conf",
    "# netkeep link=<script>alert(6)</script>\n<img/src=x onerror=alert(7)>\n",
  );
  return host;
}

export async function auditAs(host: FakeSystem, format: "text" | "prometheus" | "html"): Promise<string> {
  return (await auditCommand(await contextOf(host), { repair: false, format, version: "0.1.0" })).text;
}

function guest(number: number, dev: string, name: string) {
  const byte = (shift: number) => ((number >> shift) & 255).toString(16).padStart(2, "0");
  return { name, dev, mac: `52:02:00:00:${byte(8)}:${byte(0)}`, addresses: [addressOf(number)] };
}

function addressOf(number: number): string {
  return `10.0.${number >> 8}.${number & 255}`;
}

async function applied(host: FakeSystem, documents: Documents): Promise<FakeSystem> {
  for (const [owner, document] of Object.entries(documents))
    host.addFile(`${desired}/${owner}.json`, JSON.stringify(document));
  const { exitCode, messages } = await applyCommand(await contextOf(host), { ...applyOptions, given: [] });
  if (exitCode !== 0) throw new Error(messages.map(({ text }) => text).join("\n"));
  return host;
}

function ip(host: FakeSystem, ...lines: string[]): void {
  const { exitCode, stderr } = host.kernel.ip(["-force", "-batch", "-"], lines.map((line) => `${line}\n`).join(""));
  if (exitCode !== 0) throw new Error(stderr);
}

function bridges({ address }: IpOutput, names: readonly string[]): IpOutput["address"] {
  const [lo] = address;
  const bridge = address.find(({ ifname }) => ifname === "cloudbr0");
  if (lo === undefined || bridge === undefined) throw new Error("the captured host has no bridge");
  return [lo, ...names.map((ifname, index) => ({ ...bridge, ifname, ifindex: 10 + index }))];
}
