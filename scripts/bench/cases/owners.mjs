import { empty, guestCall, netkeep, writeOwners } from "../host.mjs";
import { row, timed } from "../measure.mjs";

const entriesOfOwner = 4;

/** A call of the hook on a host with many owners, over the same on a host with few. */
export function owners({ runs, few = 10, many = 5000 }) {
  const [small, large] = [few, many].map((count) => callsOn(count, runs * 3));
  return ["add", "delete"].map((operation) => {
    const rounds = large[operation].map((seconds, index) => [seconds, small[operation][index]]);
    return row(`one guest, ${operation}, ${many} owners`, `${few} owners`, rounds, { wanted: 1.2 });
  });
}

/** Seconds of each call; the first ones read everything and leave compiled code. */
function callsOn(count, runs) {
  empty();
  writeOwners(count * entriesOfOwner);
  timed([netkeep, "apply"]);
  const seconds = { add: [], delete: [] };
  for (let n = -3; n < runs; n++) {
    for (const operation of ["add", "delete"]) {
      const took = timed(guestCall(operation, 1).netkeep);
      if (n >= 0) seconds[operation].push(took);
    }
  }
  return seconds;
}
