/** What an event of a guest means for its entries. */
export type Decision = "assert" | "remove" | "nothing";

/** Whose entries a guest's are. libvirt allows any text as a name; as a file name it is escaped. */
export function libvirtOwner(guest: string): string {
  return `libvirt:${guest}`;
}

/**
 * The operations of libvirt's qemu hook (hooks(5), https://libvirt.org/hooks.html). Every row is idempotent, so that
 * `started` after `start` and `release` after `stopped` change nothing. What is not in the table is not ours to judge.
 *
 * @param extra the fourth argument: since libvirt 10.5.0 the reason of `release`. All reasons mean the same here: on the
 *   source of a migration (`migrated`) and on the destination of one that failed (`failed`) the guest is gone
 */
export function decideOperation(operation: string, subOperation: string, _extra: string): Decision {
  const row = rows.find((candidate) => candidate.operation === operation && candidate.subOperation === subOperation);
  return row?.decision ?? "nothing";
}

interface Row {
  readonly operation: string;
  readonly subOperation: "begin" | "end";
  readonly decision: Decision;
  readonly why: string;
}

const rows: readonly Row[] = [
  {
    operation: "prepare",
    subOperation: "begin",
    decision: "nothing",
    why: "bridges may still be made after it, and `start` follows before the guest can send",
  },
  {
    operation: "start",
    subOperation: "begin",
    decision: "assert",
    why: "QEMU does not run yet: no first packet is lost. A start that is aborted runs `stopped` and `release`",
  },
  {
    operation: "started",
    subOperation: "begin",
    decision: "assert",
    why: "also on the destination of a migration, with the guest still paused: install there before remove here",
  },
  {
    operation: "stopped",
    subOperation: "end",
    decision: "remove",
    why: "the guest does not run here any more, whatever runs elsewhere",
  },
  {
    operation: "release",
    subOperation: "end",
    decision: "remove",
    why: "the last event of every guest, and the only one if `stopped` was lost",
  },
  {
    operation: "migrate",
    subOperation: "begin",
    decision: "nothing",
    why: "a filter of the XML before anything runs on the destination; the migration can still be refused",
  },
  {
    operation: "restore",
    subOperation: "begin",
    decision: "nothing",
    why: "a filter of the XML; `start` follows",
  },
  {
    operation: "reconnect",
    subOperation: "begin",
    decision: "assert",
    why: "the daemon restarted and names each running guest once: the moment to set again what got lost",
  },
  {
    operation: "attach",
    subOperation: "begin",
    decision: "assert",
    why: "libvirt takes over a QEMU that runs already",
  },
];
