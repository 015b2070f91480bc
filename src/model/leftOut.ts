/** Why an entry of the host does not become one of netkeep's. */
export type LeftOutKind =
  /** Somebody on the host looks after it: the kernel, a daemon, networkd, netkeep itself. Told by number. */
  | "looked-after"
  /** It stands in a file that an administrator wrote. */
  | "file"
  /** The rules for documents and the settings of this host do not permit it. */
  | "not-permitted"
  /** A document has no words for it. */
  | "no-words";

/** One entry of the host that an import leaves where it is. */
export interface LeftOut {
  readonly kind: LeftOutKind;
  /** route, neighbor, policy rule, section … */
  readonly noun: string;
  readonly link: string | null;
  /** The entry as people read it, without the noun. */
  readonly text: string;
  readonly reason: string;
}

/** What an entry of the kernel has beyond the words of a document. */
export interface Extra {
  /** Those words, as `ip` prints them. */
  readonly words: string;
  /** The whole entry, as `ip` prints it. */
  readonly text: string;
  readonly link: string | null;
  readonly protocol: number;
}
