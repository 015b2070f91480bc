/** Where netkeep writes (systemd.network(5): /etc over /run over /usr/lib). */
export const persistentDirectory = "/etc/systemd/network";
export const runtimeDirectory = "/run/systemd/network";

const linkFile = "50-netkeep-link.conf";
const entriesFile = "60-netkeep.conf";
const runtimeFile = "61-netkeep-runtime.conf";
const standalonePattern = /^60-netkeep-(.+)\.network$/;

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

/** Whether `path` is a file that netkeep generates, and so may rewrite and remove. */
export function isGenerated(path: string): boolean {
  if (standaloneLink(path) !== null) return true;
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
