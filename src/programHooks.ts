import type { Command } from "commander";
import { command, ownerOptions, type Run } from "./programOptions.ts";
import { readStandardInput } from "./system/documents.ts";

/** The options of `hook` stand before the kind of hook: what comes after it is the agent's own. */
export function addHookCommands(netkeep: Command, run: Run): void {
  const hook = command(
    netkeep,
    "hook",
    "what agents call at the events of guests, routers and networks; exit 0 unless --strict",
  )
    .option("--strict", "exit with the status of apply")
    .option("--no-live", "as for apply")
    .option("--no-reload", "as for apply")
    .option("--no-wait", "answer before networkd is told, which follows at once")
    .enablePositionalOptions();
  const strict = () => hook.opts()["strict"] === true;
  const options = () => ({ ...ownerOptions(hook.opts()), strict: strict(), wait: hook.opts()["wait"] !== false });
  const common = () => ({ ...hook.opts(), harmless: !strict() });
  const kinds = {
    cloudstack: "the arguments of CloudStack's modifymacip.sh: -o add|delete -b BRIDGE -m MAC [-4 IP]... [-6 IP]...",
    libvirt: "the arguments of libvirt's qemu hook: GUEST OPERATION SUB-OPERATION EXTRA; domain XML on standard input",
    routes: "a router's prefixes as JSON on standard input, see netkeep-hooks(7); or --sync ROUTER",
    vdsm: "a call of VDSM's setupNetworks as JSON on standard input, see netkeep-hooks(7); or --sync",
  };
  for (const [kind, description] of Object.entries(kinds)) {
    hook
      .command(`${kind} [ARGUMENTS...]`)
      .description(description)
      .helpOption(false)
      .allowUnknownOption()
      .passThroughOptions()
      .action((words) =>
        run(common(), async (context) => {
          const input = inputs[kind] ?? readStandardInput;
          // It may wait, so it is no call that shares a run with others.
          if (kind === "vdsm") {
            return (await import("./commands/hook/hookVdsm.ts")).vdsmCommand(context, words, input, options());
          }
          const { hookOfKind } = await import("./commands/hook/hookKinds.ts");
          const call = await hookOfKind(context, kind, words, input, options());
          return (await import("./commands/hook/hookRun.ts")).runHook(context, call);
        }),
      );
  }
  addQueueCommands(hook, (work) => run({ ...common(), harmless: true }, work));
}

/** What netkeep-hook, and calls with --no-wait, run. */
function addQueueCommands(hook: Command, run: (work: Parameters<Run>[1]) => Promise<void>): void {
  hook
    .command("queue")
    .description("carry out the calls that wait in /run/netkeep/queue; what netkeep-hook runs")
    .action(() => run(async (context) => (await import("./commands/hook/hookQueue.ts")).hookQueueCommand(context)));
  hook
    .command("reload")
    .description("tell networkd what calls with --no-wait have left to tell; what they run")
    .action(() => run(async (context) => (await import("./commands/hook/hookReload.ts")).hookReloadCommand(context)));
}

/** libvirt closes the hook's standard input after the XML; what does not end within some seconds is not waited for. */
const inputs: Record<string, () => Promise<string>> = { libvirt: () => readStandardInput(5000) };
