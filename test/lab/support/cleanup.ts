/**
 * What must still be undone if the test process ends before its tests have done it themselves. Synchronous, because
 * nothing else runs in an exit hook.
 */
type Cleanup = () => void;

const pending = new Set<Cleanup>();
let hooked = false;

/** Returns a function that takes the cleanup back, once it has been done in the normal way. */
export function cleanUpAtExit(cleanup: Cleanup): () => void {
  pending.add(cleanup);
  if (!hooked) {
    hooked = true;
    process.once("exit", runAll);
    // vitest ends its workers by a signal or by closing their channel; both would skip the exit hook.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"] as const) {
      process.once(signal, () => {
        // An idle worker that is let go by vitest ends by itself, and well.
        if (signal === "disconnect" && pending.size === 0) return;
        runAll();
        process.exit(1);
      });
    }
  }
  return () => pending.delete(cleanup);
}

function runAll(): void {
  for (const cleanup of pending) {
    pending.delete(cleanup);
    try {
      cleanup();
    } catch (error) {
      console.error("lab: cleanup failed:", error);
    }
  }
}
