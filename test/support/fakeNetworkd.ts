import { Address4, Address6 } from "ip-address";
import type { ProgramResult } from "../../src/system/system.ts";
import type { FakeFiles } from "./fakeFiles.ts";
import type { FakeKernel } from "./fakeKernel.ts";
import { type RuleJson, sameRule } from "./fakeRules.ts";
import { canonicalJson, isV6, neighborKey, type RouteJson, routeKey } from "./ipJson.ts";
import { type Configured, readConfigured } from "./networkdConfig.ts";

/** What a link has from its files: entries by key, and the settings that decide over foreign ones. */
interface Managed {
  readonly files: string;
  readonly config: Configured;
}

/**
 * networkd 252 and 257 as measured in the lab: at a reload it sets up the links whose files changed, deletes what is
 * foreign there unless KeepConfiguration= and ManageForeignRoutes= say otherwise, leaves removed entries behind, and
 * adopts what is live already. It reads unit files with code of its own.
 */
export class FakeNetworkd {
  readonly #kernel: FakeKernel;
  readonly #files: FakeFiles;
  readonly version: number;
  readonly #managed = new Map<string, Managed>();
  /** Keys of entries that were not live before networkd set them. */
  readonly #installed = new Set<string>();
  /** Links that say `failed` or `configuring` whatever they have. */
  readonly stuck = new Map<string, string>();
  reloads = 0;
  /** `networkctl reload` says "Already reloading" this many times. */
  busy = 0;

  constructor(version: number, kernel: FakeKernel, files: FakeFiles) {
    [this.version, this.#kernel, this.#files] = [version, kernel, files];
    for (const [link, managed] of this.#read()) this.#managed.set(link, managed);
  }

  run(args: readonly string[]): ProgramResult {
    const command = args.join(" ");
    if (command === "reload") return this.#reload();
    if (/^reconfigure \S+$/.test(command)) {
      this.stuck.delete(args[1] ?? "");
      return answer("");
    }
    if (command === "list --no-legend --no-pager") return answer(this.#list());
    throw new Error(`the fake networkd does not know: networkctl ${command}`);
  }

  /** Describe() of a link, by its number. */
  describe(index: number): string | null {
    const link = this.#kernel.links.find(({ ifindex }) => ifindex === index);
    return link === undefined ? null : JSON.stringify(this.#status(link));
  }

  #reload(): ProgramResult {
    if (this.busy > 0) {
      this.busy -= 1;
      return { stdout: "", stderr: "Failed to reload network settings: Already reloading.\n", exitCode: 1 };
    }
    this.reloads += 1;
    const now = this.#read();
    for (const { ifname } of this.#kernel.links) {
      const [before, after] = [this.#managed.get(ifname), now.get(ifname)];
      if (before?.files === after?.files) continue;
      this.#setRules(before, after, now);
      if (after === undefined) {
        // Without a base file the link is unmanaged, and all its own entries are dropped.
        const own = (key: string) => before?.config.entries.has(key) === true;
        this.#kernel.dropRoutes((route) => own(routeKey(route)));
        this.#kernel.dropNeighbors((neighbor) => own(neighborKey(neighbor)));
        this.#managed.delete(ifname);
      } else {
        this.#managed.set(ifname, after);
        this.#setUp(ifname, before, after, now);
      }
    }
    return answer("");
  }

  #setUp(link: string, before: Managed | undefined, { config }: Managed, now: ReadonlyMap<string, Managed>): void {
    // A route may leave by another link than the one whose file carries it.
    const own = (key: string) => [...now.values()].some((managed) => managed.config.entries.has(key));
    const was = (key: string) => before?.config.entries.has(key) === true;
    const keep = config.keepConfiguration;
    const leaves = /^ManageForeignRoutes=no$/m.test(this.#settings());
    this.#kernel.dropRoutes((route) => {
      const key = routeKey(route);
      if (own(key) || route.protocol === "2" || (route.dev ?? route.nexthops?.[0]?.dev) !== link) return false;
      if (was(key)) return keep === "no" || this.#removesOwn(key);
      if (keep === "yes" || (keep === "static" && route.protocol === "4")) return false;
      return !leaves;
    });
    this.#kernel.dropNeighbors((neighbor) => {
      const key = neighborKey(neighbor);
      if (own(key) || neighbor.dev !== link || !neighbor.state.includes("PERMANENT")) return false;
      if (was(key)) return keep === "no" || this.version < 257 || this.#removesOwn(key);
      return keep === "no" || (keep === "static" && this.version < 257);
    });
    for (const { route, neighbor } of config.entries.values()) {
      if (route !== undefined && !this.#has(route)) {
        this.#kernel.setRoute(route);
        this.#installed.add(routeKey(route));
      }
      if (neighbor === undefined) continue;
      const there = this.#kernel.neighbors.some((other) => neighborKey(other) === neighborKey(neighbor));
      if (!there) this.#installed.add(neighborKey(neighbor));
      this.#kernel.setNeighbor(neighbor);
    }
  }

