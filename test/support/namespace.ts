import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** How a program inside a namespace ended; `status` null when a signal ended it. */
export interface Output {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** SIGKILL after so many milliseconds, to the program alone or to its children too. */
  readonly kill?: { readonly after: number; readonly group: boolean };
}

/** A network and mount namespace of its own: links, routes, neighbors and all that netkeep writes are private to it. */
export interface Namespace {
  /** Arguments of nsenter before the program. */
  readonly entrance: readonly string[];
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Output>;
  /** Lines of bash; throws if one of them fails. @returns stdout */
  sh(script: string): Promise<string>;
  netkeep(args: readonly string[], options?: RunOptions): Promise<Output>;
  /** Files as the namespace sees them. */
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
}

const bundle = new URL("../../dist/netkeep.mjs", import.meta.url).pathname;
const cache = new URL("../../dist/cache", import.meta.url).pathname;

/**
 * What netkeep writes to is empty memory here, also /run: without the bus's socket no networkd can be reached. The two
 * bridges have a pinned MAC, a carrier, and a subnet of each family.
 */
const setUp = `
for directory in /etc/netkeep /var/lib/netkeep /etc/systemd/network /etc/systemd/system /etc/sysctl.d /run; do
  mkdir -p $directory
  mount -t tmpfs tmpfs $directory
done
mkdir /run/docs
# As the package makes it, but shared by all tests.
mkdir -p -m 0755 ${cache}
mount -t tmpfs tmpfs /var/cache
mkdir -m 0755 /var/cache/netkeep
mount --bind ${cache} /var/cache/netkeep
# networkd is to start at boot, or everything would be kept live. Not in /run, where the directory says that systemd runs.
mkdir /etc/systemd/system/multi-user.target.wants
touch /etc/systemd/system/systemd-networkd.service
ln -s ../systemd-networkd.service /etc/systemd/system/multi-user.target.wants/systemd-networkd.service
ip link set lo up
for n in 0 1; do
  ip link add br$n address 02:00:00:00:00:0$n type bridge
  ip link add port$n type veth peer name peer$n
  ip link set port$n master br$n up
  ip link set peer$n up
  ip link set br$n addrgenmode none
  ip link set br$n up
  ip address add 192.0.$((n + 2)).1/24 dev br$n
  ip address add 2001:db8:$n::1/64 dev br$n nodad
  ip address add fe80::1/64 dev br$n nodad
done
`;

/** Gives `work` a fresh namespace, and ends it however `work` ends; for the second argument of `test`. */
export function inNamespace(work: (namespace: Namespace) => Promise<void>): () => Promise<void> {
  return async () => {
    // It waits for the end of its input, so that it is gone too when the test runner is killed.
    const holder = spawn("unshare", ["--net", "--mount", "--propagation", "private", "cat"], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    const ended = once(holder, "exit");
    try {
      const pid = holder.pid ?? 0;
      while ((await readFile(`/proc/${pid}/comm`, "utf8")) !== "cat\n") await delay(1);
      const namespace = enter(pid);
      await namespace.sh(setUp);
      await work(namespace);
    } finally {
      holder.kill("SIGKILL");
      await ended;
    }
  };
}

function enter(pid: number): Namespace {
  const entrance = ["--target", String(pid), "--net", "--mount", "--"];
  const run = (program: string, args: readonly string[], options: RunOptions = {}) =>
    output([...entrance, program, ...args], options);
  return {
    entrance,
    run,
    async sh(script) {
      const result = await run("bash", ["-euo", "pipefail", "-c", script]);
      if (result.status !== 0) throw new Error(`status ${result.status} of ${script}: ${result.stderr}`);
      return result.stdout;
    },
    netkeep: (args, options) => run(process.execPath, [bundle, ...args], options),
    read: (path) => readFile(`/proc/${pid}/root${path}`, "utf8"),
    write: (path, text) => writeFile(`/proc/${pid}/root${path}`, text),
  };
}

/** nsenter becomes the program, so the child's PID is the program's. */
async function output(args: readonly string[], options: RunOptions): Promise<Output> {
  const { kill } = options;
  const child = spawn("nsenter", args, {
    env: { ...process.env, NO_COLOR: "1", ...options.env },
    detached: kill?.group ?? false,
  });
  const texts = [child.stdout, child.stderr].map((stream) => stream.setEncoding("utf8").toArray());
  const timer = kill && setTimeout(() => killChild(child.pid, kill.group), kill.after);
  const exit = once(child, "exit");
  // A program that does not read its input, or that is killed before it has, is no fault.
  child.stdin.on("error", () => undefined).end(options.input ?? "");
  const [status] = (await exit) as [number | null];
  clearTimeout(timer);
  const [stdout = "", stderr = ""] = (await Promise.all(texts)).map((chunks) => chunks.join(""));
  return { status, stdout, stderr };
}

function killChild(pid: number | undefined, group: boolean): void {
  if (pid === undefined) return;
  try {
    process.kill(group ? -pid : pid, "SIGKILL");
  } catch {
    // It has ended by itself meanwhile.
  }
}
