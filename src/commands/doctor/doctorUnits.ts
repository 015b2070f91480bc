import type { UnitState } from "../../doctor/facts.ts";
import type { System } from "../../system/system.ts";

export interface UnitStates {
  readonly states: ReadonlyMap<string, UnitState>;
  /** The main process of each unit that runs. */
  readonly processes: ReadonlyMap<string, string>;
}

/** What systemd says of these units, in one call; null where systemd cannot be asked. A unit that is not there is left out. */
export async function readUnitStates(system: System, units: readonly string[]): Promise<UnitStates | null> {
  if (system.offline) return null;
  const properties = ["Id", "LoadState", "ActiveState", "UnitFileState", "MainPID"];
  const result = await system.run("systemctl", ["show", `--property=${properties.join(",")}`, "--", ...units]);
  if (result.exitCode !== 0) return null;
  const states = new Map<string, UnitState>();
  const processes = new Map<string, string>();
  for (const block of result.stdout.split(/\n\n+/)) {
    const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(block)?.[1] ?? "";
    const [name, loaded] = [value("Id"), value("LoadState")];
    if (name === "" || loaded === "not-found") continue;
    states.set(name, { active: value("ActiveState") === "active", enabled: value("UnitFileState") });
    if (/^[1-9]\d*$/.test(value("MainPID"))) processes.set(name, value("MainPID"));
  }
  return { states, processes };
}

/** Whether the program of a process was replaced on disk since it started, and how many files it may have open (proc(5)). */
export async function readProcess(
  system: System,
  process: string | undefined,
): Promise<{ replaced: boolean | null; fileLimit: number | null }> {
  if (process === undefined) return { replaced: null, fileLimit: null };
  const limits = await system.readText(`/proc/${process}/limits`).catch(() => null);
  const soft = /^Max open files\s+(\d+)/m.exec(limits ?? "")?.[1];
  // Only root may look at the program of another user's process.
  const program = system.privileged ? await system.run("readlink", [`/proc/${process}/exe`]) : null;
  const replaced = program === null || program.stdout === "" ? null : program.stdout.trimEnd().endsWith(" (deleted)");
  return { replaced, fileLimit: soft === undefined ? null : Number(soft) };
}
