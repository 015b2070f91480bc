import { createHash } from "node:crypto";
import { exitCodes, UserError } from "../../src/errors.ts";
import type { Answer, ProgramResult, System } from "../../src/system/system.ts";
import { FakeFiles } from "./fakeFiles.ts";
import { FakeKernel } from "./fakeKernel.ts";
import { FakeNetworkd } from "./fakeNetworkd.ts";
import type { IpOutput } from "./ipJson.ts";

/** The process dies here: not an answer of anything, and nothing may catch it. */
export class Killed extends Error {}

/** What goes wrong at one effect. `kill` dies before it, `halfway` within it, `fail` is an error that netkeep is told. */
export interface Mishap {
  /** The first effect is 1. */
  readonly at: number;
  readonly how: "kill" | "halfway" | "fail";
}

export interface FakeHost {
  readonly ip: IpOutput;
  /** The version of networkd that runs; null for none. */
  readonly networkd: number | null;
  readonly offline?: boolean;
  readonly privileged?: boolean;
}

const networkdPid = "4242";
const bootTime = 1_700_000_000;

/** `systemctl show` of the units that the doctor asks for, as Debian 13 says it. */
const unitStates = `MainPID=${networkdPid}
Id=systemd-networkd.service
LoadState=loaded
ActiveState=active
UnitFileState=enabled

MainPID=0
Id=NetworkManager.service
LoadState=not-found
ActiveState=inactive
UnitFileState=

MainPID=0
Id=frr.service
LoadState=loaded
ActiveState=inactive
UnitFileState=disabled
`;

/** A host in memory. One object can serve several runs of netkeep: what a run leaves behind is there for the next. */
export class FakeSystem {
  readonly files = new FakeFiles();
  readonly kernel: FakeKernel;
  #networkd: FakeNetworkd | null = null;
  #halted = false;
  readonly #host: FakeHost;
  #now = (bootTime + 86_400) * 1000;
  #effects = 0;
  #mishap: Mishap | null = null;
  /** What each effect was, for messages. */
  readonly trace: string[] = [];
  /** Whether the mishap took place. */
  struck = false;
  locked = false;
  /** Arguments of `try` that some timer runs at its time, `--revert ID`. */
  readonly timers: (readonly string[])[] = [];
  /** What was asked at the terminal, and what somebody there does, in this order. */
  readonly questions: string[] = [];
  readonly answers: (() => Answer | Promise<Answer>)[] = [];

  constructor(host: FakeHost) {
    this.#host = host;
    this.kernel = new FakeKernel(host.ip);
    this.kernel.linkLines.appeared = (name) => this.#addSysctls(name);
    for (const { ifname } of this.kernel.links) this.#addSysctls(ifname);
    // networkd starts at boot, whether it runs now or not.
    const units = "/usr/lib/systemd/system";
    this.addFile(`${units}/systemd-networkd.service`, "");
    this.addFile(`${units}/multi-user.target.wants/systemd-networkd.service`, "");
    this.addFile("/proc/stat", `cpu 0\nbtime ${bootTime}\n`);
  }

