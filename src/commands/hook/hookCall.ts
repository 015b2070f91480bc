import type { DocumentInput } from "../../desired/schema.ts";
import { exitCodes, type UserError } from "../../errors.ts";
import type { Address } from "../../model/address.ts";
import type { Persistence } from "../../model/owner.ts";
import type { KernelNeighbor, KernelRoute, KernelState } from "../../model/state.ts";
import type { CommandResult, Message } from "../../result.ts";
import type { GivenDocument } from "../../store/documents.ts";
import type { OwnerOptions } from "../set.ts";

export type HookOptions = Omit<OwnerOptions, "runtime"> & {
  /** Exit as `apply` does. Else a hook exits 0 whatever happens, because a guest must not stop for it. */
  readonly strict: boolean;
  /** Answer when networkd has been told; else when all but that is done, and that follows at once. */
  readonly wait: boolean;
};

/**
 * What came of a call's arguments: all of it at once (wrong usage, an event that changes nothing), or a question to the
 * host as it is under the lock.
 */
export type HookCall =
  | { readonly result: CommandResult }
  | {
      readonly options: HookOptions;
      /** The owner that the call is about. */
      readonly owner: string;
      /** In seconds; for a caller that cannot wait as long as LockSeconds= allows. */
      readonly lockSeconds?: number;
      /** The call looks on a link for what an agent's own script has left there, of a guest that leaves by its MAC. */
      readonly guest?: { readonly link: string; readonly leaving: string | null };
      /** @throws UserError if nothing can be done for this call */
      decide(host: HookHost): Promise<HookDecision>;
    };

/** The host as the calls before this one, of the same run, leave it. */
export interface HookHost {
  readonly kernel: KernelState;
  /** No guest can have one of these. */
  readonly hostAddresses: readonly Address[];
  /** An owner's record; null for none, or if its file cannot be read and so is to be written anew. */
  stored(owner: string): Promise<StoredWish | null>;
  /** Whether a call before this one, of the same run, was about the owner. */
  settled(owner: string): boolean;
  /** Whether an entry on a link is netkeep's to delete. */
  ownership(link: string): Promise<(entry: KernelRoute | KernelNeighbor) => boolean>;
}

/** A hook says what is wrong, and its caller goes on. */
export function failedHook({ strict }: HookOptions, { exitCode, message }: UserError): CommandResult {
  const messages = [{ level: "error" as const, text: message }];
  return { exitCode: strict ? exitCode : exitCodes.asDesired, data: null, text: "", messages };
}

/** Wrong words are the caller's fault, and no event: not 0. */
export function usageResult(what: string): CommandResult {
  const messages = [{ level: "error" as const, text: `error: ${what}; see netkeep hook --help` }];
  return { exitCode: exitCodes.usage, data: null, text: "", messages };
}

/** What an owner asks for by now. */
export interface StoredWish {
  readonly document: DocumentInput;
  readonly source: string;
  readonly persistence?: Persistence;
}

export interface HookDecision {
  readonly given: readonly GivenDocument[];
  /** What others have set in the kernel and is to go. */
  readonly leftovers: readonly (KernelRoute | KernelNeighbor)[];
  readonly messages: readonly Message[];
  /** A part of what was asked for cannot be done. */
  readonly failed: boolean;
}
