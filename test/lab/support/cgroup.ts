/**
 * A cgroup of its own for each container: two systemds in one cgroup kill each other's units.
 *
 * The machine may have the unified hierarchy only, or the hybrid layout, where systemd-nspawn needs a directory in
 * both the unified and the name=systemd hierarchy. Controllers are not used.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Returns the directories that were made; a process joins by writing its pid to `cgroup.procs` in each. */
export function makeCgroup(suffix: string): string[] {
  const mounts = systemdHierarchies();
  for (const mount of mounts) sweepAbandoned(mount);
  const dirs = mounts.map((mount) => join(mount, `netkeep-lab-${process.pid}-${suffix}`));
  for (const dir of dirs) mkdirSync(dir);
  return dirs;
}

/** False as long as the kernel has not yet reaped the last process in there. */
export function removeCgroup(dirs: readonly string[]): boolean {
  return dirs.map(removeDeepestFirst).every((gone) => gone);
}

/** Those of test processes that were killed without a chance to clean up. */
function sweepAbandoned(mount: string): void {
  for (const name of readdirSync(mount)) {
    const owner = /^netkeep-lab-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) removeDeepestFirst(join(mount, name));
  }
}

function removeDeepestFirst(dir: string): boolean {
  try {
    for (const entry of readdirSync(dir)) {
      const path = join(dir, entry);
      if (statSync(path).isDirectory()) removeDeepestFirst(path);
    }
    rmdirSync(dir);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

function systemdHierarchies(): string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").trimEnd().split("\n");
  const found = mounts.filter((line) => / - cgroup2 /.test(line) || / - cgroup .*\bname=systemd\b/.test(line));
  const points = found.map((line) => line.split(" ")[4] as string);
  if (points.length === 0) throw new Error("no cgroup hierarchy for systemd is mounted on this machine");
  return [...new Set(points)];
}
