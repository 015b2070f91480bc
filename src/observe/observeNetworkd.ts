import type { FoundFile } from "../model/file.ts";
import type { KernelLink } from "../model/state.ts";
import { type ForeignManagement, foreignManagement } from "../networkd/daemonConfig.ts";
import { type LinkStatus, parseLinkStatus, parseVersion } from "../networkd/describe.ts";
import type { ProgramResult, System } from "../system/system.ts";
import { whyNetworkdNeverStarts } from "./networkdStart.ts";

/** What is known of networkd itself. */
export interface NetworkdState {
  /** It answers on the bus and lives in our network namespace. */
  readonly running: boolean;
  /** Why it does not count as running. */
  readonly reason: string;
  /** Why it will not run after a boot either; null if it runs, starts at boot, or there is only an image. */
  readonly absent: string | null;
  /** null if not known: then the choices are those that every version takes. */
  readonly version: number | null;
  /** What the running networkd leaves alone on all links (networkd.conf, read when it starts). */
  readonly leavesForeign: ForeignManagement;
  /** What changes when another networkd runs, or none: equal texts, equal state. */
  readonly identity: string;
}

const bus = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"];
const name = "org.freedesktop.network1";
const linkObjects = "/org/freedesktop/network1/link";
const busSocket = "/run/dbus/system_bus_socket";

/** Asks the bus who owns networkd's name: any other call would start a networkd that somebody stopped. */
export async function observeNetworkd(system: System): Promise<NetworkdState> {
  if (system.offline) {
    const version = await versionOfImage(system);
    const reason = "with --root there is no networkd";
    return { running: false, reason, absent: null, version, leavesForeign: nothingLeft, identity: reason };
  }
  const owner = await findNetworkd(system);
  const { process, started, absent, identity } = owner;
  const version = (await loadedVersion(system, process)) ?? (await installedVersion(system, process !== null));
  if (process === null) {
    return { running: false, reason: owner.reason, absent, version, leavesForeign: nothingLeft, identity };
  }
  const [mine, its] = await Promise.all([
    system.linkTarget("/proc/self/ns/net"),
    system.linkTarget(`/proc/${process}/ns/net`),
  ]);
  // Without the right to look (not root) the two are taken to be the same.
  if (its !== null && mine !== its) {
    const reason = "the systemd-networkd on the bus is that of another network namespace";
    return { running: false, reason, absent, version, leavesForeign: nothingLeft, identity };
  }
  return {
    running: true,
    reason: "",
    absent,
    version,
    leavesForeign: foreignManagement(await daemonFiles(system), started),
    identity,
  };
}

/** Whether networkd is what it was: the same process, or as before none for the same reason. */
export async function isSameNetworkd(system: System, { identity }: Pick<NetworkdState, "identity">): Promise<boolean> {
  const [, process, started] = /^process (\d+), started at tick (\d+)$/.exec(identity) ?? [];
  if (process === undefined) return (await findNetworkd(system)).identity === identity;
  // A process that owns a name on the bus owns it until it ends.
  return (await startTick(system, process)) === started;
}

/** Its process by the bus, and why there is none. */
export async function findNetworkd(system: System) {
  const owner = await askBus(system);
  const process = /^u (\d+)/.exec(owner.stdout)?.[1];
  if (owner.exitCode !== 0 || process === undefined) {
    const reason = /NameHasNoOwner|no such name/i.test(owner.stderr)
      ? "systemd-networkd is not running"
      : `systemd-networkd cannot be reached: ${owner.stderr.trim().split("\n")[0]}`;
    const absent = await whyNetworkdNeverStarts(system);
    return { process: null, started: null, reason, absent, identity: `${reason}; ${absent}` };
  }
  const [tick, uptime] = await Promise.all([
    startTick(system, process),
    system.readText("/proc/uptime").catch(() => null),
  ]);
  const started = startTime(tick, uptime, system.now());
  return { process, started, reason: "", absent: null, identity: `process ${process}, started at tick ${tick}` };
}

