/** Policy rules on a real kernel: which has no key for them, and takes a delete for the first rule that fits. */
import { expect, test } from "vitest";
import { inNamespace, type Namespace } from "../support/namespace.ts";
import { applied, apply, audit, type Document, repair, withdrawn } from "./support/apply.ts";

/** An element of `rules`, and what `ip -N -d rule` prints of it. */
const kinds: readonly (readonly [Document, readonly string[]])[] = [
  [{ from: "10.1.0.0/16", table: 100, priority: 3200, dev: "br0" }, ["3200: from 10.1.0.0/16 lookup 100 proto 4"]],
  [{ to: "10.1.0.1", table: "main", priority: 3201, dev: "br0" }, ["3201: from all to 10.1.0.1 lookup 254 proto 4"]],
  [
    { from: "10.1.0.0/16", to: "10.2.0.0/16", table: 4294967295, priority: 3202, dev: "br0" },
    ["3202: from 10.1.0.0/16 to 10.2.0.0/16 lookup 4294967295 proto 4"],
  ],
  [
    { fwmark: "0x10/0xff", iif: "lo", table: 100, priority: 3203, dev: "br0", family: "both" },
    [
      "3203: from all fwmark 0x10/0xff iif lo lookup 100 proto 4",
      "3203: from all fwmark 0x10/0xff iif lo lookup 100 proto 4",
    ],
  ],
  [
    { fwmark: 4294967295, oif: "br1", table: 100, priority: 3204, dev: "br0" },
    ["3204: from all fwmark 0xffffffff oif br1 lookup 100 proto 4"],
  ],
  [
    { iif: "nosuch", type: "prohibit", priority: 3205, dev: "br0" },
    ["3205: from all iif nosuch [detached] lookup 254 8 proto 4"],
  ],
  [
    { from: "10.3.0.0/16", type: "blackhole", priority: 3206, dev: "br0" },
    ["3206: from 10.3.0.0/16 lookup 254 6 proto 4"],
  ],
  [
    { from: "2001:db8:7::/48", type: "unreachable", priority: 3207, dev: "br0" },
    ["3207: from 2001:db8:7::/48 lookup 254 7 proto 4"],
  ],
  [
    { to: "2001:db8:7::1", table: 100, priority: 4294967295, dev: "br0" },
    ["4294967295: from all to 2001:db8:7::1 lookup 100 proto 4"],
  ],
];

async function rules(ns: Namespace): Promise<string[]> {
  const text = await ns.sh("ip -N -d -4 rule; ip -N -d -6 rule");
  const lines = text.split("\n").map((line) => line.replace(/\s+/g, " ").trim());
  return lines.filter((line) => line !== "" && !line.endsWith("proto 2"));
}

test.concurrent(
  "each kind goes in and out, the audit finds nothing, and one that somebody deletes is repaired",
  inNamespace(async (ns) => {
    const document = { rules: kinds.map(([element]) => element) };
    await applied(ns, "a", document);
    expect((await rules(ns)).sort()).toEqual(kinds.flatMap(([, lines]) => lines).sort());
    expect(await audit(ns)).toEqual([]);
    expect((await applied(ns, "a", document)).outcome).toMatchObject({ kernel: 0 });
    await ns.sh(
      "ip rule del priority 3202; ip -6 rule del priority 3203; ip rule del priority 3201; ip rule add to 10.1.0.1 lookup 9 priority 3201",
    );
    expect((await audit(ns)).map(({ code }) => code).sort()).toEqual([
      "kernel-differs",
      "kernel-missing",
      "kernel-missing",
    ]);
    expect(await repair(ns)).toEqual([]);
    expect((await rules(ns)).sort()).toEqual(kinds.flatMap(([, lines]) => lines).sort());
    await withdrawn(ns, "a");
    expect(await rules(ns)).toEqual([]);
  }),
);

test.concurrent(
  "inverted ones need AllowDefaultRoute=yes",
  inNamespace(async (ns) => {
    await ns.write("/etc/netkeep/netkeep.conf", "[Netkeep]\nAllowDefaultRoute=yes\n");
    const invert = { fwmark: 51820, invert: true, table: 51820, priority: 5, dev: "br0" };
    await applied(ns, "a", { rules: [invert] });
    expect(await rules(ns)).toEqual(["5: not from all fwmark 0xca6c lookup 51820 proto 4"]);
    expect(await audit(ns)).toEqual([]);
    await withdrawn(ns, "a");
    expect(await rules(ns)).toEqual([]);
  }),
);

