import { describe, expect, test } from "vitest";
import { auditCommand } from "../../src/commands/audit.ts";
import { historyCommand } from "../../src/commands/history.ts";
import { vdsmCommand } from "../../src/commands/hook/hookVdsm.ts";
import { clientLog } from "../../src/commands/hook/hookVdsmTry.ts";
import { showCommand } from "../../src/commands/show.ts";
import { confirmTrial, revertByTimer } from "../../src/commands/trialEnd.ts";
import { outputSchemas } from "../../src/report/schemas.ts";
import { type FakeSystem, Killed, makeHost } from "../support/fakeSystem.ts";
import { contextOf } from "../support/fixture.ts";
import { plainWords, type VdsmStep, vdsmCases } from "../support/vdsmCases.ts";

const options = { live: true, reload: true, strict: true, wait: true };

function addressJson({ links, mtu }: Pick<VdsmStep, "links" | "mtu">) {
  return Object.entries(links).map(([ifname, addresses], index) => ({
    ifindex: index + 2,
    ifname,
    mtu,
    flags: ["UP", "LOWER_UP"],
    link_type: "ether",
    address: "02:00:00:00:00:01",
    linkinfo: { info_kind: "bridge" },
    addr_info: addresses.map((text) => {
      const [local = "", length] = text.split("/");
      return { family: local.includes(":") ? "inet6" : "inet", local, prefixlen: Number(length) };
    }),
  }));
}

/** A host with the links of a step, each with a base file. */
function hostWith(step: Pick<VdsmStep, "links" | "mtu">, networkd: number | null = 257): FakeSystem {
  const made = makeHost({ ip: { route4: [], route6: [], neigh: [], address: addressJson(step) }, networkd });
  for (const link of Object.keys(step.links)) {
    made.addFile(`/etc/systemd/network/10-${link}.network`, `[Match]\nName=${link}\n`);
  }
  made.addFile("/etc/netkeep/netkeep.conf", "[Netkeep]\nAllowDefaultRoute=yes\n");
  made.boot();
  made.begin();
  return made;
}

/** @param meanwhile what happens once, when the call first waits */
async function send(made: FakeSystem, call: string | object, more = {}, meanwhile?: () => Promise<unknown>) {
  const text = typeof call === "string" ? call : JSON.stringify(call);
  const context = await contextOf(made);
  let todo = meanwhile;
  const sleep = async (milliseconds: number) => {
    await made.system.sleep(milliseconds);
    // That is only a turn for others.
    if (milliseconds === 0) return;
    const once = todo;
    todo = undefined;
    await once?.();
  };
  const system = { ...made.system, sleep };
  const result = await vdsmCommand({ ...context, system }, [], async () => text, { ...options, ...more });
  return { ...result, data: outputSchemas.vdsm.parse(result.data) };
}

/** netkeep's routes and rules, in the words of the cases. */
function kernelOf(made: FakeSystem): string[] {
  const table = (name: string | undefined) => (name === undefined || name === "254" ? "" : ` table ${name}`);
  const routes = made.kernel.routes
    .filter(({ protocol }) => protocol === "107")
    .map((route) => {
      const via = route.gateway === undefined ? "" : ` via ${route.gateway}`;
      return `${route.dst}${via} dev ${route.dev}${table(route.table)}`;
    });
  return [...routes, ...rulesOf(made)].map(plainWords).sort();
}

/** As `ip rule` prints them. */
function rulesOf(made: FakeSystem): string[] {
  const { lists } = made.kernel.rules;
  return [...lists[4], ...lists[6]]
    .filter(({ priority }) => priority === 3200)
    .map(({ priority, src, srclen, dst, dstlen, table }) => {
      const from = srclen === undefined ? src : `${src}/${srclen}`;
      const to = dst === undefined ? "" : ` to ${dst}/${dstlen}`;
      return `${priority}: from ${from}${to} lookup ${table}`;
    });
}

/** The links become those of a later step. */
function setLinks(made: FakeSystem, step: Pick<VdsmStep, "links" | "mtu">): void {
  const now = addressJson(step);
  made.kernel.links.splice(0, made.kernel.links.length, ...now);
}

const texts = ({ messages }: { readonly messages: readonly { readonly text: string }[] }) =>
  messages.map(({ text }) => text).join("\n");

const clean = async (made: FakeSystem) =>
  expect((await auditCommand(await contextOf(made), { repair: false })).data).toMatchObject({ findings: [] });

describe.each([252, 257])("calls of VDSM's own tests, with networkd %d", (networkd) => {
  test.each(vdsmCases())("$name: $about", async ({ steps }) => {
    const made = hostWith(steps[0] as VdsmStep, networkd);
    for (const step of steps) {
      setLinks(made, step);
      const { data, messages } = await send(made, step.call);
      expect(data.status.code, JSON.stringify(messages)).toBe(step.code);
      expect(kernelOf(made)).toEqual(step.kernel);
      await clean(made);
    }
  });
});

