/** Where netkeep writes (systemd.network(5): /etc over /run over /usr/lib). */
export const persistentDirectory = "/etc/systemd/network";
export const runtimeDirectory = "/run/systemd/network";

const linkFile = "50-netkeep-link.conf";
const entriesFile = "60-netkeep.conf";
const runtimeFile = "61-netkeep-runtime.conf";
const standalonePattern = /^60-netkeep-(.+)\.network$/;
/** sysctl.d(5): what networkd has no key for. */
export const sysctlDirectory = "/etc/sysctl.d";

/** The three drop-ins of one base file, `baseName` being `10-cloudbr0.network`. */
export function dropInPaths(baseName: string) {
  return {
    link: `${persistentDirectory}/${baseName}.d/${linkFile}`,
    entries: `${persistentDirectory}/${baseName}.d/${entriesFile}`,
    runtimeEntries: `${runtimeDirectory}/${baseName}.d/${runtimeFile}`,
  };
}

/** The base file that netkeep writes for a link that has none. Link names have no slash, so this stays in its directory. */
export function standalonePath(link: string): string {
  return `${persistentDirectory}/60-netkeep-${link}.network`;
}

/** The files of a bridge that netkeep makes, besides its base file, which is at `standalonePath`, and its drop-ins. */
export function bridgePaths(link: string) {
  return {
    netdev: `${persistentDirectory}/60-netkeep-${link}.netdev`,
    sysctl: `${sysctlDirectory}/60-netkeep-${link}.conf`,
  };
}

/** The link of a `.netdev` file of ours, else null. */
export function netdevLink(path: string): string | null {
  const [directory, file] = split(path);
  return directory === persistentDirectory ? (/^60-netkeep-(.+)\.netdev$/.exec(file)?.[1] ?? null) : null;
}

/** The link of a file of ours in sysctl.d, else null. */
export function sysctlLink(path: string): string | null {
  const [directory, file] = split(path);
  return directory === sysctlDirectory ? (/^60-netkeep-(.+)\.conf$/.exec(file)?.[1] ?? null) : null;
}

/** Whether networkd reads this file of ours; else it is for systemd-sysctl. */
export function isForNetworkd(path: string): boolean {
  return sysctlLink(path) === null;
}

/** Whether `path` is a `.network` file or drop-in of ours: what networkd loads for a link that exists. */
export function isLinkFile(path: string): boolean {
  return isGenerated(path) && netdevLink(path) === null && sysctlLink(path) === null;
}

/** Whether `path` is a file that netkeep generates, and so may rewrite and remove. */
export function isGenerated(path: string): boolean {
  if (standaloneLink(path) !== null || netdevLink(path) !== null || sysctlLink(path) !== null) return true;
  const [directory, file] = split(path);
  const inPersistent = directory.startsWith(`${persistentDirectory}/`) && (file === linkFile || file === entriesFile);
  const inRuntime = directory.startsWith(`${runtimeDirectory}/`) && file === runtimeFile;
  return directory.endsWith(".network.d") && (inPersistent || inRuntime);
}

/** Whether `path` is one of the two files that carry entries. */
export function carriesEntries(path: string): boolean {
  return isGenerated(path) && /\/6[01]-netkeep(-runtime)?\.conf$/.test(path);
}

/** The link of a standalone base file of ours, else null. */
export function standaloneLink(path: string): string | null {
  const [directory, file] = split(path);
  return directory === persistentDirectory ? (standalonePattern.exec(file)?.[1] ?? null) : null;
}

/** `10-cloudbr0.network` for a drop-in of ours. */
export function baseNameOf(dropInPath: string): string {
  return split(split(dropInPath)[0])[1].replace(/\.d$/, "");
}

function split(path: string): [string, string] {
  const slash = path.lastIndexOf("/");
  return [path.slice(0, slash), path.slice(slash + 1)];
}
