import type { Strikes } from "./strikes.ts";
import type { Suspects } from "./suspects.ts";

/** `heal`: read the host, set right what is not. `resync`: an audit with repair. `documents`: an apply. */
export type Task = "documents" | "heal" | "resync";

/** What to do now, or until when there is nothing to do. */
export type Next = { readonly task: Task } | { readonly task: null; readonly until: number };

export interface Schedule {
  next(now: number): Next;
  /** A document of the administrator has changed. */
  documentsChanged(now: number): void;
  /** The apply of the documents has to be tried again. */
  retryDocuments(now: number): void;
  /** networkd is still to be told of something. */
  owe(now: number): void;
  /** Events were lost, or networkd has done something by itself. */
  distrust(now: number): void;
  /** The task could not be carried out: a heal that fails at once would else be tried again without a pause. */
  failed(task: Task, now: number): void;
  /** What comes from now on is not covered by the task any more. */
  began(task: Task): void;
  /** @param idle there was nothing to do */
  ended(task: Task, begun: number, now: number, idle: boolean): void;
}

/** In milliseconds. An event waits for the burst that it is part of to end, but not for ever. */
const quiet = 20;
const longestBurst = 150;
/** An editor writes more than once. */
const documentsQuiet = 1000;
const documentsRetry = 5000;
const distrustQuiet = 300;
/** Calls that follow each other share a reload. */
const owedQuiet = 50;
const longestOwed = 500;
/**
 * A task that found nothing to do rests for four times as long as it took, so that no stream of events takes more than a
 * fifth of a core. What had something to do is held back by its strikes alone.
 */
const rest = 4;
const longestRest = 10_000;
const restAfterFailure = 5000;

/** @param resyncEvery in milliseconds */
export function createSchedule(suspects: Suspects, strikes: Strikes, resyncEvery: () => number, now: number): Schedule {
  let documentsAt = Number.POSITIVE_INFINITY;
  let distrustedAt = Number.POSITIVE_INFINITY;
  let resyncAt = now;
  let owed = { since: Number.POSITIVE_INFINITY, last: 0 };
  const restsUntil = { heal: 0, resync: 0 };
  const healAt = () => {
    const suspected = Math.max(suspectedAt(suspects, strikes), restsUntil.heal);
    return Math.min(suspected, Math.max(owed.since, Math.min(owed.last + owedQuiet, owed.since + longestOwed)));
  };
  return {
    next(at) {
      const due: readonly [Task, number][] = [
        ["documents", documentsAt],
        ["heal", healAt()],
        ["resync", Math.max(Math.min(resyncAt, distrustedAt), restsUntil.resync)],
      ];
      const found = due.find(([, time]) => time <= at);
      if (found !== undefined) return { task: found[0] };
      return { task: null, until: Math.min(...due.map(([, time]) => time)) };
    },
    documentsChanged(at) {
      documentsAt = at + documentsQuiet;
    },
    retryDocuments(at) {
      documentsAt = Math.min(documentsAt, at + documentsRetry);
    },
    owe(at) {
      owed = { since: Math.min(owed.since, at), last: at };
    },
    distrust(at) {
      distrustedAt = Math.min(distrustedAt, at + distrustQuiet);
    },
    failed(task, at) {
      if (task !== "documents") restsUntil[task] = at + restAfterFailure;
      // An audit with repair finds whatever the heal was for; it comes again by itself.
      if (task === "heal") distrustedAt = Math.min(distrustedAt, at + restAfterFailure);
    },
    began(task) {
      if (task === "documents") documentsAt = Number.POSITIVE_INFINITY;
      if (task === "heal") owed = { since: Number.POSITIVE_INFINITY, last: 0 };
      if (task === "resync") distrustedAt = Number.POSITIVE_INFINITY;
    },
    ended(task, begun, at, idle) {
      if (task === "documents") return;
      if (task === "resync") resyncAt = at + resyncEvery();
      restsUntil[task] = Math.max(restsUntil[task], idle ? at + Math.min(longestRest, rest * (at - begun)) : at);
    },
  };
}

/** When suspicion is to be looked into; those that are fought over are left alone for their time. */
function suspectedAt(suspects: Suspects, strikes: Strikes): number {
  let first = Number.POSITIVE_INFINITY;
  let held = Number.POSITIVE_INFINITY;
  // Most often nobody fights. A burst has tens of thousands, and is looked at again with each piece that is read of it.
  const [earliest] = strikes.contested === 0 ? suspects.since.values() : [];
  if (earliest !== undefined) return Math.min(suspects.lastAt + quiet, earliest + longestBurst);
  for (const [key, since] of suspects.since) {
    const until = strikes.heldUntil(key);
    if (until > since) held = Math.min(held, until);
    else first = Math.min(first, since);
  }
  const burst = Math.min(suspects.lastAt + quiet, first + longestBurst);
  return Math.min(first === Number.POSITIVE_INFINITY ? first : burst, held);
}
