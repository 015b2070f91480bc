import { empty, guestCall, netkeep, writeAgentScript, writeOwners } from "../host.mjs";
import { row, timed } from "../measure.mjs";

/** One guest with two addresses added and removed, through the shim that agents call, on hosts with more and more entries. */
export function guest({ runs, sizes = [10, 1000, 10_000] }) {
  writeAgentScript();
  return sizes.flatMap((entries) => rowsOf(entries, runs));
}

function rowsOf(entries, runs) {
  empty();
  writeOwners(entries);
  timed([netkeep, "apply"]);
  const calls = { add: guestCall("add", 1), delete: guestCall("delete", 1) };
  const other = { add: guestCall("add", 2), delete: guestCall("delete", 2) };
  // The first call reads everything, and the first of each kind leave compiled code.
  for (let n = 0; n < 3; n++) for (const operation of ["add", "delete"]) timed(calls[operation].netkeep);
  const rounds = { add: [], delete: [] };
  for (let n = 0; n < runs * 2; n++) {
    for (const operation of ["add", "delete"]) {
      const floor = timed([process.execPath, "-e", "0"]);
      rounds[operation].push([timed(calls[operation].netkeep), timed(other[operation].script), floor]);
    }
  }
  return ["add", "delete"].flatMap((operation) => {
    const name = `one guest, ${operation}, ${entries} entries`;
    const overNode = rounds[operation].map(([ours, , floor]) => [ours, floor]);
    const wanted = operation === "add" ? { wanted: 2 } : {};
    return [row(name, "node -e 0", overNode, wanted), row(name, "script, an ip for each entry", rounds[operation])];
  });
}
