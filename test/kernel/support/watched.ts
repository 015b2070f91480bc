import { setTimeout as delay } from "node:timers/promises";
import type { Namespace } from "../../support/namespace.ts";
import { ipText } from "./ipText.ts";

const root = new URL("../../..", import.meta.url).pathname;

/** A `netkeep watch` that runs in a namespace. */
export interface Watched {
  readonly pid: number;
  log(): Promise<string>;
  /** Resolves when the log has the text after its first `from` characters. */
  says(text: string | RegExp, from?: number): Promise<void>;
  end(signal?: string): Promise<void>;
}

/** Starts it, and waits until it is ready. */
export async function watching(ns: Namespace, env: { readonly PATH?: string } = {}): Promise<Watched> {
  const holder = ns.entrance[1];
  // NODE_OPTIONS as its unit has it. It ends with the namespace, also where the test fails before it ends it.
  await ns.sh(`export PATH=${env.PATH ?? process.env["PATH"]} NODE_OPTIONS=--max-semi-space-size=8
    ${process.execPath} ${root}/dist/netkeep.mjs watch >/run/watch.log 2>&1 & w=$!; echo $w >/run/watch.pid
    (while kill -0 ${holder} && kill -0 $w; do sleep 1; done; kill -KILL $w) >/dev/null 2>&1 &`);
  const pid = Number(await ns.read("/run/watch.pid"));
  const log = () => ns.read("/run/watch.log").catch(() => "");
  const says = (text: string | RegExp, from = 0) =>
    until(async () => {
      const said = (await log()).slice(from);
      return typeof text === "string" ? said.includes(text) : text.test(said);
    });
  const end = async (signal = "TERM") => {
    await ns.sh(`kill -${signal} ${pid} || true`);
    await until(async () => !(await ns.sh(`kill -0 ${pid} 2>/dev/null && echo alive || true`)).includes("alive"));
  };
  await says("watching: ");
  return { pid, log, says, end };
}

export async function until(holds: () => Promise<boolean>, seconds = 60): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error("it did not come to that in time");
    await delay(20);
  }
}

/** Waits until what `ip` prints is as it was. */
export function returns(ns: Namespace, before: readonly string[]): Promise<void> {
  return until(async () => JSON.stringify(await ipText(ns)) === JSON.stringify(before));
}

/** `netkeep` and `netkeep-hook` as a host has them. @returns the environment in which they are found */
export async function install(ns: Namespace): Promise<{ PATH: string }> {
  await ns.sh(`mkdir /run/bin && ln -s ${root}/bin/netkeep-hook /run/bin/netkeep-hook`);
  await ns.write("/run/bin/netkeep", `#!/bin/sh\nexec ${process.execPath} ${root}/dist/netkeep.mjs "$@"\n`);
  await ns.sh("chmod +x /run/bin/netkeep");
  return { PATH: `/run/bin:${process.env["PATH"]}` };
}
