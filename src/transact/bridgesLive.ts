import { parseBatchErrors } from "../kernel/batch.ts";
import { bridgeSteps } from "../kernel/bridgeBatch.ts";
import { type BridgeChange, differenceText, type FileChange } from "../model/change.ts";
import { sysctlLink } from "../networkd/paths.ts";
import { linkOfFile } from "../networkd/render.ts";
import { observeKernel, observeKernelLinks } from "../observe/observeKernel.ts";
import { portsOf } from "../plan/bridges.ts";
import { planHostBridges } from "../prepare/bridges.ts";
import type { Prepared } from "../prepare/prepare.ts";
import type { System } from "../system/system.ts";

/** A bridge that could not be made or changed, and why. */
export interface BridgeFailure {
  readonly link: string;
  readonly reason: string;
}

/** In milliseconds: for networkd to make a bridge after a reload that was all it was told. */
const patience = 3000;
const pause = 50;

/**
 * The files for sysctls of bridges that are made now. They have to be there first: udev applies them when it sees the new
 * link, and would else apply what the distribution says for all links, after we have set ours.
 */
function earlyFiles({ plan }: Prepared) {
  const added = new Set(plan.bridges.filter(({ action }) => action === "add").map(({ link }) => link));
  // Without a new bridge the files are rendered later, while the kernel is at work.
  if (added.size === 0) return [];
  return plan.files.flatMap((file) =>
    file.action === "write" && added.has(sysctlLink(file.path) ?? "") ? [{ path: file.path, text: file.text }] : [],
  );
}

/** Before entries go live: makes what is missing, and sets right what differs. `unmade` is what could not be done. */
export async function beginBridges(system: System, prepared: Prepared) {
  const early = earlyFiles(prepared);
  for (const file of early) await system.writeFile(file.path, file.text);
  const unmade = await changeBridges(system, prepared.plan.bridges, prepared.settings.routeProtocol);
  return { early, unmade };
}

/** What was planned and has not failed. */
export function bridgesDone({ plan }: Prepared, unmade: readonly BridgeFailure[]): BridgeChange[] {
  return plan.bridges.filter(({ link }) => !unmade.some((failure) => failure.link === link));
}

/** Without those that are written already. */
export function withoutEarly(files: readonly FileChange[], early: readonly { readonly path: string }[]): FileChange[] {
  return files.filter(({ path }) => !early.some((file) => file.path === path));
}

/** A bridge that could not be taken away keeps its files. */
export function filesToWrite(files: readonly FileChange[], busy: readonly BridgeFailure[]): FileChange[] {
  const stays = (text: string) => busy.some(({ link }) => linkOfFile(text) === link);
  return files.filter((file) => file.action === "write" || !stays(file.before));
}

/** @returns what could not be done */
async function changeBridges(
  system: System,
  changes: readonly BridgeChange[],
  group: number,
): Promise<BridgeFailure[]> {
  const steps = changes
    .filter(({ action }) => action !== "remove")
    .map((change) => ({ link: change.link, ...bridgeSteps(change, group) }));
  const failures: BridgeFailure[] = [];
  failures.push(
    ...(await runLines(
      system,
      steps.map(({ link, first }) => ({ link, lines: first })),
    )),
  );
  const failed = new Set(failures.map(({ link }) => link));
  const left = steps.filter(({ link }) => !failed.has(link));
  for (const { link, sysctls } of left) {
    for (const { key, value } of sysctls) {
      try {
        await system.writeSysctl(`/proc/sys/${key}`, value);
      } catch (error) {
        failures.push({ link, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  }
  failures.push(
    ...(await runLines(
      system,
      left.map(({ link, last }) => ({ link, lines: last })),
    )),
  );
  return failures;
}

/** Takes bridges away that have no port at this moment: one may have come since the plan was made. */
export async function removeBridges(system: System, { plan, settings }: Prepared): Promise<BridgeFailure[]> {
  const removals = plan.bridges.filter(({ action }) => action === "remove");
  if (removals.length === 0) return [];
  const links = await observeKernelLinks(system);
  const kernel = { links };
  const busy = removals.filter(({ link }) => portsOf(link, { kernel }).length > 0);
  const gone = removals.filter((change) => !busy.includes(change) && links.has(change.link));
  const lines = gone.map((change) => ({ link: change.link, lines: bridgeSteps(change, settings.routeProtocol).last }));
  return [
    ...busy.map(({ link }) => ({ link, reason: "it has got a port meanwhile" })),
    ...(await runLines(system, lines)),
  ];
}

/** One batch of `ip`; its errors name a line, and so a bridge. */
async function runLines(
  system: System,
  parts: readonly { readonly link: string; readonly lines: readonly string[] }[],
): Promise<BridgeFailure[]> {
  const lines = parts.flatMap(({ link, lines: own }) => own.map((line) => ({ link, line })));
  if (lines.length === 0) return [];
  const input = lines.map(({ line }) => `${line}\n`).join("");
  const result = await system.run("ip", ["-force", "-batch", "-"], input);
  const { refused, stopped } = parseBatchErrors(result.stderr, result.exitCode);
  const failures = [...refused].map(([index, reason]) => {
    const { link = "", line = "" } = lines[index] ?? {};
    return { link, reason: `ip ${line}: ${reason}` };
  });
  if (stopped !== null) failures.push({ link: lines.at(-1)?.link ?? "", reason: stopped });
  return failures;
}

/** Sets again what networkd has taken from bridges while it let go of them. @returns whether there was nothing */
export async function holdBridges(system: System, prepared: Prepared, links: ReadonlySet<string>): Promise<boolean> {
  const changes = (await leftToDo(system, prepared)).filter(({ link }) => links.has(link));
  await changeBridges(system, changes, prepared.settings.routeProtocol);
  return changes.length === 0;
}

/**
 * What is still not as documents say, once all is done; not again what has failed before.
 *
 * @param goesLive whether netkeep was to make them
 * @param reloaded whether networkd has had its turn
 */
export async function unfinishedBridges(
  system: System,
  prepared: Prepared,
  failed: readonly BridgeFailure[],
  goesLive: boolean,
  reloaded: boolean,
): Promise<BridgeFailure[]> {
  const end = system.now() + patience;
  while (reloaded || (goesLive && prepared.plan.bridges.length > 0)) {
    const changes = await leftToDo(system, prepared);
    const left = changes.filter(({ link }) => !failed.some((failure) => failure.link === link));
    if (left.length === 0 || system.now() > end) return left.map(unfinished);
    await system.sleep(pause);
  }
  return [];
}

/** The differences now, of bridges that were to be made or kept as documents say. */
async function leftToDo(system: System, { desired, observed, settings, bridges }: Prepared): Promise<BridgeChange[]> {
  if (system.offline || bridges.made.size === 0) return [];
  const options = { group: settings.routeProtocol, adopt: true, doubt: true };
  const { changes } = await planHostBridges(system, desired, observed, options, await observeKernel(system));
  return changes.filter(({ link }) => bridges.made.has(link));
}

function unfinished(change: BridgeChange): BridgeFailure {
  const { link } = change;
  if (change.action !== "replace") return { link, reason: "it is not there" };
  return { link, reason: `it is not as the document says: ${change.differences.map(differenceText).join(", ")}` };
}
