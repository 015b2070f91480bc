import { monitorArguments, parseMonitorLine, tellsOverrun } from "../../kernel/parseMonitor.ts";
import type { KernelEvent } from "../../model/event.ts";
import { places } from "../../model/places.ts";
import type { Watch } from "./watchState.ts";

/** In milliseconds: before `ip monitor` is started again after it has ended. */
const restartPause = 1000;
/** So many events are kept while a task is at work; with more a look at everything costs less. */
const mostHeld = 50_000;
/** In milliseconds: a long answer is read in less. */
const answerTime = 10;
/** In milliseconds: an address comes together with others, and with its routes. */
const leaseQuiet = 300;
/** After a change of our own networkd writes its state too. */
const ownEcho = 2000;

const [configuration = "", documentsName] = places.documents.split(/\/(?=[^/]*$)/);
/** networkd writes a file there whenever it has set up a link. */
const stateDirectory = "/run/systemd/netif/links";

/** Listens to the kernel; whatever is lost on the way leads to a look at everything. */
export function followKernel(watch: Watch): void {
  const { watching, say, context } = watch;
  watch.deafen = watching.follow("ip", monitorArguments, {
    line(text) {
      const event = parseMonitorLine(text);
      if (event !== null) hear(watch, event);
    },
    complaint(text) {
      if (!tellsOverrun(text)) return say({ level: "warning", text: `ip monitor: ${text}` });
      say({ level: "notice", text: "the kernel had more events than could be read: everything is looked at" });
      distrust(watch, 0);
    },
    ended(reason) {
      watch.deafen = null;
      if (watching.ending) return;
      say({ level: "warning", text: `ip monitor has ended (${reason}); it is started again` });
      void context.system.sleep(restartPause).then(() => {
        if (watching.ending || watch.deafen !== null) return;
        followKernel(watch);
        distrust(watch, 0);
      });
    },
  });
}

/**
 * Does what sets a whole host while nobody listens to the kernel: our own events would cost as much as the work. What else
 * happens meanwhile is found by the look at everything that follows.
 */
export async function unheard(watch: Watch, work: () => Promise<void>): Promise<void> {
  watch.deafen?.();
  try {
    await work();
  } finally {
    // While a program is started nobody gets the rest of an answer.
    await watch.context.system.sleep(answerTime);
    if (!watch.watching.ending) followKernel(watch);
    distrust(watch, 0);
  }
}

/** Listens to who writes documents, and to networkd; directories that come into being later are found by the next look. */
export function watchFiles(watch: Watch): void {
  const { watching, schedule, context } = watch;
  watching.watchDirectories([configuration, places.documents, stateDirectory], (directory, name) => {
    const now = context.system.now();
    if (directory === stateDirectory) {
      if (watch.busy === null && now - watch.lastOwn > ownEcho) distrust(watch, ownEcho);
      return;
    }
    if (directory === configuration && name !== documentsName) return;
    if (directory === configuration) watchFiles(watch);
    schedule.documentsChanged(now);
    watching.ring();
  });
}

function hear(watch: Watch, event: KernelEvent): void {
  const { busy, suspects, context, watching } = watch;
  if (event.kind === "address") {
    // It may be that of a lease; and be renewed only, which costs no more than a look.
    watch.leasesAt = Math.min(watch.leasesAt, context.system.now() + leaseQuiet);
    watching.ring();
  }
  if (busy !== null) {
    if (busy.events.length < mostHeld) busy.events.push(event);
    else distrust(watch, 0);
    return;
  }
  const before = suspects.since.size;
  suspects.see(event, context.system.now());
  if (suspects.since.size > before) watching.ring();
}

function distrust({ schedule, context, watching }: Watch, later: number): void {
  schedule.distrust(context.system.now() + later);
  watching.ring();
}
