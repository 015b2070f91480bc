/** Lines for a shell that set sysctls now and at each boot; systemd-sysctl sets those of a link when it appears. */
export function setSysctls(name: string, values: Readonly<Record<string, number | string>>): string[] {
  const file = `/etc/sysctl.d/90-netkeep-${name}.conf`;
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
  return [`${printLines(lines)} > ${file}`, `sysctl -p ${file}`];
}

/** Lines for a shell that write a whole file. No here-document: it would not survive being copied with its indent. */
export function writeFile(path: string, lines: readonly string[]): string[] {
  const directory = path.slice(0, path.lastIndexOf("/"));
  return [`mkdir -p ${directory}`, `${printLines(lines)} > ${path}`];
}

/** A command that prints these lines; they have no quotes. */
export function printLines(lines: readonly string[]): string {
  return `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(" ")}`;
}

/** The key of a setting of one link. A dot in its name would part the key: slashes are the other spelling of sysctl(8). */
export function linkKey(family: "ipv4" | "ipv6", link: string, key: string): string {
  return link.includes(".") ? `net/${family}/conf/${link}/${key}` : `net.${family}.conf.${link}.${key}`;
}

/** The names of a list in one line, the first ones if there are many. */
export function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

/** Has networkd set again what the kernel has dropped of a link, and then netkeep what is its own. */
export function setAgain(link: string, base: string | null): string[] {
  const again =
    base?.startsWith("/etc/") === true ? [`touch ${base}`, "networkctl reload"] : [`networkctl reconfigure ${link}`];
  return [...again, "netkeep audit --repair"];
}
