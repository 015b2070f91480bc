/**
 * Who is fought over: entries that somebody takes away as often as they are set. What makes this hard: an agent that sets a
 * bridge's MAC at each start of a guest flushes all its neighbors once a second when many start, and that is no fight.
 * So losses that come in short order are healed at once up to a number, and so are more of them over a longer time; what
 * goes beyond that waits twice as long each time, until it has stayed.
 */
export interface Strikes {
  /** These were lost and are set again. @returns those that are fought over from now on */
  healed(keys: Iterable<string>, now: number): string[];
  /** Until when the key is left alone; 0 if it is not. */
  heldUntil(key: string): number;
  /** Forgets what has stayed. @returns those that were fought over and are no longer */
  settle(now: number): string[];
  /** How many are fought over. */
  readonly contested: number;
}

interface Record {
  /** Losses, each forgotten after a second. */
  quick: number;
  /** Losses, each forgotten after ten seconds. */
  slow: number;
  /** Losses since it is fought over; 0 if it is not. */
  fought: number;
  /** Of the last loss. */
  at: number;
}

/** How many losses of either kind are healed at once. */
const mostQuick = 8;
const mostSlow = 30;
/** In milliseconds: the steps of the waiting, and what an entry has to stay beyond it. */
const firstPause = 1000;
const longestPause = 60_000;
const stays = 10_000;

export function createStrikes(): Strikes {
  const records = new Map<string, Record>();
  let contested = 0;
  const lose = (key: string, now: number): boolean => {
    const record = records.get(key) ?? { quick: 0, slow: 0, fought: 0, at: now };
    records.set(key, record);
    const passed = now - record.at;
    record.quick = Math.max(0, record.quick - passed / 1000) + 1;
    record.slow = Math.max(0, record.slow - passed / 10_000) + 1;
    record.at = now;
    const wasFought = record.fought > 0;
    if (wasFought || record.quick > mostQuick || record.slow > mostSlow) record.fought += 1;
    return !wasFought && record.fought > 0;
  };
  return {
    get contested() {
      return contested;
    },
    healed(keys, now) {
      const begun = [...keys].filter((key) => lose(key, now));
      contested += begun.length;
      return begun;
    },
    heldUntil(key) {
      const record = records.get(key);
      return record === undefined || record.fought === 0 ? 0 : record.at + pauseOf(record);
    },
    settle(now) {
      const ended: string[] = [];
      for (const [key, record] of records) {
        const passed = now - record.at;
        if (record.fought > 0 && passed > stays + 2 * pauseOf(record)) ended.push(key);
        else if (record.fought > 0 || passed < record.slow * 10_000) continue;
        records.delete(key);
      }
      contested -= ended.length;
      return ended;
    },
  };
}

function pauseOf({ fought }: Record): number {
  return fought === 0 ? 0 : Math.min(longestPause, firstPause * 2 ** (fought - 1));
}
