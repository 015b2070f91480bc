import type { Listener, Watching } from "../../src/system/watching.ts";
import type { FakeSystem } from "./fakeSystem.ts";

/** What happens on a host at a time, in milliseconds after the watch has begun. */
export type Happening = readonly [at: number, happens: (watching: FakeWatching) => void];

/** The events of a fake host: its time goes on while the watch waits, and at the end of the story the service is ended. */
export class FakeWatching implements Watching {
  readonly watchdogMilliseconds = 30_000;
  readonly notified: string[] = [];
  ending = false;
  /** What systemd's watchdog has it do from time to time; here a test does. */
  sayWell: () => void = () => undefined;
  readonly #host: FakeSystem;
  readonly #begun: number;
  readonly #story: Happening[];
  readonly #lasts: number;
  #listener: Listener | null = null;
  #changed: (directory: string, name: string) => void = () => undefined;
  #rung = false;

  constructor(host: FakeSystem, lasts: number, story: readonly Happening[]) {
    [this.#host, this.#lasts, this.#begun] = [host, lasts, host.system.now()];
    this.#story = [...story].sort(([a], [b]) => a - b);
  }

  /** Milliseconds since the beginning. */
  get time(): number {
    return this.#host.system.now() - this.#begun;
  }

  async wait(milliseconds: number): Promise<void> {
    const [at] = this.#story[0] ?? [this.#lasts];
    const until = this.#rung ? this.time : Math.min(at, this.time + Math.max(0, milliseconds));
    this.#rung = false;
    await this.#host.system.sleep(Math.max(0, until - this.time));
    if (this.time < at) return;
    const happening = this.#story.shift();
    if (happening === undefined) this.ending = true;
    else happening[1](this);
  }

  /** A line of `ip monitor`. */
  line(text: string): void {
    this.#listener?.line(text);
  }

  /** The same on its standard error. */
  complaint(text: string): void {
    this.#listener?.complaint(text);
  }

  /** Something in a directory has changed. */
  change(path: string): void {
    const slash = path.lastIndexOf("/");
    this.#changed(path.slice(0, slash), path.slice(slash + 1));
  }

  ring(): void {
    this.#rung = true;
  }

  follow(_program: string, _args: readonly string[], listener: Listener): () => void {
    this.#listener = listener;
    return () => {
      this.#listener = null;
    };
  }

  watchDirectories(_directories: readonly string[], changed: (directory: string, name: string) => void): void {
    this.#changed = changed;
  }

  async notify(...states: readonly string[]): Promise<void> {
    this.notified.push(...states);
  }

  claim = async () => true;
  every(_milliseconds: number, work: () => void): void {
    this.sayWell = work;
  }
  serve = async () => undefined;
  close = async () => undefined;
}
