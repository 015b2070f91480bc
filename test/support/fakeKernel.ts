import { BlockList } from "node:net";
import type { ProgramResult } from "../../src/system/system.ts";
import { readRoute, Words } from "./batchLine.ts";
import { FakeLinks } from "./fakeLinks.ts";
import { answerQueries } from "./fakeQueries.ts";
import { FakeRules } from "./fakeRules.ts";
import { type HopJson, IpError, type IpOutput, isV6, type NeighborJson, type RouteJson } from "./ipJson.ts";

const quiet: ProgramResult = { stdout: "", stderr: "", exitCode: 0 };

/**
 * Routes and neighbors of a host as the kernel keeps them: begins with captured output, carries out the lines of
 * `ip -force -batch -` one by one with the kernel's checks and words, prints itself as `ip -j -N` does. What it does not
 * know fails the test.
 */
export class FakeKernel {
  readonly #state: IpOutput;
  /** Every line that was carried out or refused, as plain commands. */
  readonly lines: string[] = [];
  readonly rules: FakeRules;
  /** Nexthop objects, as `ip nexthop show` prints them. */
  nexthops = "";
  /** What `ip` prints for people; a test gives it where it matters. */
  readonly texts = { route4: "", route6: "", neigh: "" };

  /** Lines that this kernel refuses for a reason of its own. */
  refuses: (line: string) => boolean = () => false;

  readonly linkLines: FakeLinks;

