/** A kernel and no networkd that ever starts: everything is kept live, and that is as it should be. */
import { expect, test } from "vitest";
import { inNamespace } from "../support/namespace.ts";
import { audit } from "./support/apply.ts";
import { ipText } from "./support/ipText.ts";

const mac = "52:00:00:00:00:01";
const call = (operation: string, ...rest: string[]) => [
  ...["hook", "--strict", "cloudstack", "-o", operation, "-b", "br0", "-m", mac],
  ...rest,
];

test.concurrent(
  "hooks and apply exit with 0 and write no file; drift is repaired; what goes, goes by its mark",
  inNamespace(async (ns) => {
    await ns.sh("rm -r /etc/systemd/system/multi-user.target.wants");
    const added = await ns.netkeep(call("add", "-4", "198.51.100.9", "-6", "2001:db8:9::9"));
    expect(added, added.stderr).toMatchObject({ status: 0 });
    const lines = [
      "198.51.100.9 dev br0 proto 107 scope link",
      `198.51.100.9 dev br0 lladdr ${mac} PERMANENT proto 107`,
      "2001:db8:9::9 dev br0 proto 107 metric 1024",
      `2001:db8:9::9 dev br0 lladdr ${mac} PERMANENT proto 107`,
    ];
    const named = async () => (await ipText(ns)).map((line) => line.replace(/proto netkeep/, "proto 107"));
    expect(await named()).toEqual([...lines].sort());
    expect(await ns.sh("find /etc/systemd/network /run/systemd/network -type f 2>/dev/null || true")).toBe("");
    expect(await audit(ns)).toEqual([]);

    // As networkd or a hand sets them: equal, but nobody's.
    await ns.sh(`ip neigh flush dev br0 nud permanent; ip route flush proto 107
      ip neigh add 198.51.100.9 lladdr ${mac} dev br0 nud permanent`);
    expect((await ns.netkeep(["audit", "--repair"])).status).toBe(0);
    expect(await named()).toEqual([...lines].sort());

    await ns.write("/run/docs/a.yaml", "version: 1\nroutes: [{ to: 203.0.113.0/24, via: 192.0.3.9, dev: br1 }]\n");
    const applied = await ns.netkeep(["apply", "/run/docs/a.yaml"]);
    expect(applied, applied.stderr).toMatchObject({ status: 0 });
    expect(applied.stderr).toContain(
      "br1 is kept live, because no base file is in force for it, and systemd-networkd is",
    );
    expect((await ns.netkeep(["unset", "a"])).status).toBe(0);
    expect((await ns.netkeep(call("delete"))).status).toBe(0);
    expect(await ipText(ns)).toEqual([]);
  }),
);
