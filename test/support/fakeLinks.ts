import type { Words } from "./batchLine.ts";
import { IpError, type IpOutput, isV6, type LinkJson } from "./ipJson.ts";

/**
 * `link` and `address` lines of a batch, as the kernel carries them out for bridges. What goes with a link and with its
 * MAC goes here too.
 */
export class FakeLinks {
  readonly #state: IpOutput;
  /** A link that has come, for whoever keeps its sysctls. */
  appeared: (name: string) => void = () => undefined;

  constructor(state: IpOutput) {
    this.#state = state;
  }

  /** @returns false for a line about something else */
  execute(command: string, words: Words): boolean {
    if (command === "link add") this.#add(words);
    else if (command === "link set") this.#set(words);
    else if (command === "link del") this.#delete(words);
    else if (command === "address replace" || command === "address del")
      this.#address(words, command === "address del");
    else return false;
    words.end();
    return true;
  }

  #add(words: Words): void {
    const ifname = words.take();
    if (this.#state.address.some((link) => link.ifname === ifname)) throw new IpError("RTNETLINK answers: File exists");
    words.expect("address");
    const address = words.take();
    words.expect("group");
    const group = String(words.number(2 ** 31));
    for (const word of ["type", "bridge", "stp_state", "0", "forward_delay", "0"]) words.expect(word);
    const ifindex = Math.max(0, ...this.#state.address.map((link) => link.ifindex)) + 1;
    const linkinfo = { info_kind: "bridge", info_data: { stp_state: 0, forward_delay: 0 } };
    const flags = ["BROADCAST", "MULTICAST"];
    this.#state.address.push({ ifindex, ifname, flags, link_type: "ether", address, group, linkinfo, addr_info: [] });
    this.appeared(ifname);
  }

  #set(words: Words): void {
    const link = this.#named(words);
    const what = words.take();
    if (what === "up") link.flags = [...new Set([...link.flags, "UP"])];
    else if (what === "addrgenmode") words.expect("none");
    else if (what === "group") link.group = String(words.number(2 ** 31));
    else if (what === "type") {
      for (const word of ["bridge", "stp_state", "0"]) words.expect(word);
      link.linkinfo = { ...link.linkinfo, info_data: { ...link.linkinfo?.info_data, stp_state: 0 } };
    } else if (what === "address") {
      link.address = words.take();
      this.#drop(this.#state.neigh, ({ dev }) => dev === link.ifname);
    } else throw new Error(`netkeep has no reason to set ${what}`);
  }

  #delete(words: Words): void {
    const { ifname } = this.#named(words);
    const { address, route4, route6, neigh } = this.#state;
    this.#drop(address, (link) => link.ifname === ifname);
    for (const list of [route4, route6]) this.#drop(list, ({ dev }) => dev === ifname);
    this.#drop(neigh, ({ dev }) => dev === ifname);
  }

  #address(words: Words, removes: boolean): void {
    const [local = "", length] = words.take().split("/");
    const link = this.#named(words);
    if (!removes && isV6(local)) words.expect("nodad");
    else if (!removes && words.takes("scope")) words.expect("link");
    const is = (item: { local?: string; prefixlen?: number }) =>
      item.local === local && item.prefixlen === Number(length);
    const there = link.addr_info.some(is);
    if (removes && !there) throw new IpError("RTNETLINK answers: Cannot assign requested address");
    if (removes) this.#drop(link.addr_info, is);
    else if (!there) link.addr_info.push({ family: isV6(local) ? "inet6" : "inet", local, prefixlen: Number(length) });
  }

  #named(words: Words): LinkJson {
    words.expect("dev");
    const name = words.take();
    const link = this.#state.address.find(({ ifname }) => ifname === name);
    if (link === undefined) throw new IpError(`Cannot find device "${name}"`);
    return link;
  }

  #drop<T>(list: T[], goes: (item: T) => boolean): void {
    list.splice(0, list.length, ...list.filter((item) => !goes(item)));
  }
}
