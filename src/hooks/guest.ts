import { guardProblems } from "../desired/guard.ts";
import { shapeOfValue } from "../desired/plainDocument.ts";
import { type Address, accepted, type Parsed, parseAddress } from "../model/address.ts";
import { type MacAddress, parseMac } from "../model/mac.ts";

/**
 * An address that a guest can have. A document is refused as a whole, so what no document may hold on any host (multicast,
 * loopback, unspecified) is sorted out here, address by address.
 *
 * @param hostAddresses those of the host and its gateways, where they are known
 */
export function parseGuestAddress(text: string, hostAddresses: readonly Address[] = []): Parsed<Address> {
  const parsed = parseAddress(text);
  if ("problem" in parsed) return parsed;
  const entry = { kind: "neighbor", link: anyLink, address: parsed.value, mac: anyMac } as const;
  const [problem] = guardProblems([{ entry, key: "", path: "" }], { ...anyHost, hostAddresses });
  return problem === undefined ? parsed : { problem: problem.message };
}

/** Where a guest is: its link and its MAC, or what is wrong with them by the rules of the document. */
export function parsePlace(dev: string, mac: string): Parsed<{ dev: string; mac: MacAddress }> {
  const { problems } = shapeOfValue({ version: 1, guests: [{ name: "guest", dev, mac, addresses: [] }] });
  const sentences = problems.map(({ path, message }) =>
    path.at(-1) === "dev" ? `link "${dev}": ${message}` : message,
  );
  if (sentences.length > 0) return { problem: sentences.join("; ") };
  return { value: { dev, mac: accepted(parseMac(mac)) } };
}

const anyLink = "any";
const anyMac = "02:00:00:00:00:00" as MacAddress;
const anyHost = { allowsLink: () => true, allowDefaultRoute: true };
