import type { CommandContext } from "../../context.ts";
import type { KernelEvent } from "../../model/event.ts";
import type { Finding } from "../../model/finding.ts";
import type { Message } from "../../result.ts";
import type { Watching } from "../../system/watching.ts";
import { createSchedule, type Schedule } from "../../watch/schedule.ts";
import { createStrikes, type Strikes } from "../../watch/strikes.ts";
import { createSuspects, type Suspects } from "../../watch/suspects.ts";

/** A call of a hook, as its client wrote it. */
export interface HookRequest {
  readonly text: string;
  answer(text: string): void;
}

/** A watch while it runs. */
export interface Watch {
  readonly watching: Watching;
  readonly say: (message: Message) => void;
  readonly suspects: Suspects;
  readonly strikes: Strikes;
  readonly schedule: Schedule;
  /** With the settings as they were read last. */
  context: CommandContext;
  /** What the last full look left; null if it failed. */
  findings: readonly Finding[] | null;
  /** Of the documents that were applied or seen at the start, see `signatureOf`. */
  documents: string;
  /** Documents that have changed wait for somebody else, and that was said. */
  postponed: boolean;
  /** Since when a task is at work; what happens meanwhile is judged by what is wanted afterwards. */
  busy: { readonly since: number; readonly events: KernelEvent[] } | null;
  /** Ends what listens to the kernel; null while nothing does. */
  deafen: (() => void) | null;
  /** Calls of hooks that wait. */
  readonly calls: HookRequest[];
  /** More came while the last ones were carried out. */
  crowded: boolean;
  /** When we have changed anything. */
  lastOwn: number;
  /** When to look whether networks have got other addresses (watchLeases.ts). */
  leasesAt: number;
}

export function createWatch(context: CommandContext, watching: Watching, say: (message: Message) => void): Watch {
  const suspects = createSuspects(() => watch.context.settings.routeProtocol);
  const strikes = createStrikes();
  const every = () => watch.context.settings.watchSeconds * 1000;
  const schedule = createSchedule(suspects, strikes, every, context.system.now());
  const fresh = {
    findings: null,
    documents: "",
    postponed: false,
    busy: null,
    deafen: null,
    calls: [],
    crowded: false,
    lastOwn: 0,
    leasesAt: 0,
  };
  const watch: Watch = { watching, say, suspects, strikes, schedule, context, ...fresh };
  return watch;
}

/** Names and times of the files in a directory: what changes with any of them. One that is missing is not one that is empty. */
export async function signatureOf({ system }: CommandContext, directory: string): Promise<string> {
  const names = await system.list(directory);
  if (names.length === 0 && (await system.modified(directory)) === null) return "missing";
  const times = await Promise.all(names.map((name) => system.modified(`${directory}/${name}`)));
  return JSON.stringify([names, times]);
}
