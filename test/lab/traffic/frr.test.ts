/** FRR announces what netkeep keeps, with the text of docs/examples/frr: where the guest is, and nowhere else. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asInLab, bootFabric, type Fabric, vtysh } from "../support/frr.ts";
import { type MovingGuest, placeGuests, prefixes } from "../support/guestOnTheMove.ts";
import { moveAround, moveReport, whereAnnounced } from "../support/moves.ts";
import { inRepo, netkeep } from "../support/netkeep.ts";
import { suites } from "../support/recipe.ts";
import { apply, expectClean, waitFor } from "../support/scenario.ts";

/** Both tell the same; routes of internal BGP would otherwise lose. */
const bgpFirst = "router ospf\n distance 250\nexit\nrouter ospf6\n distance 250\nexit\n";

describe.each(suites)("FRR on %s", (suite) => {
  let fabric: Fabric;
  let moving: MovingGuest;
  beforeAll(async () => {
    const ospf = asInLab(await readFile(inRepo("docs/examples/frr/ospf.conf"), "utf8"));
    fabric = await bootFabric(suite, `${ospf}${bgpFirst}`);
    moving = await placeGuests(fabric);
  });
  afterAll(async () => {
    await Promise.all((fabric?.hosts ?? []).map((host) => host.stop()));
  });

  test("a guest that starts is announced, by BGP and by OSPF, and nothing else is", async () => {
    const [one, two] = fabric.hosts;
    // The other guest, with an address of each family.
    await waitFor(async () => (await fabric.announced()).length === 2);
    const others = await fabric.announced();
    await apply(
      one,
      JSON.stringify({
        version: 1,
        routes: [
          { to: "203.0.113.1", dev: "cloudbr0" },
          { to: "2.57.57.128/25", dev: "cloudbr0" },
          { to: "2.57.57.40", dev: "cloudbr0", table: 100 },
          { to: "2.57.57.41", dev: "cloudbr1" },
          { to: "2.57.57.42", dev: "cloudbr0", type: "blackhole" },
        ],
      }),
    );
    await moving.hook(one, "add");
    await moving.run(one, true);
    await waitFor(async () => (await whereAnnounced(fabric)).every((names) => names.join() === "one"));
    expect(await fabric.announced()).toEqual([...others, ...prefixes].sort());
    await waitFor(async () => {
      const [v4, v6] = [await vtysh(two, "show ip route ospf"), await vtysh(two, "show ipv6 route ospf6")];
      return prefixes.every((prefix) => `${v4}${v6}`.includes(prefix)) && !v4.includes("203.0.113.1");
    }, 60_000);
    await apply(one, "version: 1\n");
  });

  test("it moves with traffic, and is announced on the host alone to which it went", async () => {
    const moves = await moveAround(fabric, moving, ["live", "cold"]);
    console.log(moveReport(suite, moves));
    for (const { away } of moves) expect(away).toBeLessThan(30_000);
    expect(moves.every(({ away }) => away > 0)).toBe(true);
    await Promise.all(fabric.hosts.map(expectClean));
  });

  test("a reload, one of changed files and a restart of networkd withdraw nothing, and lose no route of FRR", async () => {
    const bgpRoutes = () => fabric.hosts[1].run(["sh", "-c", "ip route show proto bgp; ip -6 route show proto bgp"]);
    const [updates, before] = [await fabric.updates(), await bgpRoutes()];
    for (const prefix of prefixes) expect(before.stdout).toContain(prefix.replace(/\/.*/, ""));
    for (const command of [
      "networkctl reload",
      "touch /etc/systemd/network/*-cloudbr0.network && networkctl reload",
      "systemctl restart systemd-networkd",
      "systemctl restart systemd-networkd",
    ]) {
      await Promise.all(fabric.hosts.map((host) => host.run(["sh", "-c", `${command} && networkctl list`])));
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await fabric.updates(), command).toBe(updates);
      expect((await bgpRoutes()).stdout, command).toBe(before.stdout);
    }
    await Promise.all(fabric.hosts.map(expectClean));
    expect(before.stdout.includes("nhid")).toBe(suite === "trixie");
    const doctor = await netkeep(fabric.hosts[0], ["doctor", "--only", "foreign-entries", "--json=short"]);
    expect(JSON.parse(doctor.stdout).results).toEqual([
      expect.objectContaining({ verdict: "ok", evidence: expect.arrayContaining(["frr.service runs"]) }),
    ]);
  });

  test("a guest that stops is withdrawn", async () => {
    const [one] = fabric.hosts;
    await moving.run(one, false);
    await moving.hook(one, "delete");
    await waitFor(async () => (await whereAnnounced(fabric)).every((names) => names.length === 0));
  });
});