  /** Rules belong to no link: at any reload those of others are in danger. */
  #setRules(before: Managed | undefined, after: Managed | undefined, now: ReadonlyMap<string, Managed>): void {
    const isIn = (managed: Managed | undefined, rule: RuleJson, v6: boolean) =>
      managed?.config.rules.some((own) => own.v6 === v6 && sameRule(own.rule, rule)) === true;
    const keep = after?.config.keepConfiguration ?? "no";
    const leaves = this.#settings().includes("ManageForeignRoutingPolicyRules=no");
    this.#kernel.rules.drop((rule, v6) => {
      if ([...now.values()].some((managed) => isIn(managed, rule, v6))) return false;
      if (isIn(before, rule, v6)) return true;
      return !leaves && !(this.version >= 257 && keep !== "no");
    });
    for (const { rule, v6 } of after?.config.rules ?? []) {
      if (!this.#kernel.rules.has(rule, v6)) this.#kernel.rules.set(rule, v6);
    }
  }

  #settings(): string {
    return this.#files.text("/etc/systemd/networkd.conf.d/50-netkeep.conf") ?? "";
  }

  /** 257 removes what it has installed itself; what was live first stays. 252 leaves both kinds of routes. */
  #removesOwn(key: string): boolean {
    return this.version >= 257 && this.#installed.delete(key);
  }

  /** Adopted without an event: the same key and the same content. */
  #has(route: RouteJson): boolean {
    const text = (value: RouteJson) => canonicalJson({ ...value, flags: [] });
    return this.#kernel.routes.some((other) => text(other) === text(route));
  }

  #read(): Map<string, Managed> {
    const units = this.#files.networkdUnits();
    const links = this.#kernel.links.map(({ ifname }) => ifname);
    return new Map(
      links.flatMap((link) => {
        const config = readConfigured(units, link);
        return config === null ? [] : [[link, { config, files: JSON.stringify(config.texts) }] as const];
      }),
    );
  }

  #state(link: string): string {
    return this.#managed.has(link) ? (this.stuck.get(link) ?? "configured") : "unmanaged";
  }

  #list(): string {
    return this.#kernel.links
      .map(({ ifindex, ifname }) => `  ${ifindex} ${ifname} bridge routable ${this.#state(ifname)}\n`)
      .join("");
  }

  #status({ ifindex, ifname: name }: FakeKernel["links"][number]) {
    const config = this.#managed.get(name)?.config;
    const source = (key: string) => (config?.entries.has(key) ? "static" : "foreign");
    const routes = this.#kernel.routes.filter((route) =>
      [route, ...(route.nexthops ?? [])].some(({ dev }) => dev === name),
    );
    const neighbors = this.#kernel.neighbors.filter(({ dev, state }) => dev === name && state.includes("PERMANENT"));
    return {
      Index: ifindex,
      Name: name,
      AdministrativeState: this.#state(name),
      ...(config === undefined ? {} : { NetworkFile: config.base }),
      ...(config === undefined || this.version < 257 ? {} : { NetworkFileDropins: config.dropIns }),
      Neighbors: neighbors.map((neighbor) => ({
        Destination: bytes(neighbor.dst),
        ConfigSource: source(neighborKey(neighbor)),
        ConfigState: "configured",
      })),
      Routes: routes.map((route) => ({
        ...destination(route),
        Priority: route.metric ?? 0,
        Table: Number(route.table ?? 254),
        Protocol: Number(route.protocol ?? 3),
        ConfigSource: source(routeKey(route)),
        ConfigState: "configured",
      })),
    };
  }
}

function destination(route: RouteJson) {
  const v6 = route.pref !== undefined;
  const [address = "", length] = (route.dst === "default" ? (v6 ? "::/0" : "0.0.0.0/0") : route.dst).split("/");
  return { Destination: bytes(address), DestinationPrefixLength: Number(length ?? (v6 ? 128 : 32)) };
}

function bytes(address: string): number[] {
  const list = isV6(address) ? new Address6(address).toByteArray() : new Address4(address).toArray();
  return isV6(address) ? [...Array(16 - list.length).fill(0), ...list] : list;
}

function answer(stdout: string): ProgramResult {
  return { stdout, stderr: "", exitCode: 0 };
}
