/**
 * Which base file networkd itself takes, against chooseBaseFile(): every case is a link of its own with files that
 * matter to no other link, all in one tree, so that one boot of each version answers them all.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HostFacts, type LinkFacts, virtualLinkFacts } from "../../src/model/link.ts";
import { type BaseFileChoice, chooseBaseFile } from "../../src/networkd/baseFile.ts";
import { isMask, type UnitTree } from "../../src/networkd/precedence.ts";
import { bootHost, type LabHost } from "./support/host.ts";
import { suites, systemdVersions } from "./support/recipe.ts";

interface Case {
  readonly about: string;
  /** Bridge if not given. */
  readonly kind?: "veth" | "macvlan" | "ifb" | "vxlan";
  readonly altname?: string;
  /** udev properties that a rule gives to the link. */
  readonly properties?: Readonly<Record<string, string>>;
  /**
   * Path below the unit directories → text. `@` stands for the name of the link and `%` for its MAC. A text that
   * starts with a slash is the target of a symlink, one that starts with `#0600` is for root only.
   */
  readonly files: Readonly<Record<string, string>>;
  /** The path that networkd takes, or what chooseBaseFile() says when it takes none. */
  readonly wanted: string;
}

/** One base file in /etc, and whether it is taken. */
function single(about: string, match: string, taken: boolean, rest: Partial<Case> = {}): Case {
  const path = "/etc/@.network";
  return { about, files: { [path]: `[Match]\n${match}\n` }, wanted: taken ? path : "none", ...rest };
}

/** A condition next to the name of the link. */
const also = (match: string, taken: boolean, rest: Partial<Case> = {}) =>
  single(match.replaceAll("\n", " | "), `Name=@\n${match}`, taken, rest);

/** A condition that other links would meet, too, so that the MAC address has to narrow it down. */
const byMac = (match: string, taken: boolean, rest: Partial<Case> = {}) =>
  single(match.replaceAll("\n", " | "), `MACAddress=%\n${match}`, taken, rest);

const named = "[Match]\nName=@\n";
const veth = { kind: "veth" } as const;

