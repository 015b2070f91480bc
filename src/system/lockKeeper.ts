import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
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

export function keepLock(path: string): LockKeeper {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const descriptor = openSync(path, "a+", 0o644);
  const start = () => {
    const child = spawn("sh", ["-c", script], {
      stdio: ["pipe", "pipe", "ignore", descriptor],
    }) as ChildProcessByStdio<Writable, Readable, null>;
    child.on("error", () => undefined);
    child.stdin.on("error", () => undefined);
    const answers = createInterface({ input: child.stdout });
    answers.on("line", (line) => answer(line));
    answers.on("close", () => answer(""));
    return child;
  };
  let keeper: ReturnType<typeof start> | null = null;
  let answer: (line: string) => void = () => undefined;
  return {
    descriptor,
    async lock(seconds) {
      keeper ??= start();
      const answered = new Promise<string>((resolve) => {
        answer = resolve;
      });
      keeper.stdin.write(`${seconds}\n`);
      const status = await answered;
      if (status === "0") return;
      if (status !== "75") keeper = null;
      const why = status === "75" ? `another netkeep has held ${path} for ${seconds} s` : `cannot lock ${path}`;
      throw new UserError(status === "75" ? exitCodes.busy : exitCodes.failed, `${why}; try again later`);
    },
    unlock: () => void keeper?.stdin.write("-\n"),
    end() {
      keeper?.stdin.end();
      keeper = null;
    },
  };
}
