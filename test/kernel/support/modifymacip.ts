/** A call of CloudStack's modifymacip.sh, addresses in canonical form. */
export interface Call {
  readonly operation: "add" | "delete";
  readonly bridge: string;
  /** In any case. */
  readonly mac: string;
  readonly addresses: readonly string[];
}

/** What the kernel has to have after some calls, an entry a line. */
export interface Effect {
  readonly neighbors: readonly string[];
  readonly routes: readonly string[];
}

interface Claim {
  readonly bridge: string;
  readonly mac: string;
  readonly addresses: Set<string>;
  /** A later claim wins. */
  age: number;
}

/**
 * The kernel effect of modifymacip.sh: `add` sets a permanent neighbor and a host route for each address with `replace`,
 * never takes one away, and does nothing without addresses; `delete` takes away the addresses that it names, or all that
 * the MAC has on the bridge. What the script gets wrong is right here: a delete goes by what was added and not by the
 * neighbor table, takes /128 routes along, and gives an address back to whom it was taken from.
 *
 * One neighbor for each bridge and address, one route for each address: of several MACs that want one, the MAC that was
 * last given any address has it.
 */
export class ScriptModel {
  readonly #claims = new Map<string, Claim>();
  #time = 0;

  call({ operation, bridge, mac, addresses }: Call): void {
    const lower = mac.toLowerCase();
    const key = `${bridge} ${lower}`;
    const claim = this.#claims.get(key) ?? { bridge, mac: lower, addresses: new Set<string>(), age: 0 };
    this.#time += 1;
    if (operation === "delete") {
      for (const address of addresses.length === 0 ? [...claim.addresses] : addresses) claim.addresses.delete(address);
    } else if (addresses.length > 0) {
      for (const address of addresses) claim.addresses.add(address);
      claim.age = this.#time;
    }
    if (claim.addresses.size === 0) this.#claims.delete(key);
    else this.#claims.set(key, claim);
  }

  /** How many addresses more than one MAC wants. */
  get contested(): number {
    const wanted = [...this.#claims.values()].flatMap(({ addresses }) => [...addresses]);
    return wanted.length - new Set(wanted).size;
  }

  get effect(): Effect {
    const neighbors = new Map<string, string>();
    const routes = new Map<string, string>();
    for (const { bridge, mac, addresses } of [...this.#claims.values()].sort((a, b) => a.age - b.age)) {
      for (const address of addresses) {
        neighbors.set(`${bridge} ${address}`, `${address} dev ${bridge} lladdr ${mac}`);
        routes.set(address, `${address} dev ${bridge}`);
      }
    }
    return { neighbors: [...neighbors.values()].sort(), routes: [...routes.values()].sort() };
  }
}
