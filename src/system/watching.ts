/** What `netkeep watch` needs of a machine besides `System`: events instead of answers. */
export interface Watching {
  /** Has the signal come that ends the service? */
  readonly ending: boolean;
  /** How often systemd wants to hear of us, in milliseconds (sd_watchdog_enabled(3)); null if it does not. */
  readonly watchdogMilliseconds: number | null;
  /** Holds a lock for as long as this process lives. @returns false if another has it */
  claim(path: string): Promise<boolean>;
  /** Waits so long, or until `ring` is called or the service is to end. */
  wait(milliseconds: number): Promise<void>;
  ring(): void;
  /** Calls `work` again and again, also while a command is at work. */
  every(milliseconds: number, work: () => void): void;
  /** Follows what a program prints, line by line. @returns what ends it, without a further word of it */
  follow(program: string, args: readonly string[], listener: Listener): () => void;
  /** Tells of each change in these directories; replaces what was watched before. What is not there is left out. */
  watchDirectories(directories: readonly string[], changed: (directory: string, name: string) => void): void;
  /** Answers requests on a socket that only root can connect to: a text each, ended by the client's end of writing. */
  serve(path: string, answer: (request: string) => Promise<string>): Promise<void>;
  /** For systemd (sd_notify(3)), such as `READY=1`; nothing happens where it does not ask. */
  notify(...states: readonly string[]): Promise<void>;
  /** Ends children, sockets and watches. */
  close(): Promise<void>;
}

export interface Listener {
  line(text: string): void;
  /** A line on stderr. */
  complaint(text: string): void;
  /** It has ended, or could not be started. */
  ended(reason: string): void;
}
