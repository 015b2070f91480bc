import type { System } from "./system.ts";

/** The same system; `begun` hears of each program that is started and of what is waited for, for a line of progress. */
export function withProgress(system: System, begun: (activity: string) => void): System {
  return {
    ...system,
    run(program, args, input) {
      begun([program, ...args.slice(0, 3)].join(" "));
      return system.run(program, args, input);
    },
    ask(question, milliseconds) {
      begun(question);
      return system.ask(question, milliseconds);
    },
    withLock(path, seconds, work, few) {
      begun(`waiting for another netkeep, which holds ${path}`);
      const working = () => {
        begun("reading");
        return work();
      };
      return system.withLock(path, seconds, working, few);
    },
  };
}
