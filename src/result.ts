import type { ExitCode } from "./errors.ts";

/** What a command has to say; `cli.ts` alone prints it. */
export interface CommandResult {
  readonly exitCode: ExitCode;
  /** For stdout with `--json`; where it is large, a getter. */
  readonly data: unknown;
  /** For stdout without. */
  readonly text: string;
  /** For stderr. */
  readonly messages: readonly Message[];
}

/** `level` becomes the `<3>` … `<6>` of sd-daemon(3) where stderr is the journal. */
export interface Message {
  readonly level: "error" | "warning" | "notice" | "info";
  readonly text: string;
}
