import { describe, expect, test } from "vitest";
import { auditCommand } from "../../src/commands/audit.ts";
import { routesCall } from "../../src/commands/hook/hookRoutes.ts";
import { runHook } from "../../src/commands/hook/hookRun.ts";
import { showCommand } from "../../src/commands/show.ts";
import { contextOf, fixture, hostOf } from "../support/fixture.ts";

const options = { live: true, reload: true, strict: false, wait: true };
/** On cloudbr1, which has 2001:db8:1::/64 and 192.0.2.0/24. */
const upstream = "2001:db8:1::10";
const prefix = "2001:db8:100::/64";
const pair = { prefix, via: upstream };
const persistentFile = "/var/lib/netkeep/owners/router:r\\x2d42\\x2dVM.json";
const runtimeFile = "/run/netkeep/owners/router:r\\x2d42\\x2dVM.json";

async function host() {
  const made = hostOf(fixture("router"));
  made.files.delete("/etc/netkeep/desired.d/r-42-VM.yaml");
  made.begin(null);
  const context = await contextOf(made);
  const send = (payload: unknown, more = {}) =>
    runHook(
      context,
      routesCall(typeof payload === "string" ? payload : JSON.stringify(payload), { ...options, ...more }),
    );
  const hook = (payload: object, more = {}) => send({ router: "r-42-VM", ...payload }, more);
  const routes = () =>
    made.kernel.routes
      .filter(({ protocol }) => protocol === "107")
      .map(({ dst, dev, gateway }) => `${dst} via ${gateway} dev ${dev}`)
      .sort();
  return { made, context, send, hook, routes };
}

function texts({ messages }: { readonly messages: readonly { readonly text: string }[] }): string {
  return messages.map(({ text }) => text).join("\n");
}

const theRoute = `${prefix} via ${upstream} dev cloudbr1`;

describe("a router's routes", () => {
  test("add finds the link by the upstream, delete takes all away", async () => {
    const { made, context, hook, routes } = await host();
    const extra = "2001:db8:200::/56";
    const added = await hook({ action: "add", routes: [pair], extraPrefixes: [extra] });
    expect(added).toMatchObject({ exitCode: 0 });
    expect(routes()).toEqual([theRoute, `${extra} via ${upstream} dev cloudbr1`]);
    expect(made.files.text(persistentFile)).toContain('"dev":"cloudbr1"');
    expect((await showCommand(context, null)).text).toMatch(/router:r-42-VM +persistent, 2 entries/);
    expect((await auditCommand(context, { repair: false })).exitCode).toBe(0);
    expect(await hook({ action: "delete" })).toMatchObject({ exitCode: 0 });
    expect([routes(), made.files.text(persistentFile)]).toEqual([[], null]);
    expect((await hook({ action: "delete" }, { strict: true, wait: true })).messages.at(-1)?.text).toBe(
      "nothing to do",
    );
  });

  test("IPv4 prefixes, and the lists of the API", async () => {
    const { hook, routes } = await host();
    await hook({
      ip6routes: [{ subnet: prefix, gateway: upstream }],
      ip4routes: [{ subnet: "198.18.0.0/24", gateway: "192.0.2.10" }],
    });
    expect(routes()).toEqual(["198.18.0.0/24 via 192.0.2.10 dev cloudbr1", theRoute]);
  });

  test("the payload is all that the router has; an empty list is none", async () => {
    const { hook, routes } = await host();
    const second = "2001:db8:101::/64";
    await hook({ routes: [pair, { prefix: second, via: upstream }] });
    await hook({ routes: [{ prefix: second, via: upstream }] });
    expect(routes()).toEqual([`${second} via ${upstream} dev cloudbr1`]);
    await hook({ routes: [] });
    expect(routes()).toEqual([]);
  });

  test("sync sets again what the kernel has lost, and is idempotent", async () => {
    const { made, hook, routes } = await host();
    await hook({ routes: [pair] });
    made.kernel.dropRoutes(({ protocol }) => protocol === "107");
    await hook({ action: "sync", routes: [pair] });
    expect(routes()).toEqual([theRoute]);
    const again = await hook({ action: "sync", routes: [pair] });
    expect(again).toMatchObject({ text: "", messages: [{ text: "nothing to do" }] });
  });

  test("persist: false is for until the reboot, and each call decides anew", async () => {
    const { made, hook, routes } = await host();
    await hook({ routes: [pair], persist: false });
    expect([made.files.text(runtimeFile) === null, made.files.text(persistentFile)]).toEqual([false, null]);
    expect(made.files.text("/run/systemd/network/10-cloudbr1.network.d/61-netkeep-runtime.conf")).toContain(prefix);
    await hook({ routes: [pair], persist: true });
    expect([made.files.text(runtimeFile), made.files.text(persistentFile) === null]).toEqual([null, false]);
    expect(routes()).toEqual([theRoute]);
    await hook({ action: "delete", persist: false });
    expect([routes(), made.files.text(persistentFile)]).toEqual([[], null]);
  });
});

describe("redundant routers", () => {
  test("a pair that is listed twice, in any spelling, is one route", async () => {
    const { hook, routes } = await host();
    const result = await hook({ routes: [pair, pair, { prefix: "2001:DB8:100:0::/64", via: "2001:db8:1:0::10" }] });
    expect(texts(result)).not.toContain("listed first");
    expect(routes()).toEqual([theRoute]);
  });

  test("of two gateways the first counts, and the other is told of", async () => {
    const { hook, routes } = await host();
    const result = await hook({ routes: [pair, { prefix, via: "2001:db8:1::11" }] });
    expect(result.messages[0]).toMatchObject({ level: "warning", text: expect.stringContaining("2001:db8:1::11") });
    expect(routes()).toEqual([theRoute]);
  });
});

describe("what cannot be done", () => {
  test.each<[string, unknown, string]>([
    ["nothing", "", "the payload is empty"],
    ["what is not JSON", "{", "the payload is not JSON"],
    ["a key that is wrong", { router: "r-1", routs: [] }, 'did you mean "routes"?'],
    ["every problem at once", { routes: [{ prefix: "2001:db8::1/64" }] }, "router: is missing\nroutes.0.prefix: "],
    ["an upstream in no subnet", { router: "r-1", routes: [{ prefix, via: "2001:db8:9::1" }] }, "no link of this host"],
    ["an upstream that is link-local", { router: "r-1", routes: [{ prefix, via: "fe80::2" }] }, "can be on any link"],
    ["a default route", { router: "r-1", routes: [{ prefix: "::/0", via: upstream }] }, "is a default route"],
    ["a prefix of the host's own", { router: "r-1", routes: [{ prefix: "2001:db8:1::/64", via: upstream }] }, "covers"],
  ])("%s: said, and nothing is done; 0, and 65 with --strict", async (_, payload, message) => {
    for (const strict of [false, true]) {
      const { made, send, routes } = await host();
      const result = await send(payload, { strict });
      expect(result).toMatchObject({ exitCode: strict ? 65 : 0, text: "" });
      expect(texts(result)).toContain(message);
      expect(routes()).toEqual([]);
      expect([...made.files.tree("/var/lib/netkeep", "/run/netkeep").keys()]).toEqual([]);
    }
  });

  test("a bad payload leaves the router what it has", async () => {
    const { hook, routes } = await host();
    await hook({ routes: [pair] });
    await hook({ routes: [pair, { prefix: "x", via: upstream }] });
    expect(routes()).toEqual([theRoute]);
  });
});
