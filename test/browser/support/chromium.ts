import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

/** A message of the DevTools protocol, as far as the tests look at it. */
export interface Event {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** A headless Chromium that speaks the DevTools protocol over two pipes: no port, no package. */
export class Chromium {
  readonly #child: ChildProcess;
  readonly #home: string;
  readonly #waiting = new Map<number, { take: (answer: Answer) => void }>();
  readonly #events: ((sessionId: string | undefined, event: Event) => void)[] = [];
  #buffer = "";
  #id = 0;

  constructor() {
    this.#home = mkdtempSync(join(tmpdir(), "netkeep-chromium-"));
    const flags = [
      "--headless=new",
      // The tests run as root, where Chromium has no sandbox; the pages are our own.
      "--no-sandbox",
      // Whatever a page asks for, nothing gets out.
      "--host-resolver-rules=MAP * ~NOTFOUND",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--disable-component-update",
      "--no-first-run",
      "--hide-scrollbars",
      "--force-color-profile=srgb",
      `--user-data-dir=${this.#home}`,
      "--remote-debugging-pipe",
    ];
    this.#child = spawn("chromium", flags, {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      env: { ...process.env, HOME: this.#home, LANG: "C.UTF-8" },
    });
    this.#output.setEncoding("utf8");
    this.#output.on("data", (text: string) => this.#read(text));
  }

  /** A page of its own with nothing kept from others. */
  async open(): Promise<Page> {
    const { browserContextId } = await this.send("Target.createBrowserContext", {});
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, String(sessionId));
    this.#events.push((session, event) => {
      if (session === sessionId) page.events.push(event);
    });
    for (const domain of ["Page", "Runtime", "Log", "Network", "Accessibility"]) await page.send(`${domain}.enable`);
    return page;
  }

  send(method: string, params: object, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#id;
    this.#input.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, {
        take: ({ result, error }) =>
          error === undefined ? resolve(result ?? {}) : reject(new Error(`${method}: ${error.message}`)),
      });
    });
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    await this.send("Browser.close", {}).catch(() => undefined);
    await ended;
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  get #input(): Writable {
    return this.#child.stdio[3] as Writable;
  }

  get #output(): Readable {
    return this.#child.stdio[4] as Readable;
  }

  #read(text: string): void {
    const messages = (this.#buffer + text).split("\0");
    this.#buffer = messages.pop() ?? "";
    for (const message of messages) {
      const answer = JSON.parse(message) as Answer;
      if (answer.id !== undefined) {
        this.#waiting.get(answer.id)?.take(answer);
        this.#waiting.delete(answer.id);
      } else if (answer.method !== undefined) {
        for (const take of this.#events) take(answer.sessionId, { method: answer.method, params: answer.params ?? {} });
      }
    }
  }
}

/** One page, and all that was said of it. */
export class Page {
  readonly events: Event[] = [];
  readonly #chromium: Chromium;
  readonly #session: string;

  constructor(chromium: Chromium, session: string) {
    this.#chromium = chromium;
    this.#session = session;
  }

  send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    return this.#chromium.send(method, params, this.#session);
  }

  async load(url: string): Promise<void> {
    await this.send("Page.navigate", { url });
    while (!this.events.some(({ method }) => method === "Page.loadEventFired")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Width in CSS pixels, and the reader's choice of colours. */
  async show(width: number, scheme: "light" | "dark" = "light"): Promise<void> {
    const metrics = { width, height: 844, deviceScaleFactor: width < 500 ? 2 : 1, mobile: width < 500 };
    await this.send("Emulation.setDeviceMetricsOverride", metrics);
    await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  }

  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, returnByValue: true });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: Value }).value;
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
    return Buffer.from(String(data), "base64");
  }

  async pdf(): Promise<Buffer> {
    const { data } = await this.send("Page.printToPDF", { printBackground: true, preferCSSPageSize: true });
    return Buffer.from(String(data), "base64");
  }
}
