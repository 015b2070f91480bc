import { describe, expect, test } from "vitest";
import type { FoundFile } from "../../src/model/file.ts";
import { virtualLinkFacts } from "../../src/model/link.ts";
import { chooseBaseFile } from "../../src/networkd/baseFile.ts";
import { netdevHints } from "../../src/networkd/matchNetdev.ts";
import { assignments } from "../../src/networkd/scan.ts";

const etc = "/etc/systemd/network";
const run = "/run/systemd/network";
const link = virtualLinkFacts("cloudbr0", "bridge");

function file(path: string, text = "[Match]\nName=cloudbr0\n"): FoundFile {
  return { path, kind: "text", text };
}

const choose = (...tree: FoundFile[]) => chooseBaseFile(tree, link, { systemdVersion: 257 });

describe("chooseBaseFile", () => {
  test("takes the first match by name, whatever the directory", () => {
    const choice = choose(
      file(`${run}/10-a.network`),
      file(`${etc}/20-b.network`),
      file(`${etc}/05-c.network`, "[Match]\nName=x"),
    );
    expect(choice).toMatchObject({ kind: "file", path: `${run}/10-a.network`, dropIns: [], passedOver: [] });
  });

  test("merges [Match] of drop-ins and exposes all settings", () => {
    const dropIn = file(
      `${etc}/10-a.network.d/50.conf`,
      "[Match]\nName=cloudbr0\n[Network]\nKeepConfiguration=static\n",
    );
    const choice = choose(
      file(`${run}/10-a.network`, "[Match]\nName=other\n[Network]\nKeepConfiguration=no\n"),
      dropIn,
    );
    expect(choice).toMatchObject({ kind: "file", dropIns: [dropIn.path] });
    const sections = choice.kind === "file" ? choice.sections : [];
    expect(assignments(sections, "Network", "KeepConfiguration").map(({ value }) => value)).toEqual(["no", "static"]);
  });

  test("a drop-in can take the match away", () => {
    const dropIn = file(`${etc}/10-a.network.d/50.conf`, "[Match]\nKind=veth\n");
    expect(choose(file(`${run}/10-a.network`), dropIn)).toEqual({ kind: "none" });
  });

  test.each([
    ["Unmanaged=yes", "unmanaged"],
    ["Unmanaged=1", "unmanaged"],
    ["Unmanaged=no", "file"],
    ["Unmanaged=yes\nUnmanaged=off", "file"],
    ["Unmanaged=yes\nUnmanaged=garbage", "unmanaged"],
  ])("[Link] %j makes it %s", (setting, kind) => {
    expect(choose(file(`${etc}/10-a.network`, `[Match]\nName=cloudbr0\n[Link]\n${setting}\n`)).kind).toBe(kind);
  });

  test("says where Unmanaged= was set, and looks no further", () => {
    const dropIn = file(`${run}/10-a.network.d/50.conf`, "\n[Link]\nUnmanaged=yes\n");
    expect(choose(file(`${etc}/10-a.network`), dropIn, file(`${etc}/20-b.network`))).toEqual({
      kind: "unmanaged",
      path: `${etc}/10-a.network`,
      setAt: { path: dropIn.path, line: 3 },
    });
  });

  test.each<[string, FoundFile]>([
    ["a symlink to /dev/null", { path: `${etc}/10-a.network`, kind: "null" }],
    ["an empty file", file(`${etc}/10-a.network`, "")],
    ["a dangling symlink", { path: `${etc}/10-a.network`, kind: "dangling" }],
  ])("reports a mask: %s", (_, mask) => {
    const masked = { kind: "masked", path: `${run}/10-a.network`, maskedBy: mask.path };
    expect(choose(file(`${run}/10-a.network`), mask)).toEqual(masked);
    expect(choose(file(`${run}/10-a.network`), mask, file(`${etc}/20-b.network`))).toMatchObject({
      kind: "file",
      path: `${etc}/20-b.network`,
      passedOver: [masked],
    });
    expect(choose(file(`${run}/10-a.network`, "[Match]\nName=other\n"), mask)).toEqual({ kind: "none" });
    expect(choose(mask)).toEqual({ kind: "none" });
  });

  test("a broken file or drop-in does not exist for networkd", () => {
    const broken = file(`${etc}/10-a.network.d/50.conf`, "[Route\n");
    const passed = {
      kind: "broken",
      path: `${etc}/10-a.network`,
      breakage: { path: broken.path, line: 1, reason: "section header without a closing bracket" },
    };
    expect(choose(file(`${etc}/10-a.network`), broken)).toEqual(passed);
    expect(choose(file(`${etc}/10-a.network`), broken, file(`${run}/20-b.network`))).toMatchObject({
      kind: "file",
      path: `${run}/20-b.network`,
      passedOver: [passed],
    });
  });

  test("so does one that systemd-network may not read", () => {
    const unreadable: FoundFile = { path: `${etc}/10-a.network.d/50.conf`, kind: "unreadable", reason: "mode 0600" };
    expect(choose(file(`${etc}/10-a.network`), unreadable)).toEqual({
      kind: "broken",
      path: `${etc}/10-a.network`,
      breakage: { path: unreadable.path, line: 0, reason: "mode 0600" },
    });
  });

  test("is undecided if an earlier file is", () => {
    const unsure = file(`${etc}/05-a.network`, "[Match]\nProperty=ID_X=1\n");
    expect(choose(unsure, file(`${etc}/10-b.network`))).toEqual({
      kind: "undecided",
      conditions: [{ path: unsure.path, line: 2, text: "Property=ID_X=1", missing: "the udev properties of the link" }],
      otherwise: `${etc}/10-b.network`,
    });
    expect(choose(unsure)).toMatchObject({ kind: "undecided", otherwise: undefined });
  });

  test("a later file that is undecided does not matter", () => {
    const unsure = file(`${etc}/20-a.network`, "[Match]\nProperty=ID_X=1\n");
    expect(choose(unsure, file(`${etc}/10-b.network`)).kind).toBe("file");
  });

  test("ID_NET_MANAGED_BY counts from 256 on", () => {
    const tree = [file(`${etc}/10-a.network`)];
    const claimed = { ...link, properties: { ID_NET_MANAGED_BY: "org.example.Other" } };
    const own = { ...link, properties: { ID_NET_MANAGED_BY: "io.systemd.Network" } };
    expect(chooseBaseFile(tree, claimed, {})).toEqual({ kind: "managedElsewhere", by: "org.example.Other" });
    expect(chooseBaseFile(tree, claimed, { systemdVersion: 252 }).kind).toBe("file");
    expect(chooseBaseFile(tree, own, {}).kind).toBe("file");
  });
});

