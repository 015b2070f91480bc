/**
 * A file below one of the unit directories, as user systemd-network finds it. What stands in a directory that this user
 * cannot enter is left out, for networkd passes over such a directory in silence; the directory itself is listed.
 */
export type FoundFile =
  | {
      readonly path: string;
      readonly kind: "text";
      readonly text: string;
      readonly modified?: number;
      /** What it names, if it is a symbolic link. */
      readonly target?: string;
    }
  /** A symlink to /dev/null. */
  | { readonly path: string; readonly kind: "null" }
  /** A symlink to nothing. */
  | { readonly path: string; readonly kind: "dangling" }
  /**
   * A directory in place of a file, or a file that user systemd-network may not read: with its text, if only its mode is in
   * the way. Or a directory that this user may not enter, with the names in it.
   */
  | {
      readonly path: string;
      readonly kind: "unreadable";
      readonly reason: string;
      readonly text?: string;
      readonly names?: readonly string[];
    };