async function askBus(system: System): Promise<ProgramResult> {
  // Half of the time of a call on a host without a bus would go by until busctl says so.
  if ((await system.modified(busSocket)) === null)
    return { exitCode: 1, stdout: "", stderr: `there is no ${busSocket}` };
  return system.run("busctl", ["call", ...bus, "GetConnectionUnixProcessID", "s", name]);
}

/**
 * What networkd says of each of these links; links that do not exist, or that it does not know, are left out.
 *
 * @param existing the links that exist, by name
 */
export async function observeLinks(
  system: System,
  existing: ReadonlyMap<string, Pick<KernelLink, "index">>,
  links: readonly string[],
): Promise<Map<string, LinkStatus>> {
  const statuses = await Promise.all(
    links.map(async (link) => {
      const index = existing.get(link)?.index;
      if (index === undefined) return [];
      // sd_bus_path_encode(3): a digit in front is escaped.
      const object = { destination: name, path: `${linkObjects}/_3${index}`, interface: `${name}.Link` };
      const answer = await system.askBus({ ...object, member: "Describe" });
      return answer === null ? [] : [[link, parseLinkStatus(answer)] as const];
    }),
  );
  return new Map(statuses.flat());
}

const nothingLeft: ForeignManagement = { routes: false, rules: false, nextHops: false };

/** The library that the running networkd has loaded; null if that cannot be seen, as without root, or is part of networkd. */
async function loadedVersion(system: System, process: string | null): Promise<number | null> {
  const maps = process === null ? null : await system.readText(`/proc/${process}/maps`).catch(() => null);
  return versionOfLibrary(/\/(libsystemd-shared-\S+)/.exec(maps ?? "")?.[1] ?? "");
}

/**
 * Of a networkd that does not run, too; to start the program takes as long as a listing of some thousand entries.
 *
 * @param runs then the library is not what it has loaded, or it would have been seen there
 */
async function installedVersion(system: System, runs: boolean): Promise<number | null> {
  const byLibrary = runs ? null : await versionOfImage(system);
  if (byLibrary !== null) return byLibrary;
  return parseVersion((await system.run("networkctl", ["--version"])).stdout);
}

/** The shared library carries the version in its name; good enough for an image that is not running. */
async function versionOfImage(system: System): Promise<number | null> {
  for (const directory of [
    "/usr/lib/x86_64-linux-gnu/systemd",
    "/usr/lib/aarch64-linux-gnu/systemd",
    "/usr/lib/systemd",
  ]) {
    for (const file of await system.list(directory)) {
      const found = versionOfLibrary(file);
      if (found !== null) return found;
    }
  }
  return null;
}

function versionOfLibrary(file: string): number | null {
  const found = /^libsystemd-shared-(\d+)/.exec(file)?.[1];
  return found === undefined ? null : Number(found);
}

/** When a process was started, in ticks since the boot, as text (proc(5), starttime); null if there is no such process. */
async function startTick(system: System, process: string): Promise<string | null> {
  const stat = await system.readText(`/proc/${process}/stat`).catch(() => null);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

/**
 * Milliseconds since 1970, from /proc: works with and without systemd as PID 1 (proc(5), starttime and uptime). Good to
 * some hundredths of a second, so that a file written just before a restart counts.
 */
function startTime(tick: string | null, uptime: string | null, now: number): number | null {
  const seconds = /^\d+\.\d+/.exec(uptime ?? "")?.[0];
  // USER_HZ is 100 on every architecture that Linux and Node share.
  return tick === null || seconds === undefined ? null : now - (Number(seconds) - Number(tick) / 100) * 1000;
}

/** networkd.conf, if there is one, and the drop-ins of all directories. */
export async function daemonFiles(system: System): Promise<FoundFile[]> {
  const directories = ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"];
  const main: FoundFile[] = [];
  for (const directory of directories) {
    const path = `${directory}/networkd.conf`;
    const text = await system.readText(path);
    const modified = await system.modified(path);
    if (text !== null && modified !== null) main.push({ path, kind: "text", text, modified });
  }
  const dropIns = await system.readUnits(
    directories.map((directory) => `${directory}/networkd.conf.d`),
    [".conf"],
  );
  return [...main.slice(0, 1), ...dropIns];
}