test.concurrent(
  "rules of others stay, also where they say the same, or the kernel would delete them in place of ours",
  inNamespace(async (ns) => {
    const wanted = { from: "10.1.0.0/16", table: 100, priority: 3200, dev: "br0" };
    await ns.sh(`ip rule add from 10.1.0.0/16 lookup 100 priority 3200 protocol 186
      ip rule add from 10.1.0.0/16 iif br1 lookup 100 priority 3200 protocol 4
      ip rule add from 10.1.0.0/16 ipproto tcp lookup 101 priority 3200
      ip rule add from 10.9.0.0/16 goto 32766 priority 77`);
    const before = await rules(ns);
    await applied(ns, "a", { rules: [wanted] });
    expect((await rules(ns)).length).toBe(before.length + 1);
    const gone = await apply(ns, "a", {});
    expect(gone.stderr).toContain(
      "the rule from 10.1.0.0/16 lookup 100 priority 3200 stays: the kernel would delete from 10.1.0.0/16 iif br1 lookup",
    );
    expect((await rules(ns)).filter((line) => before.includes(line))).toEqual(before);
  }),
);

test.concurrent(
  "what the kernel takes for another rule is told, and stays out of the drop-in",
  inNamespace(async (ns) => {
    const narrow = { from: "10.1.0.0/16", to: "10.2.0.0/16", table: 100, priority: 3200, dev: "br0" };
    const wide = { to: "10.2.0.0/16", table: 100, priority: 3200, dev: "br0" };
    await applied(ns, "a", { rules: [narrow] });
    const refused = await apply(ns, "b", { rules: [wide] });
    expect(refused.outcome?.refused).toEqual([
      expect.objectContaining({
        reason: expect.stringMatching(/^the kernel takes it for another rule with this priority/),
      }),
    ]);
    expect(await ns.sh("cat /etc/systemd/network/*.d/60-netkeep.conf")).not.toContain("owner=b");
    await applied(ns, "b", {
      rules: [
        { ...wide, priority: 3201 },
        { ...wide, to: "0.0.0.0/0", iif: "br1" },
      ],
    });
    expect(await audit(ns)).toEqual([]);
  }),
);

test.concurrent(
  "on a live link they carry the mark, and follow a link that changes its mode",
  inNamespace(async (ns) => {
    await ns.sh("rm -r /etc/systemd/system/multi-user.target.wants");
    const document = (mode: string) =>
      `version: 1\nlinks: { br0: { mode: ${mode} } }\nrules: [{ from: 10.1.0.0/16, table: 100, priority: 3200, dev: br0 }]\n`;
    const act = async (mode: string) => {
      await ns.write("/run/docs/a.yaml", document(mode));
      return ns.netkeep(["apply", "/run/docs/a.yaml"]);
    };
    expect(await act("live")).toMatchObject({ status: 0 });
    expect(await rules(ns)).toEqual(["3200: from 10.1.0.0/16 lookup 100 proto 107"]);
    await act("networkd");
    expect(await rules(ns)).toEqual(["3200: from 10.1.0.0/16 lookup 100 proto 4"]);
    await act("live");
    expect(await rules(ns)).toEqual(["3200: from 10.1.0.0/16 lookup 100 proto 107"]);
    expect((await ns.netkeep(["unset", "a"])).status).toBe(0);
    expect(await rules(ns)).toEqual([]);
  }),
);

test.concurrent(
  "import prints those that a route gives a link; --adopt takes them over in place",
  inNamespace(async (ns) => {
    await ns.sh(`ip route add 10.1.0.0/16 dev br0 table 100
      ip rule add from 10.1.0.0/16 lookup 100 priority 3200
      ip -6 rule add fwmark 7 iif br1 lookup 101 priority 5 protocol 3
      ip rule add from 10.2.0.0/16 dport 80 ipproto tcp lookup 100 priority 6`);
    const printed = await ns.netkeep(["import", "--all"]);
    expect(printed.stdout).toMatch(
      /rules:\n {2}- from: 10\.1\.0\.0\/16\n {4}table: 100\n {4}priority: 3200\n {4}dev: br0\n/,
    );
    expect(printed.stdout).toMatch(/- iif: br1\n {4}fwmark: "?0x7"?\n {4}family: ipv6\n/);
    expect(printed.stderr).toMatch(/policy rule from 10\.2\.0\.0\/16 .*: a document has no words for "ipproto/);
    const adopted = await ns.netkeep(["import", "--all", "--adopt"]);
    expect(adopted.stderr).not.toContain("takes over the rule");
    expect(await rules(ns)).toEqual([
      expect.stringMatching(/^6: from 10\.2\.0\.0\/16 ipproto/),
      "3200: from 10.1.0.0/16 lookup 100 proto 4",
      "5: from all fwmark 0x7 iif br1 lookup 101 proto 4",
    ]);
    expect(await audit(ns)).toEqual([]);
  }),
);
