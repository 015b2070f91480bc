import { empty, guestCall, netkeep, writeAgentScript, writeOwners } from "../host.mjs";
import { row, timed, timedAtOnce } from "../measure.mjs";

/** Many guests at once, as after a power failure: each of them a process of its own. */
export function crowd({ runs, guests = 200 }) {
  writeAgentScript();
  empty();
  writeOwners(40);
  timed([netkeep, "apply"]);
  return [row(`${guests} guests at once`, "scripts, an ip for each entry", crowdRounds(runs, guests))];
}

export function crowdRounds(runs, guests) {
  const calls = (operation, kind, first) =>
    Array.from({ length: guests }, (_, n) => withoutStrict(guestCall(operation, first + n)[kind]));
  const rounds = [];
  for (let n = 0; n < runs; n++) {
    const ours = timedAtOnce(calls("add", "netkeep", 0));
    const theirs = timedAtOnce(calls("add", "script", 1000));
    rounds.push([ours, theirs]);
    timedAtOnce(calls("delete", "netkeep", 0));
    timedAtOnce(calls("delete", "script", 1000));
  }
  return rounds;
}

/** Exit 0 although there is no networkd, as agents call it. */
function withoutStrict(words) {
  return words.filter((word) => word !== "--strict");
}
