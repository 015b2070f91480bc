/**
 * A guest waits for a hook, so what it asks of other programs is counted. Of those that are left the bus is asked without a program
 * (system/bus.ts); test/kernel/children.test.ts counts processes.
 */
import { expect, test } from "vitest";
import { cloudstackCall } from "../../src/commands/hook/hookCloudstack.ts";
import { runHook } from "../../src/commands/hook/hookRun.ts";
import { smallBatch } from "../../src/system/askIp.ts";
import { options } from "../support/cloudstackHost.ts";
import { contextOf, fixture, hostOf } from "../support/fixture.ts";

/** What is run besides the questions and changes that one `ip` takes, the first of which asks for the links. */
function others(trace: readonly string[]): string[] {
  const programs = trace.flatMap((line) => (line.startsWith("run ") ? [line.slice("run ".length)] : []));
  expect(programs[0]).toBe("ip -j -N -force -batch -");
  return programs.filter((line) => smallBatch(line.replace(/^ip /, "").split(" "), "") === null);
}

const bridge = "cloudbr0";
const guest = (operation: string, n: number) => [
  ...["-o", operation, "-b", bridge, "-m", `52:02:00:00:00:1${n}`],
  ...(operation === "add" ? ["-4", `203.0.113.${n}`, "-6", `2001:db8:77::${n}`] : []),
];

const askBus =
  "busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetConnectionUnixProcessID s org.freedesktop.network1";

test.each([
  ["l3-guest", true, ["networkctl reload"]],
  ["l3-guest", false, []],
  ["live-networkd-masked", true, [askBus]],
  ["live-ifupdown", true, []],
] as const)("a call about a known guest asks one ip for all: on %s, wait %s", async (name, wait, networkd) => {
  const made = hostOf(fixture(name));
  for (const { ifindex } of made.kernel.links) {
    made.addFile(
      `/run/systemd/netif/links/${ifindex}`,
      "# This is private data. Do not parse.\nADMIN_STATE=configured\n",
    );
  }
  const context = await contextOf(made);
  const call = async (operation: string, n: number) => {
    made.begin(null);
    const words = cloudstackCall(context, guest(operation, n), { ...options, strict: true, wait });
    expect(await runHook(context, words)).toMatchObject({ exitCode: 0 });
    return others(made.trace);
  };
  for (const n of [1, 2]) {
    made.begin(null);
    await runHook(context, cloudstackCall(context, guest("add", n), options));
  }
  for (const n of [3, 4]) expect(await call("add", n), `add ${n}`).toEqual(networkd);
  for (const n of [3, 4]) expect(await call("delete", n), `delete ${n}`).toEqual(networkd);
});
