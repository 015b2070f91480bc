import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { exitCodes, UserError } from "../errors.ts";

/** The writers' lock for a process that takes it often. */
export interface LockKeeper {
  /** The lock's open file; a child that inherits it holds the lock with us. */
  readonly descriptor: number;
  /** @throws UserError 75 after so many seconds */
  lock(seconds: number): Promise<void>;
  unlock(): void;
  end(): void;
}

/**
 * flock(2) by a child, because Node cannot: perl where it is, for it starts no program each time, else flock(1). The lock
 * belongs to the open file that we, the child and every `ip` share, so it outlives us just as long as an `ip` is at work.
 */
const script = `
command -v perl >/dev/null && exec perl -e '
  open(my $lock, "+<&=", 3) or exit 1;
  $| = 1;
  while (defined(my $line = <STDIN>)) {
    if ($line =~ /^-/) { flock($lock, 8); next }
    my ($held, $left) = (0, 200 * $line);
    select(undef, undef, undef, 0.005) until ($held = flock($lock, 2 | 4)) || $left-- <= 0;
    print $held ? "0\\n" : "75\\n";
  }'
while read -r seconds; do
  if [ "$seconds" = - ]; then flock -u 3; else flock -x -w "$seconds" -E 75 3; echo $?; fi
done`;

type Keeper = ChildProcessByStdio<Writable, Readable, null>;

export function keepLock(path: string): LockKeeper {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const descriptor = openSync(path, "a+", 0o644);
  let keeper: Keeper | null = null;
  let held = false;
  let answer: (line: string) => void = () => undefined;
  const start = (): Keeper => {
    const child = startKeeper(
      descriptor,
      (line) => answer(line),
      (worked) => {
        const isOurs = keeper === child;
        if (isOurs) keeper = null;
        answer("");
        // Killed, and maybe before it has given back the lock: the open file has it until somebody does.
        if (isOurs && worked && !held) tell("-");
      },
    );
    return child;
  };
  const tell = (line: string) => {
    keeper ??= start();
    keeper.stdin.write(`${line}\n`);
  };
  const ask = (seconds: number) =>
    new Promise<string>((resolve) => {
      answer = resolve;
      tell(String(seconds));
    });
  return {
    descriptor,
    async lock(seconds) {
      // One that was killed answers nothing, and another one is as good.
      const status = (await ask(seconds)) || (await ask(seconds));
      held = status === "0";
      if (held) return;
      const why = status === "75" ? `another netkeep has held ${path} for ${seconds} s` : `cannot lock ${path}`;
      throw new UserError(status === "75" ? exitCodes.busy : exitCodes.failed, `${why}; try again later`);
    },
    unlock() {
      held = false;
      tell("-");
    },
    end() {
      keeper?.stdin.end();
      keeper = null;
      closeSync(descriptor);
    },
  };
}

/** @param ended it has answered before, or has not */
function startKeeper(lock: number, answered: (line: string) => void, ended: (worked: boolean) => void): Keeper {
  const child = spawn("sh", ["-c", script], { stdio: ["pipe", "pipe", "ignore", lock] }) as Keeper;
  let worked = false;
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  const answers = createInterface({ input: child.stdout });
  answers.on("line", (line) => {
    worked = true;
    answered(line);
  });
  answers.on("close", () => ended(worked));
  return child;
}
