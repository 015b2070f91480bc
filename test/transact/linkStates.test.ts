import { expect, test } from "vitest";
import { linkStates } from "../../src/transact/linkStates.ts";
import { cloudstackHost } from "../support/cloudstackHost.ts";

const link = "cloudbr0";

async function hostWithState(state: string) {
  const { made, context } = await cloudstackHost();
  const index = made.kernel.links.find(({ ifname }) => ifname === link)?.ifindex ?? 0;
  const write = (text: string) => {
    const modified = made.system.now();
    made.files.set(`/run/systemd/netif/links/${index}`, { kind: "text", text: `ADMIN_STATE=${text}\n`, modified });
  };
  write(state);
  made.begin(null);
  const links = new Map([[link, { index }]]) as unknown as Parameters<typeof linkStates>[2];
  return { made, write, states: await linkStates(context.system, [link], links) };
}

test("what networkd has said before a reload does not count after it, and no program is started", async () => {
  const { made, write, states } = await hostWithState("configured");
  await made.system.sleep(20);
  expect(await states.read()).toEqual(new Map([[link, "pending"]]));
  await made.system.sleep(20);
  expect(await states.read()).toEqual(new Map([[link, "pending"]]));
  write("configuring");
  expect(await states.read()).toEqual(new Map([[link, "configuring"]]));
  await made.system.sleep(20);
  write("configured");
  expect(await states.read()).toEqual(new Map([[link, "configured"]]));
  expect(made.trace).toEqual([]);
});

test("a link that has not changed for networkd says nothing, and is not waited for", async () => {
  const { made, states } = await hostWithState("configured");
  expect(await states.read()).toEqual(new Map([[link, "pending"]]));
  await made.system.sleep(400);
  expect(await states.read()).toEqual(new Map([[link, "configured"]]));
});

test.each([
  ["says nothing of the kind", (of: Awaited<ReturnType<typeof hostWithState>>) => of.write("\nOPER_STATE=off")],
  ["is gone", (of: Awaited<ReturnType<typeof hostWithState>>) => of.made.files.delete("/run/systemd/netif/links/2")],
])("where the file %s, networkctl is asked", async (_, change) => {
  const host = await hostWithState("configured");
  await host.made.system.sleep(1000);
  for (const { ifindex } of host.made.kernel.links) host.made.files.delete(`/run/systemd/netif/links/${ifindex}`);
  change(host);
  expect([...(await host.states.read()).keys()]).toEqual([link]);
  expect(host.made.trace).toEqual(["run networkctl list --no-legend --no-pager"]);
});