  /** What the kernel begins with on a host that forwards. */
  #addSysctls(link: string): void {
    const values = { forwarding: "1", arp_ignore: "0", arp_announce: "0", rp_filter: "2" };
    for (const [name, value] of Object.entries(values)) this.addFile(`/proc/sys/net/ipv4/conf/${link}/${name}`, value);
    const values6 = { forwarding: "1", accept_ra: "1", disable_ipv6: "0" };
    for (const [name, value] of Object.entries(values6)) this.addFile(`/proc/sys/net/ipv6/conf/${link}/${name}`, value);
  }

  /** A file that was there before networkd started. */
  addFile(path: string, text: string): void {
    this.files.set(path, { kind: "text", text, modified: (bootTime - 86_400) * 1000 });
  }

  addMask(path: string): void {
    this.files.set(path, { kind: "null" });
  }

  /** Starts networkd, which reads its files now. */
  boot(): void {
    if (this.#host.networkd !== null) this.#networkd = new FakeNetworkd(this.#host.networkd, this.kernel, this.files);
  }

  /** Stops networkd; what it has set stays. */
  halt(): void {
    this.#halted = true;
  }

  get #networkdRuns(): boolean {
    return this.#host.networkd !== null && !this.#halted;
  }

  get networkd(): FakeNetworkd {
    if (this.#networkd === null) throw new Error("this host has no networkd that runs");
    return this.#networkd;
  }

  /** Begins to count effects anew; without a mishap all goes well. */
  begin(mishap: Mishap | null = null): void {
    [this.#effects, this.#mishap, this.struck, this.locked] = [0, mishap, false, false];
    this.trace.length = 0;
    this.#now += 60_000;
  }

  get effects(): number {
    return this.#effects;
  }

  /** Leftovers of atomic writes. */
  get temporaryFiles(): string[] {
    return [...this.files.tree("/etc", "/run", "/var").keys()].filter((path) => path.endsWith(".tmp"));
  }

  readonly system = {
    offline: false as boolean,
    privileged: true as boolean,
    now: () => this.#now,
    sleep: async (milliseconds) => {
      this.#now += milliseconds;
    },
    digest: (text) => createHash("sha256").update(text).digest("hex").slice(0, 16),
    readText: async (path) => this.#proc(path) ?? this.files.text(path),
    modified: async (path) =>
      path === "/run/dbus/system_bus_socket"
        ? 0
        : (this.files.modified(path) ?? (this.files.isDirectory(path) ? 0 : null)),
    list: async (directory) => this.files.list(directory),
    readUnits: async (directories, suffixes) => this.files.units(directories, suffixes),
    openDirectory: async (path) => {
      this.#effect(`open ${path}`);
      this.files.closed.delete(path);
    },
    writeSysctl: async (path, value) => {
      if (this.files.text(path) === null) throw new UserError(exitCodes.failed, `cannot write ${path}: no such file`);
      const how = this.#effect(`sysctl ${path}`);
      if (how === "fail") throw new UserError(exitCodes.failed, `cannot write ${path}: EINVAL`);
      if (how === "halfway") throw new Killed(`killed while writing ${path}`);
      this.addFile(path, value);
    },
    readPacked: async (path) => {
      const text = this.files.text(path);
      if (text === null) throw new Error(`no ${path}`);
      return text;
    },
    writePacked: async (path, text) => this.#write(path, text, false),
    writeFile: async (path, text, replaceLink = false) => this.#write(path, text, replaceLink),
    writeFiles: async (files) => {
      for (const { path, text } of files) this.#write(path, text, false);
    },
    removeFile: async (path) => {
      const how = this.#effect(`remove ${path}`);
      if (how === "fail") throw new UserError(exitCodes.failed, `cannot remove ${path}: EIO`);
      this.files.delete(path);
      this.#sweep(path);
      if (how === "halfway") throw new Killed(`killed after the removal of ${path}`);
    },
    linkTarget: async (path) =>
      /^\/proc\/(self|4242)\/ns\/net$/.test(path) ? "net:[4026531840]" : this.files.linkTarget(path),
    self: ["node", "/usr/lib/netkeep/netkeep.mjs"],
    startDetached: (program, args) => {
      this.#effect(`start ${program} ${args.join(" ")}`);
      this.timers.push(args.slice(args.indexOf("--revert")));
    },
    ask: async (question, milliseconds) => {
      if (milliseconds === 0) return "later";
      this.questions.push(question);
      this.#now += milliseconds;
      return (await this.answers.shift()?.()) ?? "later";
    },
    run: async (program, args, input = "") => this.#run(program, args, input),
    askBus: async ({ path, member }) => {
      const index = /^\/org\/freedesktop\/network1\/link\/_3(\d+)$/.exec(path)?.[1];
      if (index === undefined || member !== "Describe")
        throw new Error(`the fake host does not know: ${path} ${member}`);
      return this.#networkdRuns ? this.networkd.describe(Number(index)) : null;
    },
    withLock: async (path, _seconds, work) => {
      if (this.locked) throw new Error("the lock is taken twice");
      if (path !== "/run/netkeep/lock") throw new Error(`a lock at ${path}`);
      this.locked = true;
      try {
        return await work();
      } finally {
        this.locked = false;
      }
    },
    hostFacts: async () => ({ hostname: "host", virtualization: { type: "none" } as const, kernelVersion: "6.18.0" }),
  } satisfies System;

  #write(path: string, text: string, replaceLink: boolean): void {
    if (this.files.linkTarget(path) !== null && !replaceLink) {
      throw new UserError(exitCodes.failed, `cannot write ${path}: is a symbolic link; move it away`);
    }
    this.#sweep(path);
    const temporary = path.replace(/([^/]+)$/, ".$1.tmp");
    const file = { kind: "text" as const, text, modified: this.#now };
    const how = this.#effect(`write ${path}`);
    if (how === "fail") throw new UserError(exitCodes.failed, `cannot write ${path}: no space left on device`);
    if (how === "halfway") {
      this.files.set(temporary, { ...file, text: text.slice(0, text.length / 2) });
      throw new Killed(`killed while writing ${path}`);
    }
    const guarded = !this.#host.offline && !path.startsWith("/run/netkeep/queue/");
    if (!this.locked && guarded) throw new Error(`${path} is written without the lock`);
    this.files.set(path, file);
  }

  /** As system/files.ts: what was left for the same path goes. */
  #sweep(path: string): void {
    this.files.delete(path.replace(/([^/]+)$/, ".$1.tmp"));
  }

  #run(program: string, args: readonly string[], input: string): ProgramResult {
    if (this.#host.offline) throw new Error(`with --root nothing is run: ${program}`);
    const how = this.#effect(`run ${program} ${args.join(" ")}`);
    if (how === "fail") return { stdout: "", stderr: "simulated failure\n", exitCode: 1 };
    const lines = input.split("\n").length - 1;
    const killedAfter = how === "halfway" ? Math.ceil(lines / 2) : undefined;
    const result = this.#answer(program, args, input, killedAfter);
    if (how === "halfway") throw new Killed(`killed during ${program}`);
    return result;
  }

  #answer(program: string, args: readonly string[], input: string, killedAfter?: number): ProgramResult {
    const command = [program, ...args].join(" ");
    const running = this.#networkdRuns;
    if (program === "ip") return this.kernel.ip(args, input, killedAfter);
    if (command === "networkctl --version") return ok(`systemd ${this.#host.networkd ?? 252} (fake)\n+PAM\n`);
    if (program === "networkctl" && running) return this.networkd.run(args);
    if (command.startsWith("busctl call org.freedesktop.DBus") && args.includes("GetConnectionUnixProcessID")) {
      const none = "Call failed: Could not get PID of name 'org.freedesktop.network1': no such name\n";
      return running ? ok(`u ${networkdPid}\n`) : { stdout: "", stderr: none, exitCode: 1 };
    }
    if (command === "systemctl is-active systemd-networkd.service") {
      return running ? ok("active\n") : { stdout: "inactive\n", stderr: "", exitCode: 3 };
    }
    if (program === "systemd-run") {
      this.timers.push(args.slice(args.indexOf("--revert")));
      return ok("");
    }
    if (program === "systemctl" && args[0] === "stop") return ok("");
    if (program === "systemctl") return running ? ok(unitStates) : { stdout: "", stderr: "", exitCode: 1 };
    if (command === `readlink /proc/${networkdPid}/exe`) return ok("/usr/lib/systemd/systemd-networkd\n");
    throw new Error(`the fake host does not know: ${command}`);
  }

  /** What the kernel says of time and of networkd's process. */
  #proc(path: string): string | null {
    if (path === "/proc/uptime") return `${(this.#now / 1000 - bootTime).toFixed(2)} 0.00\n`;
    const running = path === `/proc/${networkdPid}/stat` && this.#networkdRuns;
    return running ? `${networkdPid} (systemd-network) ${"S ".repeat(19)}1000 0` : null;
  }

  #effect(what: string): Mishap["how"] | null {
    this.#effects += 1;
    this.trace.push(what);
    if (this.#mishap?.at !== this.#effects) return null;
    this.struck = true;
    if (this.#mishap.how === "kill") throw new Killed(`killed before: ${what}`);
    return this.#mishap.how;
  }
}

/** @param host with `offline`: as with --root */
export function makeHost(host: FakeHost): FakeSystem {
  const made = new FakeSystem(host);
  made.system.offline = host.offline ?? false;
  made.system.privileged = host.privileged ?? true;
  return made;
}

function ok(stdout: string): ProgramResult {
  return { stdout, stderr: "", exitCode: 0 };
}
