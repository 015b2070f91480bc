import { assignments, type Section } from "./scan.ts";

/**
 * Whether a reload on networkd 252 takes the link's IPv4 address away for a moment although KeepConfiguration=static is
 * set: an address in 169.254.0.0/16 without DuplicateAddressDetection=none goes through conflict detection again
 * (measured: 2 to 9 ms, and with the last IPv4 address the kernel drops all IPv4 routes and neighbors of the link).
 *
 * @param sections of the base file and its drop-ins
 */
export function hasFlappingAddress(sections: readonly Section[]): boolean {
  const inAddressSections = sections
    .filter((section) => section.name === "Address")
    .some((section) => {
      const value = (key: string) => section.assignments.filter((item) => item.key === key).at(-1)?.value ?? "";
      return (
        isLinkLocal4(value("Address")) && !/^(none|ipv6|no|false|0|off)$/i.test(value("DuplicateAddressDetection"))
      );
    });
  return inAddressSections || assignments(sections, "Network", "Address").some((item) => isLinkLocal4(item.value));
}

function isLinkLocal4(address: string): boolean {
  return address.startsWith("169.254.");
}