const one = { nic: "eth0", ipaddr: "192.0.2.1", netmask: "255.255.255.0", gateway: "192.0.2.254" };
const two = { nic: "eth1", ipaddr: "192.0.3.1", netmask: "255.255.255.0", gateway: "192.0.3.254" };
const links = { n1: ["192.0.2.1/24"], n2: ["192.0.3.1/24"] };
const fresh = () => hostWith({ links, mtu: 1500 });
const file = (network: string) => `/var/lib/netkeep/owners/vdsm:${network}.json`;

/** All that lasts, but for the times at which it was written. */
function stateOf(made: FakeSystem): string {
  const files = [...made.files.tree("/etc", "/var/lib", "/run/systemd")];
  return JSON.stringify([files, kernelOf(made)]).replace(/changed\\*":\d+/g, "");
}

describe("what is kept", () => {
  test("a network without entries is remembered, and its removal is a removal", async () => {
    const made = fresh();
    await send(made, { networks: { n1: { nic: "eth0", mtu: 1500 } } });
    expect(JSON.parse(made.files.text(file("n1")) ?? "")).toMatchObject({
      owner: "vdsm:n1",
      document: { version: 1 },
      request: { nic: "eth0", mtu: 1500, bootproto: "none" },
    });
    expect((await showCommand(await contextOf(made), null)).text).toMatch(/vdsm:n1 +persistent, 0 entries/);
    expect((await send(made, { networks: { n1: { remove: true } } })).data.status.code).toBe(0);
    expect(made.files.text(file("n1"))).toBeNull();
    expect((await send(made, { networks: { gone: { remove: true } } })).data.status.code).toBe(27);
  });

  test("the answer names link and table; the same call again does nothing", async () => {
    const made = fresh();
    const { data } = await send(made, { networks: { n1: one } });
    expect(data).toMatchObject({
      status: { code: 0, message: "Done" },
      networks: [{ name: "n1", link: "n1", table: 17760416 }],
    });
    expect(texts(await send(made, { networks: { n1: one } }))).toBe("nothing to do");
  });

  test("a record is no generation: an administrator takes nothing of it back", async () => {
    const made = fresh();
    await send(made, { networks: { n1: one }, options: { connectivityCheck: true } }, {}, () => confirm(made));
    expect((await historyCommand(await contextOf(made))).data).toEqual({ generations: [] });
  });

  test("without --strict the exit status is 0, and the answer is the same", async () => {
    const call = { networks: { n1: { ...one, gateway: "x" } } };
    const [strict, lenient] = [await send(fresh(), call), await send(fresh(), call, { strict: false })];
    expect([strict.exitCode, lenient.exitCode]).toEqual([65, 0]);
    expect(lenient.data).toEqual(strict.data);
    expect(strict.data.status).toEqual({ code: 22, message: 'n1.gateway: "x" is not an IPv4 address' });
    expect(texts(lenient)).toBe('error 22: n1.gateway: "x" is not an IPv4 address');
  });
});

describe("all of it or nothing", () => {
  test("what the kernel refuses takes the rest of the call back", async () => {
    const made = fresh();
    await send(made, { networks: { n1: one } });
    const before = stateOf(made);
    made.kernel.refuses = (line) => line.includes(" via 192.0.3.254 ");
    const result = await send(made, { networks: { n1: { ...one, gateway: "192.0.2.253" }, n2: two } });
    expect(result).toMatchObject({ exitCode: 2, data: { status: { code: 29 } } });
    expect(texts(result)).toContain("the kernel refuses route 0.0.0.0/0 via 192.0.3.254");
    expect(texts(result)).toContain("the networks are as before the call");
    expect(stateOf(made)).toBe(before);
    await clean(made);
  });

  test("a default route needs the administrator's leave", async () => {
    const made = fresh();
    made.addFile("/etc/netkeep/netkeep.conf", "");
    const before = stateOf(made);
    const result = await send(made, { networks: { n1: { ...one, defaultRoute: true }, n2: two } });
    expect(result).toMatchObject({ exitCode: 65, data: { status: { code: 21 }, networks: [] } });
    expect(texts(result)).toContain(
      "error 21: n1: 0.0.0.0/0 is a default route; AllowDefaultRoute=yes in netkeep.conf(5)",
    );
    expect(stateOf(made)).toBe(before);
  });

  test("--no-live and --root write files only", async () => {
    const made = fresh();
    await send(made, { networks: { n1: one }, options: { connectivityCheck: true } }, { live: false, reload: false });
    expect(kernelOf(made)).toEqual([]);
    expect(made.files.text("/etc/systemd/network/10-n1.network.d/60-netkeep.conf")).toContain("[RoutingPolicyRule]");
  });
});

/** What the manager does when it is heard of. */
async function confirm(made: FakeSystem): Promise<void> {
  await confirmTrial(await contextOf(made));
}

describe("the connectivity check", () => {
  const call = {
    networks: { n1: { ...one, gateway: "192.0.2.253" }, n2: two },
    options: { connectivityCheck: "true" },
  };
  const host = async () => {
    const made = fresh();
    await send(made, { networks: { n1: one } });
    return made;
  };
  const applied = async () => {
    const made = await host();
    await send(made, { ...call, options: {} });
    return kernelOf(made);
  };

  test("nobody is heard of: as before, and error 10", async () => {
    const made = await host();
    const before = stateOf(made);
    const begun = made.system.now();
    const result = await send(made, call);
    expect(result).toMatchObject({ exitCode: 1, data: { status: { code: 10 } } });
    expect(texts(result)).toContain("nobody was heard of within 4 s: /run/vdsm/client.log is as before");
    expect(made.system.now() - begun).toBe(4000);
    expect(stateOf(made)).toBe(before);
    await clean(made);
  });

  test.each<[string, (made: FakeSystem) => Promise<unknown>]>([
    ["the manager", async (made) => touch(made)],
    ["netkeep confirm", confirm],
  ])("%s is heard of: kept", async (_, meanwhile) => {
    const made = await host();
    let during: string[] = [];
    const result = await send(made, call, {}, async () => {
      during = kernelOf(made);
      await meanwhile(made);
    });
    expect(result, texts(result)).toMatchObject({ exitCode: 0, data: { status: { code: 0 } } });
    expect(kernelOf(made)).toEqual(await applied());
    expect(during).toEqual(kernelOf(made));
    expect(JSON.parse(made.files.text(file("n1")) ?? "")).toMatchObject({ request: { gateway: "192.0.2.253" } });
    expect(made.files.tree("/run/systemd/network").size).toBe(0);
    await clean(made);
  });

  test("a manager that was heard of before the change does not count", async () => {
    const made = await host();
    touch(made);
    expect((await send(made, call)).data.status.code).toBe(10);
  });

  test("what the kernel refuses is not waited for", async () => {
    const made = await host();
    made.kernel.refuses = (line) => line.includes(" via 192.0.3.254 ");
    const before = stateOf(made);
    const result = await send(made, call, {}, async () => expect.unreachable("it waits"));
    expect(result).toMatchObject({ exitCode: 2, data: { status: { code: 29 } } });
    expect(stateOf(made)).toBe(before);
  });

  test("meanwhile another call about the same network has to wait", async () => {
    const made = await host();
    await send(made, call, {}, async () => {
      const other = await send(made, { networks: { n1: { remove: true } } });
      expect(other).toMatchObject({ exitCode: 75, data: { status: { code: 29 } } });
    });
  });

  test("killed at any effect: the timer brings back what was before", async () => {
    const undisturbed = await host();
    const before = stateOf(undisturbed);
    undisturbed.begin();
    await send(undisturbed, { ...call, options: { connectivityCheck: true, connectivityTimeout: 0.1 } });
    const { effects } = undisturbed;
    expect(effects).toBeGreaterThan(20);
    for (let at = 1; at <= effects; at++) {
      const made = await host();
      made.begin({ at, how: "kill" });
      await expect(
        send(made, { ...call, options: { connectivityCheck: true, connectivityTimeout: 0.1 } }),
      ).rejects.toThrow(Killed);
      made.begin();
      for (const [, id = ""] of made.timers) await revertByTimer(await contextOf(made), id);
      expect(stateOf(made), `${at}`).toBe(before);
    }
  });
});

/** VDSM has heard of its manager. */
function touch(made: FakeSystem): void {
  made.files.set(clientLog, { kind: "text", text: "", modified: made.system.now() });
}

describe("leases", () => {
  const dhcp = { networks: { n1: { nic: "eth0", bootproto: "dhcp" } } };
  const sync = async (made: FakeSystem) =>
    vdsmCommand(await contextOf(made), ["--sync"], async () => expect.unreachable("it reads"), options);

  test("--sync asserts the rules for the address that the link has now", async () => {
    const made = hostWith({ links: { n1: [] }, mtu: 1500 });
    await send(made, dhcp);
    expect(kernelOf(made)).toEqual([]);
    setLinks(made, { links: { n1: ["169.254.7.7/16", "192.0.2.77/24"] }, mtu: 1500 });
    expect(await sync(made)).toMatchObject({ exitCode: 0 });
    expect(kernelOf(made)).toEqual([
      "3200: from 192.0.2.0/24 lookup 17760416",
      "3200: from all to 192.0.2.0/24 lookup 17760416",
    ]);
    setLinks(made, { links: { n1: ["198.51.100.9/24"] }, mtu: 1500 });
    await sync(made);
    expect(kernelOf(made).join()).toMatch(
      /^3200: from 198\.51\.100\.0\/24 \S+ \d+,3200: from all to 198\.51\.100\.0\/24/,
    );
    await clean(made);
  });

  test("takes no other words", async () => {
    for (const argv of [["x"], ["--sync", "n1"]]) {
      const result = await vdsmCommand(await contextOf(fresh()), argv, async () => "", options);
      expect(result.exitCode).toBe(64);
    }
  });
});
