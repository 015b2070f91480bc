import type { FoundFile } from "../model/file.ts";
import type { HostFacts } from "../model/link.ts";

/** What a program said. `exitCode` 127 is "no such program", 126 that it was not run, or not to its end. */
export interface ProgramResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** A method without arguments of a service on the system bus. */
export interface BusQuestion {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
}

/** What somebody at the terminal wants: "later" is nothing so far. */
export type Answer = "yes" | "no" | "later";

/**
 * Everything that netkeep does to a machine. Paths are as on the host; with a root directory the implementation puts them
 * below it. One implementation is real, one is the tests' fake.
 */
export interface System {
  /** `--root`: there is no kernel and no bus, only files. */
  readonly offline: boolean;
  /** Whether the process may change the host (effective user 0). */
  readonly privileged: boolean;
  /** Milliseconds since 1970. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
  /** A short hexadecimal digest of a text. */
  digest(text: string): string;
  /** null if there is no such file. @throws UserError if it cannot be read */
  readText(path: string): Promise<string | null>;
  /** Milliseconds since 1970 of the last change of the content; null if there is no such file. */
  modified(path: string): Promise<number | null>;
  /** What a symbolic link names; null if that cannot be read. */
  linkTarget(path: string): Promise<string | null>;
  /** Names in a directory, sorted; empty if there is no such directory. */
  list(directory: string): Promise<readonly string[]>;
  /** Every `*.suffix` file in the directories and in their `*.d` directories, one level deep. */
  readUnits(directories: readonly string[], suffixes: readonly string[]): Promise<readonly FoundFile[]>;
  /**
   * Atomic: the old or the new content, also after a crash; mode 0644; directories are made.
   *
   * @param replaceLink a symbolic link of this name is replaced, and what it names is left alone; else it is an error
   */
  writeFile(path: string, text: string, replaceLink?: boolean): Promise<void>;
  /** The same for each of many files, in a fraction of the time. */
  writeFiles(files: readonly { readonly path: string; readonly text: string }[]): Promise<void>;
  /** A text that `writePacked` has written. @throws Error if it is not there or not whole */
  readPacked(path: string): Promise<string>;
  /** As writeFile, compressed as gzip(1) does. */
  writePacked(path: string, text: string): Promise<void>;
  /** No error if it is gone already; an empty `*.d` directory goes with its last file. */
  removeFile(path: string): Promise<void>;
  /** Gives a directory mode 0755. @throws UserError if that fails */
  openDirectory(path: string): Promise<void>;
  /** Writes a value below /proc/sys in place. @throws UserError if there is no such key or it takes no such value */
  writeSysctl(path: string, value: string): Promise<void>;
  /** Runs a program with LC_ALL=C. Never called when offline. Does not throw for an exit status. */
  run(program: string, args: readonly string[], input?: string): Promise<ProgramResult>;
  /**
   * The one text that a service answers; null if nobody has that name on the bus, or it refuses. The service is never
   * started. Never called when offline.
   */
  askBus(question: BusQuestion): Promise<string | null>;
  /** The words that run this program again: its interpreter and its file. */
  readonly self: readonly string[];
  /** Starts a program in a session of its own, which outlives this process and its terminal. */
  startDetached(program: string, args: readonly string[]): void;
  /**
   * Waits up to so many milliseconds for ENTER on the terminal, which is "yes", or for a signal that ends a program or the
   * loss of the terminal, which are "no". Without a terminal only signals count. After the first call such a signal ends
   * the process no more: it is the answer to the next.
   */
  ask(question: string, milliseconds: number): Promise<Answer>;
  /**
   * Runs `work` as the only writer.
   *
   * @param few the work is about few owners: who answers its questions can be started while the lock is waited for
   * @throws UserError 75 after `seconds`
   */
  withLock<T>(path: string, seconds: number, work: () => Promise<T>, few?: boolean): Promise<T>;
  /** What [Match] may ask of the host. @param virtualization whether that and the kernel's command line are asked for */
  hostFacts(virtualization: boolean): Promise<HostFacts>;
}
