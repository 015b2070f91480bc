import type { StaleOwner } from "../audit/input.ts";
import type { OwnerState } from "../model/owner.ts";
import type { System } from "../system/system.ts";

/** Where libvirt keeps the XML of each domain that runs: virDomainSaveStatus(), NAME.xml. */
const runDirectory = "/run/libvirt/qemu";

/**
 * Owners that hooks made for guests which do not run here. A host without libvirt's run directory says nothing of any
 * guest, and what cannot be read (without root) is no evidence either.
 *
 * @param graceSeconds how old a record has to be: a hook writes it before its guest runs
 */
export async function findStaleOwners(
  system: System,
  owners: readonly OwnerState[],
  graceSeconds: number,
): Promise<StaleOwner[]> {
  const old = owners.filter(({ changed }) => changed > 0 && system.now() - changed >= graceSeconds * 1000);
  const guests = old.flatMap((owner) => guestOf(owner) ?? []);
  if (system.offline || guests.length === 0) return [];
  if (!(await system.list("/run/libvirt")).includes("qemu")) return [];
  const names = (await system.list(runDirectory)).filter((name) => name.endsWith(".xml"));
  const running = new Set(names);
  const xml = guests.some(({ mac }) => mac !== null) ? await readAll(system, names) : null;
  return guests.flatMap(({ owner, name, mac }): StaleOwner[] => {
    if (name !== null) {
      return running.has(`${name}.xml`) ? [] : [{ owner, evidence: `no ${runDirectory}/${name}.xml` }];
    }
    if (mac === null || xml === null || xml.includes(mac)) return [];
    return [{ owner, evidence: `no domain in ${runDirectory} has the MAC ${mac}` }];
  });
}

interface Guest {
  readonly owner: string;
  readonly name: string | null;
  readonly mac: string | null;
}

/** The two kinds of owners whose guests libvirt knows; a router or an admin's document is not tied to a guest. */
function guestOf({ owner }: OwnerState): Guest | null {
  const name = /^libvirt:(.+)$/s.exec(owner)?.[1];
  if (name !== undefined) return { owner, name, mac: null };
  const mac = /^cloudstack:.*:((?:[0-9a-f]{2}:){5}[0-9a-f]{2})$/s.exec(owner)?.[1];
  return mac === undefined ? null : { owner, name: null, mac };
}

/** All domains in one text, in lower case; null if one of them cannot be read. A MAC that stands anywhere counts. */
async function readAll(system: System, names: readonly string[]): Promise<string | null> {
  const texts: string[] = [];
  for (const name of names) {
    const text = await system.readText(`${runDirectory}/${name}`).catch(() => undefined);
    if (text === undefined) return null;
    // One that is gone by now has ended meanwhile.
    texts.push((text ?? "").toLowerCase());
  }
  return texts.join("\n");
}
