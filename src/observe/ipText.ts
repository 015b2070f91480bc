// What `ip` says, as text. By itself, so that a run about few owners can ask before it has loaded all that reads the answers.
import { CommandError } from "../errors.ts";
import type { System } from "../system/system.ts";

/** Questions to `ip`, a line each, and for each a line of JSON; it is one `ip` that answers all of a run. */
export const batchArguments: readonly string[] = ["-j", "-N", "-force", "-batch", "-"];

/**
 * The links for a run about few owners as `ip` prints them, by the one that answers what comes after.
 *
 * @throws CommandError when `ip` fails
 */
export function observeLinkText(system: System): Promise<string> {
  return ip(system, batchArguments, "address show\n");
}

/** All neighbors, in the same way: for who looks for few. */
export function observeNeighborText(system: System): Promise<string> {
  return ip(system, batchArguments, "neigh show\n");
}

/** Retries a dump that the kernel interrupted because the table changed meanwhile. */
export async function ip(system: System, args: readonly string[], input?: string): Promise<string> {
  for (let pause = 20; ; pause *= 2) {
    const result = await system.run("ip", args, input);
    if (result.exitCode === 0 && !/Dump was interrupted/.test(result.stderr)) return result.stdout;
    // With ipv6.disable=1 the kernel says so of rules, and of routes that there are none.
    if (/Address family not supported by protocol/.test(result.stderr)) return "";
    if (pause > 640) throw new CommandError(`ip ${args.join(" ")}`, `exit status ${result.exitCode}`, result.stderr);
    if (result.exitCode !== 0 && !/Dump was interrupted|Interrupted|Resource/.test(result.stderr)) {
      throw new CommandError(`ip ${args.join(" ")}`, `exit status ${result.exitCode}`, result.stderr);
    }
    await system.sleep(pause);
  }
}
