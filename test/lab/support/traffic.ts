/**
 * A stream of numbered UDP packets between two namespaces of a lab host, each of them echoed: what is not echoed was
 * lost on the way there or back. One stream covers both directions of one flow; start two streams to have flows that
 * are opened from either side.
 *
 * Counting begins only after 200 answers and ends 0.5 s after the last packet, so that neighbor resolution and packets
 * under way are not counted. The processes run at a high priority: on two cores a reload would otherwise starve them.
 */
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { LabHost } from "./host.ts";
import { inNamespace } from "./network.ts";

export interface TrafficOptions {
  /** Namespaces; `undefined` is the host itself. */
  readonly from?: string;
  readonly to?: string;
  /** An address of `to`. */
  readonly address: string;
  readonly intervalMs?: number;
}

export interface TrafficResult {
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  /** The most packets in a row that were not answered. */
  readonly longestRun: number;
  /** The time from the first packet of such a run to the next one that was answered. */
  readonly longestGapMs: number;
  /** Each such run: when it began (milliseconds since 1970) and how long it lasted. */
  readonly gaps: readonly { readonly at: number; readonly ms: number }[];
}

export interface Traffic {
  stop(): Promise<TrafficResult>;
}

/** Returns when packets flow and are counted. Throws if nothing is answered for 10 s. */
export async function startTraffic(host: LabHost, options: TrafficOptions): Promise<Traffic> {
  const { from, to, address, intervalMs = 1 } = options;
  const echo = await startEcho(host, { namespace: to, address });
  try {
    const traffic = await startSending(host, { from, address, port: echo.port, intervalMs });
    return {
      async stop() {
        const result = await traffic.stop();
        await echo.stop();
        return result;
      },
    };
  } catch (error) {
    await echo.stop();
    throw error;
  }
}

export interface Echo {
  readonly port: number;
  stop(): Promise<void>;
}

/** Returns when it listens. @param where.port any free one if not given */
export async function startEcho(
  host: LabHost,
  where: { readonly namespace: string | undefined; readonly address: string; readonly port?: number },
): Promise<Echo> {
  await host.writeFile(program, await readFile(new URL("./udpEcho.mjs", import.meta.url)));
  const server = startNode(host, where.namespace, ["listen", where.address, String(where.port ?? 0)]);
  const { port } = (await server.next()) as { port: number };
  return { port, stop: () => server.kill() };
}

/** The sending half of `startTraffic`, to an echo that may be on another host. */
export async function startSending(
  host: LabHost,
  options: {
    readonly from: string | undefined;
    readonly address: string;
    readonly port: number;
    readonly intervalMs: number;
  },
): Promise<Traffic> {
  const { from, address, port, intervalMs } = options;
  await host.writeFile(program, await readFile(new URL("./udpEcho.mjs", import.meta.url)));
  const client = startNode(host, from, ["send", address, String(port), String(intervalMs)]);
  try {
    await client.next();
  } catch (error) {
    await client.kill();
    throw error;
  }
  return {
    async stop() {
      client.closeInput();
      const result = (await client.next()) as TrafficResult;
      await client.kill();
      return result;
    },
  };
}

const program = "/usr/lib/netkeep-lab/udpEcho.mjs";

function startNode(host: LabHost, namespace: string | undefined, args: readonly string[]) {
  const node = ["nice", "-n", "-15", "node", program, ...args];
  const child = host.start(namespace === undefined ? node : inNamespace(namespace, node));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  return {
    async next(): Promise<unknown> {
      const line = await lines.next();
      if (line.done) throw new Error(`traffic ${args.join(" ")}: ended early: ${complaint}`);
      const value: unknown = JSON.parse(line.value);
      if (value !== null && typeof value === "object" && "error" in value) throw new Error(String(value.error));
      return value;
    },
    closeInput: () => child.stdin.end(),
    kill: () => child.kill(),
  };
}