  constructor(captured: IpOutput) {
    this.#state = structuredClone(captured);
    this.rules = new FakeRules(captured);
    this.linkLines = new FakeLinks(this.#state);
  }

  get links() {
    return this.#state.address;
  }

  get routes(): readonly RouteJson[] {
    return [...this.#state.route4, ...this.#state.route6];
  }

  get neighbors(): readonly NeighborJson[] {
    return this.#state.neigh;
  }

  /** @param killedAfter the process dies after this many lines of a batch */
  ip(args: readonly string[], input: string, killedAfter = Number.POSITIVE_INFINITY): ProgramResult {
    const command = args.join(" ");
    const { route4, route6, neigh, address } = this.#state;
    if (command === "-force -batch -") return this.#batch(input, killedAfter, false);
    if (command === "-6 -force -batch -") return this.#batch(input, killedAfter, true);
    const listed = /^-j -N -d -([46]) rule show$/.exec(command)?.[1];
    if (listed !== undefined) return { ...quiet, stdout: JSON.stringify(this.rules.lists[listed === "4" ? 4 : 6]) };
    if (command === "-j -N -4 route show table all") return { ...quiet, stdout: JSON.stringify(route4) };
    if (command === "-j -N -6 route show table all") return { ...quiet, stdout: JSON.stringify(route6) };
    if (command === "-j -N neigh show") return { ...quiet, stdout: JSON.stringify(neigh) };
    if (command === "-j -d address show") return { ...quiet, stdout: JSON.stringify(address) };
    const family = /^-N -o -([46]) route show table all$/.exec(command)?.[1];
    if (family !== undefined) return { ...quiet, stdout: this.texts[family === "4" ? "route4" : "route6"] };
    if (command === "-N neigh show nud permanent") return { ...quiet, stdout: this.texts.neigh };
    const asked = /^-j -N -[46] route get fibmatch (\S+)(?: oif (\S+))?$/.exec(command);
    if (asked !== null) return this.#routeGet(asked[1] ?? "", asked[2]);
    if (command === "-j -N -force -batch -") return answerQueries(this.#state, this.nexthops, input);
    if (command === "nexthop show") return { ...quiet, stdout: this.nexthops };
    throw new Error(`the fake kernel does not know: ip ${command}`);
  }

  /** Table main only; the address of a link is in table local. */
  #routeGet(address: string, oif: string | undefined): ProgramResult {
    const v6 = isV6(address);
    const local = this.links.some(({ addr_info }) => addr_info.some((item) => item.local === address));
    if (local) return { ...quiet, stdout: `[{"type":"2","dst":"${address}","table":"255","protocol":"2","flags":[]}]` };
    const lengthOf = (dst: string) => (dst === "default" ? 0 : Number(dst.split("/")[1] ?? (v6 ? 128 : 32)));
    const [best] = this.#list(v6)
      .filter(({ dst, dev, table }) => {
        if (table !== undefined || (oif !== undefined && dev !== oif)) return false;
        const subnets = new BlockList();
        const family = v6 ? "ipv6" : "ipv4";
        subnets.addSubnet(
          dst === "default" ? (v6 ? "::" : "0.0.0.0") : (dst.split("/")[0] ?? ""),
          lengthOf(dst),
          family,
        );
        return subnets.check(address, family);
      })
      .sort((a, b) => lengthOf(b.dst) - lengthOf(a.dst) || (a.metric ?? 0) - (b.metric ?? 0));
    const error = best === undefined ? "Network is unreachable" : best.type === "6" ? "Invalid argument" : null;
    if (error !== null) return { stdout: "", stderr: `RTNETLINK answers: ${error}\n`, exitCode: 2 };
    return { ...quiet, stdout: JSON.stringify([best]) };
  }

  /** What networkd does by netlink; the same checks do not matter there. */
  setRoute(route: RouteJson): void {
    const list = this.#list(route.pref !== undefined);
    keepOnly(list, (other) => !sameKey(other, route));
    list.push({ ...route });
  }

  setNeighbor(neighbor: NeighborJson): void {
    const old = this.#state.neigh.find((other) => other.dst === neighbor.dst && other.dev === neighbor.dev);
    if (old === undefined) this.#state.neigh.push({ ...neighbor });
    else Object.assign(old, neighbor);
  }

  dropRoutes(goes: (route: RouteJson) => boolean): void {
    for (const list of [this.#state.route4, this.#state.route6]) keepOnly(list, (route) => !goes(route));
  }

  dropNeighbors(goes: (neighbor: NeighborJson) => boolean): void {
    keepOnly(this.#state.neigh, (neighbor) => !goes(neighbor));
  }

  #list(v6: boolean): RouteJson[] {
    return v6 ? this.#state.route6 : this.#state.route4;
  }

  /** @param v6 with -6, which netkeep gives for rules of IPv6 */
  #batch(input: string, killedAfter: number, v6: boolean): ProgramResult {
    if (!input.endsWith("\n")) throw new Error("a batch ends in a newline");
    let stderr = "";
    let failed = false;
    for (const [index, line] of input.slice(0, -1).split("\n").entries()) {
      if (index >= killedAfter) break;
      this.lines.push(v6 ? `-6 ${line}` : line);
      try {
        this.#execute(line, v6);
      } catch (error) {
        if (!(error instanceof IpError)) throw new Error(`in "${line}": ${String(error)}`);
        stderr += `${error.message}\n`;
        if (error.fatal) return { stdout: "", stderr, exitCode: error.status };
        stderr += `Command failed -:${index + 1}\n`;
        failed = true;
      }
    }
    return { stdout: "", stderr, exitCode: failed ? 1 : 0 };
  }

  #execute(line: string, v6: boolean): void {
    // `ip` gives up a batch where a neighbor is refused, -force or not.
    const stops = line.startsWith("neigh ");
    if (this.refuses(line)) throw new IpError("RTNETLINK answers: Invalid argument", stops, stops ? 2 : 1);
    const words = new Words(line);
    const command = `${words.take()} ${words.take()}`;
    if (v6 && !command.startsWith("rule ")) throw new Error("-6 is for rules");
    const hasLink = (name: string) => this.links.some(({ ifname }) => ifname === name);
    if (command === "rule add") this.rules.add(words, v6, hasLink);
    else if (command === "rule del") this.rules.delete(words, v6);
    else if (command === "route replace") this.#replaceRoute(words);
    else if (command === "route del") this.#deleteRoute(words);
    else if (command === "neigh replace") this.#replaceNeighbor(words);
    else if (command === "neigh del") this.#deleteNeighbor(words);
    else if (!this.linkLines.execute(command, words)) throw new Error("netkeep has no other commands");
  }

  #replaceRoute(words: Words): void {
    const { route, v6 } = readRoute(words, "replace");
    if (route.protocol === undefined) throw new Error("a route without a protocol");
    const hops = route.nexthops ?? (route.type === undefined || route.type === "2" ? [route] : []);
    for (const hop of hops) this.#checkHop(hop, v6);
    const list = this.#list(v6);
    const at = list.findIndex((other) => sameKey(other, route));
    if (at < 0) list.push(route);
    else list[at] = route;
  }

  #checkHop(hop: HopJson, v6: boolean): void {
    const link = this.links.find(({ ifname }) => ifname === hop.dev);
    if (link === undefined) throw new IpError(`Cannot find device "${hop.dev}"`);
    if (!link.flags.includes("UP")) {
      throw new IpError(v6 ? "Error: Nexthop device is not up." : "Error: Device for nexthop is not up.");
    }
    const gateway = hop.gateway ?? hop.via?.host;
    if (gateway === undefined || hop.flags.includes("onlink") || /^fe[89ab][0-9a-f]:/.test(gateway)) return;
    if (!this.#reaches(gateway, link.ifname)) throw new IpError("Error: Nexthop has invalid gateway.");
  }

  /** fib_check_nh(): some route straight on the link covers the next hop. */
  #reaches(gateway: string, dev: string): boolean {
    const family = isV6(gateway) ? "ipv6" : "ipv4";
    const subnets = new BlockList();
    for (const { dst, dev: on, gateway: via, type } of this.#list(isV6(gateway))) {
      if (on !== dev || via !== undefined || type !== undefined || dst === "default") continue;
      const [address = "", length] = dst.split("/");
      subnets.addSubnet(address, Number(length ?? (isV6(address) ? 128 : 32)), family);
    }
    return subnets.check(gateway, family);
  }

