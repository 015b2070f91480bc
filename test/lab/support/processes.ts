/** Which processes of this machine descend from one that we started. Nothing else may ever be signalled. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Its number in the innermost pid namespace. */
  readonly innermostPid: number;
}

/** Children before grandchildren. */
export function descendantsOf(ancestor: number): ProcessFacts[] {
  const all = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => factsOf(Number(entry)));
  const found: ProcessFacts[] = [];
  for (let parents = [ancestor]; parents.length > 0; ) {
    const children = all.filter((process) => parents.includes(process.parent));
    found.push(...children);
    parents = children.map((child) => child.pid);
  }
  return found;
}

function factsOf(pid: number): ProcessFacts[] {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const field = (name: string): string => new RegExp(`^${name}:\\t(.*)$`, "m").exec(status)?.[1] ?? "";
    const innermostPid = Number(field("NSpid").split("\t").at(-1));
    return [{ pid, parent: Number(field("PPid")), name: field("Name"), innermostPid }];
  } catch {
    // The process ended while we looked.
    return [];
  }
}
