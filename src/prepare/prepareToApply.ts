import type { CommandContext } from "../context.ts";
import { canBeAskedFor, toDocument } from "../desired/toDocument.ts";
import type { GivenDocument } from "../store/documents.ts";
import type { NarrowView } from "./narrowView.ts";
import { type Prepared, type PrepareOptions, prepare } from "./prepare.ts";
import { prepareNarrow } from "./prepareNarrow.ts";
import { findThreats, type Threats } from "./threats.ts";

/**
 * `strict`, the default: bad documents, conflicts and anything foreign in danger stop the whole apply (an administrator is there).
 * `partial`: a broken document of the host costs only itself, what would be refused is left out and said, and what is foreign
 * stays (the boot, repair: the rest must work).
 * `insistent`: partial, and what is foreign in the way is replaced; what cannot be done is left out, and said (agents:
 * a guest that starts must work).
 */
export type Manner = "strict" | "partial" | "insistent";

export interface PrepareToApplyOptions {
  readonly given: readonly GivenDocument[];
  readonly runtime: boolean;
  readonly adopt: boolean;
  readonly reload: boolean;
  readonly manner?: Manner;
  /** What is known of the host without reading all of it; of use only to who insists. */
  readonly view?: NarrowView | null;
}

/** The owner that foreign entries get when they are adopted. */
const adoptedOwner = "adopted";

/** What `plan` and `apply` have in common: the plan, what its reload threatens, and with `adopt` the document that saves it. */
export async function prepareToApply(context: CommandContext, options: PrepareToApplyOptions) {
  const { system, settings } = context;
  const prepareOptions: PrepareOptions = {
    given: options.given,
    persistence: options.runtime ? "runtime" : "persistent",
    adopt: options.adopt || options.manner === "insistent",
    tolerant: (options.manner ?? "strict") !== "strict",
  };
  const narrow = options.view == null ? null : await prepareNarrow(system, settings, prepareOptions, options.view);
  if (narrow !== null) return { prepared: narrow, threats: { list: [], notes: [] }, given: options.given };
  const prepared = await prepare(system, settings, prepareOptions);
  const threats = options.reload ? findThreats(prepared) : { list: [], notes: [] };
  const adopted = options.adopt ? adoptedDocument(prepared, threats) : null;
  if (adopted === null) return { prepared, threats, given: options.given };
  const given = [...options.given, adopted];
  const again = await prepare(system, settings, { ...prepareOptions, given });
  return { prepared: again, threats: findThreats(again), given };
}

/** Foreign entries that the reload would delete, together with what was adopted before, as a document. */
function adoptedDocument(prepared: Prepared, threats: Threats): GivenDocument | null {
  const entries = threats.list
    .map((threat) => threat.entry)
    .filter((entry) => entry.kind === "neighbor" || (entry.kind === "route" && !entry.objects && canBeAskedFor(entry)));
  if (entries.length === 0) return null;
  const before = prepared.desired.owners.find((owner) => owner.owner === adoptedOwner)?.entries ?? [];
  const document = toDocument([...before.map((owned) => owned.entry), ...entries]);
  return { owner: adoptedOwner, source: "netkeep apply --adopt", path: null, text: JSON.stringify(document) };
}