describe("netdevHints", () => {
  test("kind and MAC of links to come", () => {
    const hints = netdevHints(
      [
        file(`${run}/10-br.netdev`, "[NetDev]\nKind=bridge\nMACAddress=0E-00-00-00-16-C4\n"),
        file(`${etc}/10-br.netdev.d/name.conf`, "[NetDev]\nName=brdr-1\n"),
        file(`${run}/20-br.netdev`, "[NetDev]\nName=brdr-1\nKind=bond\n"),
        file(`${etc}/30-tap.netdev`, "[NetDev]\nName=tap0\nKind=tap\n"),
        file(`${etc}/30-tap.netdev.d/mac.conf`, "[NetDev]\nMACAddress=none\n"),
        file(`${etc}/40-x.netdev`, "[NetDev]\nName=x\n"),
        file(`${etc}/50-y.netdev`, "[Match]\nHost=other\n[NetDev]\nName=y\nKind=bridge\n"),
        file(`${etc}/60-z.netdev`, "[NetDev]\nName=z\nKind=bridge\n[Bridge\n"),
        { path: `${etc}/70-m.netdev`, kind: "null" },
      ],
      { hostname: "kvm1" },
    );
    expect([...hints]).toEqual([
      ["brdr-1", { kind: "bridge", mac: "0e:00:00:00:16:c4", path: `${run}/10-br.netdev` }],
      ["tap0", { kind: "tun", path: `${etc}/30-tap.netdev` }],
    ]);
  });
});
