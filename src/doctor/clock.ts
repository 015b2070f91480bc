import { type Check, fail, type Outcome, ok, skip, warn } from "./check.ts";
import type { ClockFacts, Facts } from "./facts.ts";
import { someOf } from "./shell.ts";

/** Milliseconds; a step of less than that is what time synchronisation does every day. */
const tolerance = 120_000;

export const clock: Check = {
  code: "clock",
  about: "the clock is right, also while units of the boot run",
  why:
    "Units of the boot run before time synchronisation, with the time of the hardware clock. Settings in networkd.conf " +
    "count for netkeep if they are older than the start of networkd, and of two documents of the administrator that " +
    "contradict each other the newer one counts: a file from the future misleads both.",
  examine: (facts) => [examineFiles(facts), examineBoot(facts)],
};

function examineFiles({ clock: { now, files } }: Facts): Outcome {
  const future = files.filter((file) => file.modified > now + tolerance).map((file) => file.path);
  if (future.length === 0) return ok(null, "no file is from the future");
  const settings = future.some((path) => path.includes("networkd.conf"));
  const restart = "# networkd reads networkd.conf when it starts, see foreign-entries";
  const fix = [...future.map((path) => `touch ${path}`), ...(settings ? [restart] : [])];
  return (settings ? fail : warn)(null, [`modified in the future: ${someOf(future)}`], fix);
}

function examineBoot({ offline, clock: facts }: Facts): Outcome {
  if (offline) return skip(null, "with --root there is no clock to look at");
  const jump = jumpAtBoot(facts);
  if (jump !== null && Math.abs(jump) > tolerance) {
    const evidence = `the clock was ${span(jump)} when systemd started, and was set later`;
    return warn(null, [evidence], setHardwareClock);
  }
  if (facts.hardware === null)
    return ok(null, "the clock was right at boot; there is no hardware clock in UTC to compare");
  const off = facts.hardware - facts.now;
  if (Math.abs(off) <= tolerance) return ok(null, "the hardware clock is right");
  return warn(null, [`the hardware clock is ${span(off)}, and the next boot begins with it`], setHardwareClock);
}

/** How far the clock was off when systemd started, as far as it is known: negative is behind. */
function jumpAtBoot({ booted, bootedByClockThen }: ClockFacts): number | null {
  return booted === null || bootedByClockThen === null ? null : Math.min(bootedByClockThen - booted, 0);
}

const setHardwareClock = [
  "# have the time synchronised (systemd-timesyncd, chrony), and see that it is right now: timedatectl",
  "hwclock --systohc --utc",
];

function span(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  const text =
    seconds < 7200
      ? `${Math.round(seconds / 60)} min`
      : seconds < 172_800
        ? `${Math.round(seconds / 3600)} h`
        : `${Math.round(seconds / 86_400)} days`;
  return `${text} ${milliseconds < 0 ? "behind" : "ahead"}`;
}
