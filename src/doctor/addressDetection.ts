import { type Check, fail, isBridge, type Outcome, ok, skip, warn } from "./check.ts";
import type { FileAddress, LinkSituation } from "./facts.ts";
import { printLines, writeFile } from "./shell.ts";

export const addressDetection: Check = {
  code: "address-detection",
  about: "gateway addresses are set without a search for duplicates",
  why:
    "networkd looks for duplicates of 169.254.0.0/16 addresses by default: the address is away for 5 to 6 s at a restart, " +
    "on 252 for some milliseconds at each reload, and is never set on a bridge without ports. With the last IPv4 address " +
    "the kernel drops all IPv4 routes and neighbors of the link. An IPv6 address stays tentative without carrier, and the " +
    "link stays configuring.",
  examine: ({ links }) => links.map(examineAddresses),
};

function examineAddresses(link: LinkSituation): Outcome {
  const { name, files } = link;
  if (files === null) return skip(name, "no base file applies, see base-file");
  const four = files.addresses.filter((address) => address.family === 4 && address.linkLocal && address.detected);
  const six = files.addresses.filter((address) => address.family === 6 && address.detected && isBridge(link));
  // From the last line to the first, so that a repair moves no line of another.
  const wrong = [...four, ...six].sort((a, b) => b.line - a.line);
  if (wrong.length === 0) return ok(name, "no address waits for that");
  const evidence = wrong.map(
    ({ path, line, value }) => `${path}:${line}: ${value} without DuplicateAddressDetection=none`,
  );
  const stays = "# from 257 on a bridge without ports stays configuring until it gets one, or networkd is restarted";
  const fix = [
    ...wrong.flatMap((address) => mend(address, files.base)),
    "networkctl reload",
    ...(four.length > 0 ? [stays] : []),
  ];
  return four.length > 0 ? fail(name, evidence, fix) : warn(name, evidence, fix);
}

/** In [Network] there is no place for the setting, and files below /run and /usr are written by others. */
function mend({ path, line, value, section, detection }: FileAddress, base: string): string[] {
  const moved = ["[Address]", `Address=${value}`, "DuplicateAddressDetection=none"];
  if (!path.startsWith("/etc/")) {
    const name = base.slice(base.lastIndexOf("/") + 1);
    const file = `/etc/systemd/network/${name}.d/99-address-${value.replace(/[^0-9a-f.]+/g, "-")}.conf`;
    return writeFile(file, moved);
  }
  if (detection !== null) return [`sed -i '${detection.line}s/=.*/=none/' ${detection.path}`];
  if (section) return [`sed -i '${line}a DuplicateAddressDetection=none' ${path}`];
  return [`sed -i '${line}d' ${path}`, `${printLines(["", ...moved])} >> ${path}`];
}