const cases: readonly Case[] = [
  single("Name=", "Name=@", true),
  single("a glob", "Name=@*", true),
  single("a question mark", "Name=?@", false),
  byMac("Name=[b-d][0-9]*", true),
  byMac("Name=[^c]*", false),
  // The colon is not valid in a name: networkd drops the word, and only the MAC address counts.
  byMac("Name=x[[:alpha:]]", true),
  single("a character class alone", "Name=*[[:digit:]]", false),
  byMac("Name=[!c]*", false),
  byMac("Name=\\c*", true),
  byMac("Name=\\\\c*", true),
  single("a list", "Name=nosuch0 @ nosuch1", true),
  single("several assignments", "Name=@\nName=nosuch0", true),
  single("a reset", "Name=@\nName=\nName=nosuch0", false),
  single("a reset to nothing", "Name=@\nName=", false),
  single("a reset before", "Name=nosuch0\nName=\nName=@", true),
  single("quotes around a name", 'Name="@"', false),
  single("a tab between names", "Name=nosuch0\t@", true),
  single("a continued list", "Name=nosuch0 \\\n# comment\n; comment\n  @", true),
  single("an inline comment", "Name=nosuch0 # @", true),
  single("blanks around the key", "  Name =  @  ", true),
  single("a key in another case", "name=@", false),
  byMac("Name=!eth* nosuch*", true),
  byMac("Name=!eth* c*", false),
  byMac("Name=c* !c*", false),
  byMac("Name=eth* !c*", false),
  byMac("Name=!eth*\nName=c*", true),
  single("an alternative name", "Name=other-@", true, { altname: "other-@" }),
  byMac("Name=!c[0-9]*", true, { altname: "other-@" }),
  byMac("Name=!c[0-9]* other-*", false, { altname: "other-@" }),
  also("Kind=bridge", true),
  also("Kind=bridge", false, veth),
  also("Kind=veth bridge", true, veth),
  also('Kind="veth" "bridge"', true),
  also('Kind="bridge', true),
  also("Kind='br*'", true),
  also("Kind=!bridge", false),
  also("Kind=!bridge", true, veth),
  also("Kind=!veth !bridge", true),
  also("Kind=macvlan", true, { kind: "macvlan" }),
  also("Type=bridge", true),
  also("Type=ether", false),
  also("Type=ether", true, veth),
  also("Type=!ether", true),
  also("Type=vxlan", true, { kind: "vxlan" }),
  also("Type=ether", true, { kind: "ifb" }),
  also("Driver=bridge", true),
  also("Driver=veth", true, veth),
  also("Driver=!br*", false),
  also("Driver=virtio*", false),
  single("MACAddress=", "MACAddress=%", true),
  single("MACAddress= in a list", "MACAddress=02:00:00:00:ff:fe garbage %", true),
  single("another MACAddress=", "MACAddress=02:00:00:00:ff:fe", false),
  also("MACAddress=!%", true),
  also("MACAddress=%\nMACAddress=\nMACAddress=02:00:00:00:ff:fe", false),
  also("MACAddress=garbage", true),
  single("only garbage", "MACAddress=garbage\nProperty=garbage\nName=a/b", false),
  also("PermanentMACAddress=%", false),
  also("PermanentMACAddress=garbage", true),
  also("Path=pci-*", true, { properties: { ID_PATH: "pci-0000:00:1f.6" } }),
  also("Path=!pci-*", false, { properties: { ID_PATH: "pci-0000:00:1f.6" } }),
  also("Path=pci-*", false),
  also("Path=!pci-*", true),
  also("Property=LAB_A=1", true, { properties: { LAB_A: "1" } }),
  also("Property=LAB_A=1 LAB_B=?", true, { properties: { LAB_A: "1", LAB_B: "2" } }),
  also("Property=LAB_A=1 LAB_B=3", false, { properties: { LAB_A: "1", LAB_B: "2" } }),
  also('Property="LAB_A=one two"', true, { properties: { LAB_A: "one two" } }),
  also("Property=LAB_A=one\\x20two", true, { properties: { LAB_A: "one two" } }),
  also("Property=!LAB_A=1", true),
  also("Property=!LAB_A=1 LAB_B=3", false, { properties: { LAB_B: "3" } }),
  also("WLANInterfaceType=station", false),
  also("WLANInterfaceType=!ap", true),
  also("SSID=*", false),
  also("BSSID=02:00:00:00:ff:fe", false),
  also("OriginalName=nosuch", true),
  single("only OriginalName=", "OriginalName=@", false),
  also("Nosuch=a", true),
  also("Version=>9999", true),
  also("Host=lab-*", true),
  also("Host=LAB-*", true),
  also("Host=!lab-*", false),
  also("Host=nosuch\nHost=lab-*", true),
  also("Host=nosuch\nHost=", true),
  also("Host=0123456789abcdef0123456789abcdef", false),
  also("Virtualization=container", true),
  also("Virtualization=systemd-nspawn", true),
  also("Virtualization=yes", true),
  also("Virtualization=!yes", false),
  also("Virtualization=vm", false),
  also("KernelCommandLine=nosuch", false),
  // The service has ProtectProc=invisible, and in a container the command line is that of PID 1.
  also("KernelCommandLine=!nosuch", false),
  also("KernelVersion=*.*", true),
  also("KernelVersion=>=3.0 <1000", true),
  also("KernelVersion=<3.0", false),
  also("KernelVersion=>= 3.0", true),
  also("Architecture=x86-64", process.arch === "x64"),
  also("Architecture=native", true),
  also("Architecture=s390x", false),
  also("Credential=nosuch", false),
  also("Firmware=nosuch", false),
  single("an empty [Match]", "", false),
  { about: "no [Match]", files: { "/etc/@.network": "[Network]\nDescription=x\n" }, wanted: "none" },
  { about: "[Match] twice", files: { "/etc/@.network": `${named}[Match]\nKind=veth\n` }, wanted: "none" },
  { about: "CRLF", files: { "/etc/@.network": "[Match]\r\nName=@\r\n" }, wanted: "/etc/@.network" },
  {
    about: "the first name wins, whatever the directory",
    files: { "/etc/@-b.network": named, "/usr/lib/@-a.network": named },
    wanted: "/usr/lib/@-a.network",
  },
  {
    about: "capital letters come first",
    files: { "/etc/@-a.network": named, "/etc/@-B.network": named },
    wanted: "/etc/@-B.network",
  },
  { about: "/etc over /run", files: { "/etc/@.network": named, "/run/@.network": named }, wanted: "/etc/@.network" },
  {
    about: "/run over /usr/local/lib",
    files: { "/run/@.network": named, "/usr/local/lib/@.network": named },
    wanted: "/run/@.network",
  },
  {
    about: "/usr/local/lib over /usr/lib",
    files: { "/usr/local/lib/@.network": named, "/usr/lib/@.network": named },
    wanted: "/usr/local/lib/@.network",
  },
  {
    about: "a higher file that does not match still hides",
    files: { "/etc/@.network": "[Match]\nName=nosuch0\n", "/run/@.network": named },
    wanted: "none",
  },
  { about: "a mask", files: { "/etc/@.network": "/dev/null", "/run/@.network": named }, wanted: "masked" },
  { about: "an empty file masks", files: { "/etc/@.network": "", "/run/@.network": named }, wanted: "masked" },
  {
    about: "a dangling symlink masks",
    files: { "/etc/@.network": "/nowhere", "/run/@.network": named },
    wanted: "masked",
  },
  {
    about: "a mask, and another file",
    files: { "/etc/@-a.network": "/dev/null", "/run/@-a.network": named, "/run/@-b.network": named },
    wanted: "/run/@-b.network",
  },
  {
    about: "a mask in a lower directory",
    files: { "/run/@.network": named, "/usr/lib/@.network": "/dev/null" },
    wanted: "/run/@.network",
  },
  {
    about: "a drop-in adds a name",
    files: { "/run/@.network": "[Match]\nName=nosuch0\n", "/etc/@.network.d/a.conf": named },
    wanted: "/run/@.network",
  },
  {
    about: "a drop-in brings the whole [Match]",
    files: { "/run/@.network": "[Network]\nDescription=x\n", "/etc/@.network.d/a.conf": named },
    wanted: "/run/@.network",
  },
  {
    about: "a drop-in adds a condition",
    files: { "/run/@.network": named, "/etc/@.network.d/a.conf": "[Match]\nKind=veth\n" },
    wanted: "none",
  },
  {
    about: "a drop-in resets the name",
    files: { "/run/@.network": named, "/usr/lib/@.network.d/a.conf": "[Match]\nName=\n" },
    wanted: "none",
  },
  {
    about: "a masked drop-in",
    files: {
      "/run/@.network": named,
      "/run/@.network.d/a.conf": "[Match]\nName=\n",
      "/etc/@.network.d/a.conf": "/dev/null",
      "/run/@.network.d/b.conf": "[Match]\nName=\n",
      "/etc/@.network.d/b.conf": "",
      "/run/@.network.d/c.conf": "[Match]\nName=\n",
      "/etc/@.network.d/c.conf": "/nowhere",
    },
    wanted: "/run/@.network",
  },
  {
    about: "drop-ins in the order of their names",
    files: {
      "/run/@.network": "[Match]\nName=nosuch0\n",
      "/run/@.network.d/20.conf": named,
      "/etc/@.network.d/10.conf": "[Match]\nName=\n",
    },
    wanted: "/run/@.network",
  },
  {
    about: "a drop-in of the same name over the lower one",
    files: {
      "/run/@.network": named,
      "/run/@.network.d/a.conf": "[Match]\nKind=bridge\n",
      "/etc/@.network.d/a.conf": "[Match]\nKind=veth\n",
    },
    wanted: "none",
  },
  {
    about: "temp names and prefix drop-ins",
    files: {
      "/etc/@.network": named,
      "/etc/.@-a.network": named,
      "/etc/@-a.network.tmp": named,
      "/etc/@.network.d/.a.conf": "[Match]\nName=\n",
      "/etc/@.network.d/a.conf.tmp": "[Match]\nName=\n",
      "/etc/@.network.d/a.conf~": "[Match]\nName=\n",
    },
    wanted: "/etc/@.network",
  },
  { about: "Unmanaged=yes", files: { "/etc/@.network": `${named}[Link]\nUnmanaged=yes\n` }, wanted: "unmanaged" },
  {
    about: "Unmanaged=yes and a later match",
    files: { "/etc/@-a.network": `${named}[Link]\nUnmanaged=on\n`, "/etc/@-b.network": named },
    wanted: "unmanaged",
  },
  {
    about: "Unmanaged=yes taken back in a drop-in",
    files: { "/etc/@.network": `${named}[Link]\nUnmanaged=yes\n`, "/etc/@.network.d/a.conf": "[Link]\nUnmanaged=no\n" },
    wanted: "/etc/@.network",
  },
  {
    about: "Unmanaged= with garbage",
    files: { "/etc/@.network": `${named}[Link]\nUnmanaged=yes\nUnmanaged=maybe\n` },
    wanted: "unmanaged",
  },
  {
    about: "a file that cannot be parsed",
    files: { "/etc/@.network": `${named}[Route\n` },
    wanted: "broken",
  },
  {
    about: "a file that cannot be parsed, and another",
    files: { "/etc/@-a.network": `${named}[Route\n`, "/etc/@-b.network": named },
    wanted: "/etc/@-b.network",
  },
  {
    about: "a drop-in that cannot be parsed, and another file",
    files: { "/etc/@-a.network": named, "/run/@-a.network.d/a.conf": "[Route] # x\n", "/etc/@-b.network": named },
    wanted: "/etc/@-b.network",
  },
  {
    about: "a file for root only, and another",
    files: { "/etc/@-a.network": `#0600\n${named}`, "/etc/@-b.network": named },
    wanted: "/etc/@-b.network",
  },
  {
    about: "a drop-in for root only",
    files: { "/etc/@.network": named, "/etc/@.network.d/a.conf": "#0600\n" },
    wanted: "broken",
  },
  {
    about: "a directory in place of a file hides",
    files: { "/etc/@.network": "/usr", "/run/@.network": named },
    wanted: "none",
  },
  {
    about: "a directory in place of a drop-in",
    files: { "/etc/@.network": named, "/etc/@.network.d/a.conf": "/usr" },
    wanted: "broken",
  },
  {
    about: "a header with a quote",
    files: { "/etc/@.network": `${named}["Route"]\n` },
    wanted: "broken",
  },
];

