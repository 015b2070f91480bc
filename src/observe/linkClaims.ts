import type { LinkClaim } from "../model/link.ts";
import type { System } from "../system/system.ts";
import { isWanted } from "./networkdStart.ts";

type Subject = { readonly name: string; readonly index: number | null };

/** Files that say which links ifupdown looks after. */
export const ifupdownPlaces = {
  state: "/run/network/ifstate",
  main: "/etc/network/interfaces",
  more: "/etc/network/interfaces.d",
  program: "/usr/sbin/ifup",
} as const;

const profileDirectories = ["/etc", "/run", "/usr/lib"].map((top) => `${top}/NetworkManager/system-connections`);

/**
 * Which programs other than networkd look after a link, by what they have written down. Files only: it is asked at each
 * run, and before there is a bus.
 *
 * @param links `index` null for a link that does not exist
 * @returns link → its claims; a link that nobody claims is left out
 */
export async function observeClaims(
  system: System,
  links: readonly Subject[],
): Promise<ReadonlyMap<string, readonly LinkClaim[]>> {
  const [networkManager, ifupdown] = await Promise.all([readNetworkManager(system), readIfupdown(system)]);
  const claims = new Map<string, readonly LinkClaim[]>();
  for (const link of links) {
    const found = [
      await claimOfNetworkManager(system, link, networkManager),
      await claimInUdev(system, link),
      claimOfIfupdown(link, ifupdown),
    ].filter((claim) => claim !== null);
    if (found.length > 0) claims.set(link.name, found);
  }
  return claims;
}

interface NetworkManagerFiles {
  readonly runs: boolean;
  /** Its profiles, where it runs or starts at boot. */
  readonly profiles: readonly { readonly path: string; readonly text: string }[];
}

/** Its cgroup is there as long as it runs: the files in /run outlive it. */
async function readNetworkManager(system: System): Promise<NetworkManagerFiles> {
  const unit = "system.slice/NetworkManager.service";
  const cgroups = system.offline ? [] : [`/sys/fs/cgroup/${unit}`, `/sys/fs/cgroup/systemd/${unit}`];
  const found = await Promise.all(cgroups.map((path) => system.modified(path)));
  const runs = found.some((time) => time !== null);
  if (!runs && !(await isWanted(system, /^NetworkManager\.service$/))) return { runs, profiles: [] };
  return { runs, profiles: (await Promise.all(profileDirectories.map((path) => textsIn(system, path)))).flat() };
}

/** What it says of the device; before it has said anything, a profile for the name. */
async function claimOfNetworkManager(
  system: System,
  { name, index }: Subject,
  { runs, profiles }: NetworkManagerFiles,
): Promise<LinkClaim | null> {
  const path = `/run/NetworkManager/devices/${index}`;
  const text = runs && index !== null ? await readQuietly(system, path) : null;
  if (text !== null) {
    const managed = /^managed=(true|1)$/m.test(text);
    return managed ? { name: "NetworkManager", evidence: `${path} says managed=true` } : null;
  }
  const profile = profiles.find((candidate) => linesOf(candidate.text).includes(`interface-name=${name}`));
  return profile === undefined ? null : { name: "NetworkManager", evidence: `${profile.path} is its profile` };
}

/** systemd.net-naming-scheme(7) and udev(7): programs that set up links name themselves there. */
async function claimInUdev(system: System, { index }: Subject): Promise<LinkClaim | null> {
  const text = index === null ? null : await readQuietly(system, `/run/udev/data/n${index}`);
  const by = /^E:ID_NET_MANAGED_BY=(.+)$/m.exec(text ?? "")?.[1];
  if (by === undefined || by === "io.systemd.Network") return null;
  return { name: "another program", evidence: `the udev property ID_NET_MANAGED_BY is ${by}` };
}

interface IfupdownFiles {
  readonly state: string;
  readonly stanzas: readonly { readonly path: string; readonly text: string }[];
}

/** null where it is not installed: its configuration outlives it. */
async function readIfupdown(system: System): Promise<IfupdownFiles | null> {
  const { program, state, main, more } = ifupdownPlaces;
  if ((await system.modified(program)) === null && (await system.modified("/sbin/ifup")) === null) return null;
  const text = await readQuietly(system, main);
  const stanzas = [...(text === null ? [] : [{ path: main, text }]), ...(await textsIn(system, more))];
  return { state: (await readQuietly(system, state)) ?? "", stanzas };
}

/** interfaces(5): a stanza for the link, or that it is up by ifup(8). */
function claimOfIfupdown({ name }: Subject, files: IfupdownFiles | null): LinkClaim | null {
  if (files === null) return null;
  if (linesOf(files.state).some((line) => line.startsWith(`${name}=`))) {
    return { name: "ifupdown", evidence: `${ifupdownPlaces.state} lists it` };
  }
  for (const { path, text } of files.stanzas) {
    const line = linesOf(text).findIndex((words) => {
      const [keyword, link] = words.trim().split(/\s+/);
      return keyword === "iface" && link === name;
    });
    if (line >= 0) return { name: "ifupdown", evidence: `${path}:${line + 1} has a stanza for it` };
  }
  return null;
}

function linesOf(text: string): string[] {
  return text.split("\n");
}

async function textsIn(system: System, directory: string): Promise<{ path: string; text: string }[]> {
  const names = await system.list(directory).catch(() => []);
  const texts = await Promise.all(names.map((name) => readQuietly(system, `${directory}/${name}`)));
  return names.flatMap((name, index) => {
    const text = texts[index];
    return text == null ? [] : [{ path: `${directory}/${name}`, text }];
  });
}

/** Profiles are for root only, and a file may be gone already: what cannot be read says nothing. */
function readQuietly(system: System, path: string): Promise<string | null> {
  return system.readText(path).catch(() => null);
}