  #deleteRoute(words: Words): void {
    const { route, v6 } = readRoute(words, "del");
    if (route.protocol === undefined || route.table === undefined || route.metric === undefined) {
      throw new Error("a delete names protocol, table and metric, or it takes what is not ours");
    }
    const list = this.#list(v6);
    const at = list.findIndex(
      (other) =>
        sameKey(other, route) &&
        other.protocol === route.protocol &&
        other.type === route.type &&
        (route.dev === undefined || other.dev === route.dev),
    );
    if (at < 0) throw new IpError("RTNETLINK answers: No such process");
    list.splice(at, 1);
  }

  #replaceNeighbor(words: Words): void {
    const dst = words.address();
    if (!words.takes("lladdr")) throw new Error("lladdr is missing");
    const lladdr = words.take();
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(lladdr)) throw new Error(`"${lladdr}" is not a MAC address`);
    const dev = this.#device(words);
    if (!words.takes("nud") || !words.takes("permanent")) throw new Error("not permanent");
    const protocol = words.takes("protocol") ? { protocol: String(words.number(255)) } : {};
    words.end();
    this.setNeighbor({ dst, dev, lladdr, state: ["PERMANENT"], ...protocol });
  }

  #deleteNeighbor(words: Words): void {
    const dst = words.address();
    const dev = this.#device(words);
    words.end();
    const at = this.#state.neigh.findIndex((other) => other.dst === dst && other.dev === dev);
    if (at < 0) throw new IpError("RTNETLINK answers: No such file or directory", true, 2);
    this.#state.neigh.splice(at, 1);
  }

  #device(words: Words): string {
    if (!words.takes("dev")) throw new Error("dev is missing");
    const dev = words.take();
    if (!this.links.some(({ ifname }) => ifname === dev)) throw new IpError(`Cannot find device "${dev}"`);
    return dev;
  }
}

/** The kernel's key: table, destination, metric. */
function sameKey(a: RouteJson, b: RouteJson): boolean {
  const key = ({ table = "254", dst, metric = 0 }: RouteJson) => `${table} ${dst} ${metric}`;
  return key(a) === key(b);
}

function keepOnly<T>(list: T[], stays: (item: T) => boolean): void {
  list.splice(0, list.length, ...list.filter(stays));
}
