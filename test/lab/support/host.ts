/**
 * A hypervisor of the lab: a Debian system with real systemd, D-Bus, udev and networkd in a container.
 *
 * Its network is empty but for `lo`; network.ts adds guests and an outside. Whatever a test does to it, `stop` (or the
 * end of the test process) leaves nothing behind. A reboot keeps the files and loses /run, links and namespaces.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { makeCgroup, removeCgroup } from "./cgroup.ts";
import { cleanUpAtExit } from "./cleanup.ts";
import { bootContainer, type Container } from "./container.ts";
import { cleanEnvironment, type RunOptions, type RunResult, runInside, type Started, startInside } from "./inside.ts";
import { makeWritable, removalCommands, type WritableTree } from "./overlay.ts";
import type { Suite } from "./recipe.ts";
import { ensureRootfs, installHeld } from "./rootfs.ts";

export interface HostOptions {
  readonly suite: Suite;
  /** Host name; unique names are made from it. */
  readonly name?: string;
  /** Packages that the image only holds; what they conflict with is removed. */
  readonly held?: readonly string[];
  /** Path → text: files that are there before the first boot. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Returns when the system is up. The first call for a suite on a machine takes most of a minute more. */
export async function bootHost(options: HostOptions): Promise<LabHost> {
  const tree = await makeWritable(await ensureRootfs(options.suite));
  const host = new LabHost(options, tree);
  try {
    for (const name of options.held ?? []) await installHeld(tree.root, name);
    for (const [path, text] of Object.entries(options.files ?? {})) await host.writeFile(path, text);
    await host.boot();
  } catch (error) {
    await host.stop();
    throw error;
  }
  return host;
}

export class LabHost {
  readonly suite: Suite;
  readonly name: string;
  readonly root: string;
  readonly #tree: WritableTree;
  readonly #id = randomBytes(4).toString("hex");
  readonly #forgetCleanup: () => void;
  #container: Container | undefined;
  #cgroups: string[] = [];
  #boots = 0;

  constructor(options: HostOptions, tree: WritableTree) {
    this.suite = options.suite;
    this.name = options.name ?? options.suite;
    this.root = tree.root;
    this.#tree = tree;
    this.#forgetCleanup = cleanUpAtExit(() => this.#abandon());
  }

  /** PID 1 of the running system, as the machine numbers it. */
  get pid(): number {
    if (this.#container === undefined) throw new Error(`${this.name} is not running`);
    return this.#container.pid;
  }

  async boot(): Promise<void> {
    if (this.#container !== undefined) throw new Error(`${this.name} is already running`);
    if (this.#boots === 0) await this.#giveIdentity();
    this.#boots += 1;
    this.#cgroups = makeCgroup(`${this.#id}-${this.#boots}`);
    const { root, folder } = this.#tree;
    const consoleLog = join(folder, "console.log");
    const container = await bootContainer({ root, name: `lab-${this.#id}`, cgroups: this.#cgroups, consoleLog });
    this.#container = container;
    void container.ended.then(() => this.#powerIsOff());
    await this.waitForState();
  }

  /** An orderly reboot from inside, through the shutdown of every unit. */
  async reboot(): Promise<void> {
    const ended = this.#container?.ended;
    await this.run(["systemctl", "reboot"], { reject: false });
    await withLimit(30_000, `${this.name} did not shut down for its reboot`, ended);
    await this.boot();
  }

  /** Pulls the plug: no unit is stopped. The machine's page cache survives, so unsynced writes do too. */
  async kill(): Promise<void> {
    const container = this.#container;
    container?.kill();
    await withLimit(10_000, `${this.name} did not end`, container?.ended);
  }

  /** Ends the host and removes its files. */
  async stop(): Promise<void> {
    await this.kill();
    for (let tries = 0; !removeCgroup(this.#cgroups) && tries < 50; tries += 1) await sleep(20);
    for (const [file, ...args] of removalCommands(this.#tree)) await execa(file as string, args, { reject: false });
    this.#forgetCleanup();
  }

  async waitForState(limitMs = 60_000): Promise<"running" | "degraded"> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const { stdout } = await this.run(["systemctl", "is-system-running"], { reject: false });
      if (stdout === "running" || stdout === "degraded") return stdout;
      if (Date.now() > deadline) throw new Error(`${this.name} is still '${stdout}'\n${await this.#whatHangs()}`);
      await sleep(50);
    }
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return runInside(this.pid, argv, options);
  }

  /** A process that goes on, until it ends, is killed, or the host ends. */
  start(argv: readonly string[]): Started {
    return startInside(this.pid, argv);
  }

  /** By a temporary name and rename, so that networkd never sees half a file. Works while the host is off, too. */
  async writeFile(path: string, text: string | Uint8Array, mode = 0o644): Promise<void> {
    const script = `mkdir -p "$2" && t=$(mktemp "$2/.lab.XXXXXX") && cat > "$t" && chmod "$3" "$t" && mv -T "$t" "$1"`;
    await this.#inTree(["sh", "-c", script, "sh", path, dirname(path), mode.toString(8)], text);
  }

  async readFile(path: string): Promise<string> {
    return this.#inTree(["cat", path]);
  }

  /** A file or a folder with all that is in it. Removing the missing succeeds. */
  async remove(path: string): Promise<void> {
    await this.#inTree(["rm", "-rf", path]);
  }

  async copyIn(hostPath: string, path: string, mode = 0o644): Promise<void> {
    await this.writeFile(path, await readFile(hostPath), mode);
  }

  async systemdVersion(): Promise<number> {
    return Number(/^systemd (\d+)/.exec((await this.run(["systemctl", "--version"])).stdout)?.[1]);
  }

  /** Never through /proc/PID/root from outside: an absolute symlink in there would lead into the machine's files. */
  async #inTree(argv: readonly string[], input: string | Uint8Array = ""): Promise<string> {
    if (this.#container) return (await this.run(argv, { input, verbatim: true })).stdout;
    const options = { ...cleanEnvironment, input, stripFinalNewline: false };
    return (await execa("chroot", [this.root, ...argv], options)).stdout;
  }

  /** systemd would make a new machine id at each boot from an empty file, and with it new MAC addresses. */
  async #giveIdentity(): Promise<void> {
    await this.writeFile("/etc/machine-id", `${randomBytes(16).toString("hex")}\n`, 0o444);
    await this.writeFile("/etc/hostname", `${this.name}\n`);
  }

  #powerIsOff(): void {
    this.#container = undefined;
    removeCgroup(this.#cgroups);
  }

  async #whatHangs(): Promise<string> {
    return (await this.run(["systemctl", "list-jobs", "--no-pager"], { reject: false })).stdout;
  }

  #abandon(): void {
    this.#container?.kill();
    for (const [file, ...args] of removalCommands(this.#tree)) spawnSync(file as string, args, { stdio: "ignore" });
    for (let tries = 0; !removeCgroup(this.#cgroups) && tries < 20; tries += 1) spawnSync("sleep", ["0.05"]);
  }
}

async function withLimit(ms: number, message: string, promise: Promise<void> | undefined): Promise<void> {
  const abort = new AbortController();
  const late = sleep(ms, undefined, { signal: abort.signal }).then(() => {
    throw new Error(message);
  });
  late.catch(() => undefined);
  await Promise.race([promise, late]);
  abort.abort();
}
