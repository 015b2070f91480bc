import { describe, expect, test } from "vitest";
import { auditCommand } from "../../src/commands/audit.ts";
import { showCommand } from "../../src/commands/show.ts";
import { cloudstackHost, entriesOf, good, leave, mac, place, texts, v4, v6 } from "../support/cloudstackHost.ts";

describe("where modifymacip.sh has run before", () => {
  const other = "52:02:00:00:00:12";

  test("its entries on the bridge become records of their guests", async () => {
    const { made, context, hook, live } = await cloudstackHost();
    for (const address of ["2.57.57.32", "2001:678:3a4:100::82"]) leave(made, address, other);
    leave(made, v4, mac);
    await hook(["-o", "add", ...place, "-6", v6]);
    const all = [...entriesOf([v4, v6]), ...entriesOf(["2.57.57.32", "2001:678:3a4:100::82"], other)].sort();
    expect(live()).toEqual(all);
    expect((await auditCommand(context, { repair: false })).exitCode).toBe(0);
    await hook(["-o", "delete", "-b", "cloudbr0", "-m", other]);
    expect(live()).toEqual(entriesOf([v4, v6]));
  });

  test("a neighbor alone is not its shape: it stays, and is nobody's", async () => {
    const { made, context, hook, live } = await cloudstackHost();
    leave(made, "2.57.57.32", other, false);
    await hook(["-o", "add", ...place, "-4", v4]);
    expect(live()).toEqual([...entriesOf([v4]), `2.57.57.32 cloudbr0 ${other}`].sort());
    expect((await showCommand(context, null)).text).not.toContain(other);
  });

  test.each([
    ["of the host's gateway", "198.51.100.1", other],
    ["of no MAC", "2.57.57.32", "00:00:00:00:00:00"],
    ["of a multicast MAC", "2.57.57.32", "01:00:5e:00:00:01"],
  ])("an entry %s is left alone, and does not keep the guest from its own", async (_, address, lladdr) => {
    const { made, hook, live } = await cloudstackHost();
    leave(made, address, lladdr);
    expect(await hook(["-o", "add", ...place, "-4", v4], { strict: true, wait: true })).toMatchObject(good);
    expect(live()).toEqual([...entriesOf([v4]), `${address} cloudbr0 ${lladdr}`, `${address} cloudbr0 proto 3`].sort());
  });

  test("the delete of an unknown guest takes what has its MAC, shape or not, and nothing else", async () => {
    const { made, hook, live } = await cloudstackHost();
    leave(made, v4, mac);
    leave(made, v6, mac);
    leave(made, "2.57.57.33", mac, false);
    leave(made, "2.57.57.32", other, false);
    expect(await hook(["-o", "delete", ...place])).toMatchObject(good);
    expect(live()).toEqual([`2.57.57.32 cloudbr0 ${other}`]);
  });

  test("so does that of a known one", async () => {
    const { made, hook, live } = await cloudstackHost();
    await hook(["-o", "add", ...place, "-4", v4]);
    leave(made, v6, mac);
    await hook(["-o", "delete", ...place]);
    expect(live()).toEqual([]);
  });

  test("a delete of one address takes no other, not for a moment", async () => {
    const { made, hook, live } = await cloudstackHost();
    for (const address of [v4, v6]) leave(made, address, mac);
    await hook(["-o", "delete", ...place, "-4", v4, "-4", "x"]);
    expect(live()).toEqual(entriesOf([v6]));
    expect(made.kernel.lines.filter((line) => / del /.test(line) && line.includes(v6))).toEqual([]);
  });

  test("a delete of no address that is one takes nothing", async () => {
    const { made, hook, live } = await cloudstackHost();
    leave(made, v4, mac);
    await hook(["-o", "delete", ...place, "-4", "x"]);
    expect(live()).toEqual(entriesOf([v4]));
  });

  test("what networkd has set for the guest that leaves carries no mark, and is looked at by no second run", async () => {
    const { made, hook, live } = await cloudstackHost();
    await hook(["-o", "add", ...place, "-4", v4]);
    await hook(["-o", "add", "-b", "cloudbr0", "-m", other, "-4", "2.57.57.32"]);
    made.kernel.dropNeighbors(({ dst }) => dst === v4);
    made.kernel.setNeighbor({ dst: v4, dev: "cloudbr0", lladdr: mac, state: ["PERMANENT"] });
    made.trace.length = 0;
    expect(texts(await hook(["-o", "delete", ...place]))).toMatch(/^done: 2 changes in the kernel, 1 file/);
    expect(live()).toEqual(entriesOf(["2.57.57.32"], other));
    expect(made.trace.filter((what) => what.includes("route show table all"))).toEqual([]);
  });

  test("a delete that finds more in a second run says what both have done", async () => {
    const { made, hook, live } = await cloudstackHost();
    await hook(["-o", "add", ...place, "-4", v4]);
    await hook(["-o", "add", "-b", "cloudbr0", "-m", other, "-4", "2.57.57.32"]);
    leave(made, "2.57.57.33", mac, false);
    expect(texts(await hook(["-o", "delete", ...place]))).toMatch(/^done: 2 changes in the kernel, 1 file.*\n/);
    expect(live()).toEqual(entriesOf(["2.57.57.32"], other));
  });

  test("what networkd has set for another owner carries no mark, and is no leftover", async () => {
    const { made, hook } = await cloudstackHost();
    const guest = "52:02:45:76:d2:35";
    await hook(["-o", "add", ...place, "-4", v4]);
    for (const dst of ["2.57.57.30", "2001:678:3a4:100::80"]) {
      made.kernel.dropNeighbors((neighbor) => neighbor.dst === dst);
      made.kernel.setNeighbor({ dst, dev: "cloudbr0", lladdr: guest, state: ["PERMANENT"] });
    }
    const lines = made.kernel.lines.length;
    await hook(["-o", "delete", "-b", "cloudbr0", "-m", guest]);
    expect(made.kernel.lines.slice(lines)).toEqual([]);
  });
});
