/**
 * One boot of one tree: systemd-nspawn from its start to its end. Reboots are further boots of the same tree.
 *
 * What makes this hard: nothing may be left behind, however the tests end. The normal way is `LabHost.stop`; if the
 * test process exits first, its exit hook ends the container; if it is killed outright, the kernel does (pdeathsig).
 * Only processes that were started here are signalled, by pid, and only while nspawn, their parent, is known to live.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { descendantsOf } from "./processes.ts";

export interface Container {
  /** PID 1 of the container, as the machine numbers it. */
  readonly pid: number;
  /** Resolves when systemd-nspawn has ended and no process of the container is left. */
  readonly ended: Promise<void>;
  /** Ends PID 1, and with it the whole pid namespace, at once and without any shutdown. */
  kill(): void;
}

export interface BootOptions {
  readonly root: string;
  readonly name: string;
  readonly cgroups: readonly string[];
  readonly consoleLog: string;
}

export async function bootContainer(options: BootOptions): Promise<Container> {
  const { cgroups, consoleLog } = options;
  const nspawn = execa("sh", ["-c", launcher, "sh", cgroups.join(" "), consoleLog, ...nspawnArgv(options)], {
    env: { UNIFIED_CGROUP_HIERARCHY: "1", SYSTEMD_NSPAWN_API_VFS_WRITABLE: "network", LC_ALL: "C" },
    stdio: "ignore",
    reject: false,
    // A session of its own: Ctrl-C in the terminal reaches vitest, and vitest decides.
    detached: true,
    cleanup: false,
  });
  let alive = true;
  const ended = nspawn.then(() => {
    alive = false;
  });
  const supervisor = nspawn.pid;
  if (supervisor === undefined) throw new Error("systemd-nspawn could not be started");

  let pid: number | undefined;
  const kill = (): void => {
    // nspawn ends by itself once PID 1 is gone; before PID 1 exists its supervisor has to go.
    if (alive) process.kill(pid ?? supervisor, "SIGKILL");
  };
  const deadline = Date.now() + 20_000;
  while (pid === undefined) {
    pid = findInit(supervisor);
    if (!alive || Date.now() > deadline) {
      kill();
      throw new Error(`systemd-nspawn did not start PID 1:\n${readFileSync(consoleLog, "utf8").slice(-2000)}`);
    }
    if (pid === undefined) await sleep(10);
  }
  return { pid, ended, kill };
}

const launcher = `for dir in $1; do echo $$ > "$dir/cgroup.procs"; done; log=$2; shift 2; exec "$@" >>"$log" 2>&1`;

/**
 * The chain that lets the kernel clean up: this process dies → unshare dies (setpriv) → all of its pid namespace dies,
 * nspawn and the container with it. Without that namespace PID 1 would outlive a killed nspawn.
 */
function nspawnArgv(options: BootOptions): string[] {
  return [
    ...["setpriv", "--pdeathsig", "KILL", "unshare", "--fork", "--kill-child=KILL", "--pid", "--mount-proc"],
    ...["sh", "-c", 'systemd-nspawn "$@"; exit $?', "sh"],
    ...["-D", options.root, "--machine", options.name, "--private-network", "--boot", "--register=no", "--keep-unit"],
    // A real system has these limits; nspawn would hand on those of this machine's PID 1.
    ...["--rlimit=RLIMIT_NOFILE=1024:524288"],
    ...["--link-journal=no", "--resolv-conf=off", "--timezone=off", "--console=read-only"],
  ];
}

/** The descendant that is number 1 in the innermost pid namespace and has become systemd. */
function findInit(supervisor: number): number | undefined {
  return descendantsOf(supervisor).find(({ name, innermostPid }) => name === "systemd" && innermostPid === 1)?.pid;
}