const linkName = (index: number) => `c${String(index).padStart(3, "0")}`;
const linkMac = (index: number) => `02:00:00:00:00:${(index + 1).toString(16).padStart(2, "0")}`;

/** `/etc/@.network` → `/etc/systemd/network/c000.network`. */
function pathFor(short: string, index: number): string {
  return short
    .replace(/^(\/etc|\/run|\/usr\/local\/lib|\/usr\/lib)\//, "$1/systemd/network/")
    .replaceAll("@", linkName(index));
}

function wantedOf(choice: BaseFileChoice): string {
  return choice.kind === "file" ? choice.path : choice.kind;
}

describe.each(suites)("%s", (suite) => {
  let host: LabHost;
  let tree: UnitTree;
  let hostFacts: HostFacts;
  let links: ReadonlyMap<string, LinkFacts>;
  let networkFiles: ReadonlyMap<string, { file: string | undefined; dropIns: string[] | undefined }>;

  beforeAll(async () => {
    host = await bootHost({ suite, name: `lab-${suite}`, files: { "/etc/udev/rules.d/99-lab.rules": udevRules() } });
    await host.run(["sh", "-c", writeFilesScript()]);
    await host.run(["ip", "-batch", "-"], { input: linkBatch() });
    await host.run(["udevadm", "settle"]);
    await host.run(["networkctl", "reload"]);
    await settled(host);
    tree = await readTree(host);
    hostFacts = await readHostFacts(host, systemdVersions[suite]);
    links = await readLinkFacts(host);
    networkFiles = await readNetworkFiles(host);
  });
  afterAll(() => host?.stop());

  test("udev runs", async () => {
    expect((await host.run(["systemctl", "is-active", "systemd-udevd"])).stdout).toBe("active");
  });

  test.each(cases.map(({ about, kind = "bridge", wanted }, index) => ({ index, about, kind, wanted })))(
    "$index $kind: $about → $wanted",
    ({ index, wanted }) => {
      const link = links.get(linkName(index))!;
      const actual = networkFiles.get(link.name);
      const choice = chooseBaseFile(tree, link, hostFacts);
      expect(actual?.file).toBe(wanted.startsWith("/") ? pathFor(wanted, index) : undefined);
      expect(wantedOf(choice)).toBe(pathFor(wanted, index));
      // 257 names the masks among them, too; 252 names none.
      const spoken = actual?.dropIns?.filter((path) =>
        tree.some((file) => file.path === path && !isMask(file) && file.kind === "text"),
      );
      if (choice.kind === "file" && spoken !== undefined) expect(choice.dropIns).toEqual(spoken);
    },
  );

  test("lo is matched like any other link", () => {
    const lo = links.get("lo")!;
    expect(networkFiles.get("lo")?.file).toBe("/etc/systemd/network/lo.network");
    expect(wantedOf(chooseBaseFile(tree, lo, hostFacts))).toBe("/etc/systemd/network/lo.network");
  });

  test("ID_NET_MANAGED_BY= counts from 256 on", () => {
    const taken = suite === "bookworm" ? "/etc/systemd/network/claimed.network" : undefined;
    expect(networkFiles.get("claimed")?.file).toBe(taken);
    expect(wantedOf(chooseBaseFile(tree, links.get("claimed")!, hostFacts))).toBe(taken ?? "managedElsewhere");
  });

  test("virtualLinkFacts() says what is so", () => {
    for (const [index, { kind = "bridge", altname, properties }] of cases.entries()) {
      if (altname !== undefined || properties !== undefined) continue;
      const { properties: _, ...found } = links.get(linkName(index))!;
      expect(found).toEqual(virtualLinkFacts(linkName(index), kind, linkMac(index)));
    }
  });
});

function udevRules(): string {
  const rules = cases.flatMap(({ properties = {} }, index) =>
    Object.entries(properties).map(([key, value]) => `KERNEL=="${linkName(index)}", ENV{${key}}="${value}"`),
  );
  return [...rules, 'KERNEL=="claimed", ENV{ID_NET_MANAGED_BY}="org.example.Other"', ""].join("\n");
}

function writeFilesScript(): string {
  const files = cases.flatMap((each, index) =>
    Object.entries(each.files).map(([short, text]) => ({
      path: pathFor(short, index),
      text: text.replaceAll("@", linkName(index)).replaceAll("%", linkMac(index)),
    })),
  );
  files.push({ path: "/etc/systemd/network/lo.network", text: "[Match]\nType=loopback\n" });
  files.push({ path: "/etc/systemd/network/claimed.network", text: "[Match]\nName=claimed\n" });
  return files
    .map(({ path, text }) => {
      const write = text.startsWith("/")
        ? `ln -s ${text} '${path}'`
        : `printf %s '${text.replaceAll("'", `'\\''`)}' > '${path}'`;
      const mode = text.startsWith("#0600") ? ` && chmod 0600 '${path}'` : "";
      return `mkdir -p '${path.slice(0, path.lastIndexOf("/"))}' && ${write}${mode}`;
    })
    .map((line) => `${line} || exit 1`)
    .join("\n");
}

function linkBatch(): string {
  const lines = cases.flatMap(({ kind = "bridge", altname }, index) => {
    const name = linkName(index);
    const peer = kind === "veth" ? ` peer name p${index}` : "";
    const rest = { veth: peer, macvlan: " mode bridge", ifb: "", vxlan: " id 7 dstport 4789", bridge: "" }[kind];
    const on = kind === "macvlan" ? " link lower" : "";
    return [
      `link add${on} name ${name} address ${linkMac(index)} type ${kind}${rest}`,
      ...(altname === undefined ? [] : [`link property add dev ${name} altname ${altname.replaceAll("@", name)}`]),
    ];
  });
  return ["link add name lower type bridge", "link add name claimed type bridge", ...lines, ""].join("\n");
}

/** No link waits for udev or for its file any more. */
async function settled(host: LabHost): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { stdout } = await host.run(["networkctl", "--no-legend", "list"]);
    if (!/\b(?:pending|initialized)\b/.test(stdout)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("networkd does not get ready");
}

/** Reads the unit directories as user systemd-network. */
async function readTree(host: LabHost): Promise<UnitTree> {
  const script = `
    const fs = require("node:fs");
    const found = [];
    const visit = (dir, depth) => {
      let names = [];
      try { names = fs.readdirSync(dir); } catch { return; }
      for (const name of names) {
        const path = dir + "/" + name;
        const link = fs.lstatSync(path).isSymbolicLink() ? fs.readlinkSync(path) : undefined;
        if (link === "/dev/null") found.push({ path, kind: "null" });
        else if (!fs.existsSync(path)) found.push({ path, kind: "dangling" });
        else if (/[.](network|conf)$/.test(name) && fs.statSync(path).isDirectory())
          found.push({ path, kind: "unreadable", reason: "a directory" });
        else if (fs.statSync(path).isDirectory()) depth === 0 && visit(path, 1);
        else try { found.push({ path, kind: "text", text: fs.readFileSync(path, "utf8") }); }
        catch (error) { found.push({ path, kind: "unreadable", reason: error.code }); }
      }
    };
    for (const root of ["/etc", "/run", "/usr/local/lib", "/usr/lib"]) visit(root + "/systemd/network", 0);
    console.log(JSON.stringify(found));`;
  const user = ["setpriv", "--reuid", "systemd-network", "--regid", "systemd-network", "--clear-groups"];
  return JSON.parse((await host.run([...user, "node", "-e", script])).stdout) as UnitTree;
}

async function readHostFacts(host: LabHost, systemdVersion: number): Promise<HostFacts> {
  const text = async (...argv: string[]) => (await host.run(argv)).stdout.trim();
  const architectures: Record<string, string> = { x86_64: "x86-64", aarch64: "arm64" };
  return {
    hostname: await text("hostname"),
    machineId: await text("cat", "/etc/machine-id"),
    virtualization: { type: "container", id: await text("systemd-detect-virt", "--container") },
    kernelCommandLine: null,
    kernelVersion: await text("uname", "-r"),
    architecture: architectures[await text("uname", "-m")],
    credentials: [],
    firmware: { uefi: false, deviceTree: false },
    systemdVersion,
  };
}

interface IpLink {
  ifname: string;
  link_type: string;
  address: string;
  permaddr?: string;
  altnames?: string[];
  linkinfo?: { info_kind?: string };
}

/** From the kernel and udev alone: networkd must not tell us what it goes by. */
async function readLinkFacts(host: LabHost): Promise<Map<string, LinkFacts>> {
  const links = JSON.parse((await host.run(["ip", "-j", "-d", "link"])).stdout) as IpLink[];
  const script = 'for i in /sys/class/net/*; do echo "$i"; udevadm info -q property "$i"; done';
  const { stdout } = await host.run(["sh", "-c", script]);
  const blocks = stdout.split(/^\/sys\/class\/net\//m).slice(1);
  const udev = new Map(
    blocks.map((block) => {
      const [name = "", ...lines] = block.split("\n");
      const pairs = lines
        .filter((line) => line.includes("="))
        .map((line) => [...line.split(/=(.*)/s)] as [string, string]);
      return [name, Object.fromEntries(pairs.map(([key, value]) => [key, value]))] as const;
    }),
  );
  return new Map(
    links.map((link) => {
      const properties: Record<string, string> = udev.get(link.ifname) ?? {};
      const facts: LinkFacts = {
        name: link.ifname,
        alternativeNames: link.altnames ?? [],
        mac: link.address,
        permanentMac: link.permaddr ?? null,
        kind: link.linkinfo?.info_kind ?? null,
        type: properties["DEVTYPE"] ?? link.link_type,
        driver: properties["ID_NET_DRIVER"] ?? null,
        path: properties["ID_PATH"] ?? null,
        properties,
        wlanInterfaceType: null,
        ssid: null,
        bssid: null,
      };
      return [link.ifname, facts] as const;
    }),
  );
}

async function readNetworkFiles(host: LabHost) {
  type Interface = { Name: string; NetworkFile?: string; NetworkFileDropins?: string[] };
  const { stdout } = await host.run(["networkctl", "--json=short", "list"]);
  const { Interfaces } = JSON.parse(stdout) as { Interfaces: Interface[] };
  return new Map(
    Interfaces.map(({ Name, NetworkFile, NetworkFileDropins }) => [
      Name,
      { file: NetworkFile, dropIns: NetworkFileDropins },
    ]),
  );
}
