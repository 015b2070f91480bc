import fc from "fast-check";

/** Sound documents of every kind that mutants are made of. */
export const sound = [
  `version: 1
guests:
  - name: i-2-10-VM
    dev: cloudbr0
    mac: 52:02:45:76:d2:35
    addresses: [2.57.57.30, "2001:678:3a4:100::80"]
    link-local: eui64
routers:
  - name: r-42-VM
    upstream: 2001:db8:1::10
    prefixes: ["2001:db8:100::/64"]
links:
  cloudbr0: { carrier: keep }
`,
  `version: 1
routes:
  - { to: 2001:db8:200::/56, via: "fe80::2", dev: cloudbr1, metric: 200, table: 100, mtu: 1400 }
  - { to: 203.0.113.0/24, type: blackhole, dev: cloudbr0 }
  - to: 10.1.0.0/16
    next-hops:
      - { via: 192.0.2.2, dev: cloudbr1, weight: 2 }
      - { via: 192.0.2.3, dev: cloudbr1 }
neighbors:
  - { address: "fe80::c00:a9ff:fefe:fe3b", mac: "0e:00:a9:fe:fe:3b", dev: cloud0 }
`,
  `version: 1
rules:
  - { from: 192.0.2.0/24, fwmark: 0x10/0xff, table: 100, priority: 3200, dev: cloudbr0 }
  - { iif: cloudbr1, family: both, type: prohibit, priority: 5, dev: cloudbr1 }
uplinks:
  - { dev: cloudbr1, address: 192.0.2.5/24, gateway: 192.0.2.1, table: 101 }
`,
  `{"version":1,"guests":[{"name":"g","dev":"cloudbr0","mac":"52:02:45:76:d2:35","addresses":["2.57.57.30"]}],"routes":[{"to":"10.9.0.0/16","dev":"cloudbr0"}]}`,
] as const;

const bad = fc.constantFrom(
  ..."300.1.1.1 1.2.3 2001::db8::1 10.0.0.1/24 10.0.0.0/33 fe80::1%eth0 default 224.0.0.1 ::1 0.0.0.0/0".split(" "),
  ..."ff:ff:ff:ff:ff:ff 00:00:00:00:00:00 52:02:45 -1 1.5 .inf .nan 1e400 null true ~ [] {} '' \"\" lo br* ../x".split(
    " ",
  ),
  ..."!!binary !foo &a *a << ? : | > - --- ... %YAML # @ ` \\u0000 \\x07 \u0000 \u0007 \u001b[31m \u2028 \ud800".split(
    " ",
  ),
  "\t",
  "\r\n",
  "\ufeff",
  "eth0\nx",
  "9".repeat(40),
  "a".repeat(5000),
  "[".repeat(2000),
  "{a: ".repeat(2000),
);
const unknown = fc.constantFrom(
  "foo: 1",
  "proto: 4",
  "__proto__: {}",
  "constructor: x",
  "rules: []",
  "fwmark: 1",
  "version: 1",
  "to: x",
  "dev: 5",
);

type Mutation = (text: string) => string;
const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const tokens = (text: string) => text.split(/([\s,[\]{}:"']+)/);
const pick = (place: number, length: number) => Math.floor(place * length);

const byToken: fc.Arbitrary<Mutation> = fc
  .tuple(at, at, bad, fc.constantFrom("delete", "duplicate", "swap", "replace", "replace", "append"))
  .map(([place, other, text, how]) => (source: string) => {
    const words = tokens(source);
    const [i, j] = [pick(place, words.length), pick(other, words.length)];
    if (how === "swap") [words[i], words[j]] = [words[j] ?? "", words[i] ?? ""];
    else
      words[i] =
        { delete: "", duplicate: `${words[i]}${words[i]}`, replace: text, append: `${words[i]}${text}` }[how] ?? "";
    return words.join("");
  });

const byLine: fc.Arbitrary<Mutation> = fc
  .tuple(at, at, unknown, fc.constantFrom("delete", "duplicate", "swap", "indent", "outdent", "key"))
  .map(([place, other, key, how]) => (source: string) => {
    const lines = source.split("\n");
    const [i, j] = [pick(place, lines.length), pick(other, lines.length)];
    const line = lines[i] ?? "";
    const indent = /^ */.exec(line)?.[0] ?? "";
    if (how === "swap") [lines[i], lines[j]] = [lines[j] ?? "", line];
    else {
      const made = {
        delete: [],
        duplicate: [line, line],
        indent: [` ${line}`],
        outdent: [line.slice(1)],
        key: [line, `${indent}${key}`],
      };
      lines.splice(i, 1, ...(made[how] ?? []));
    }
    return lines.join("\n");
  });

const byCharacter: fc.Arbitrary<Mutation> = fc
  .tuple(at, fc.string({ unit: "binary", minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([place, text, over]) => (source: string) => {
    const index = pick(place, source.length);
    return `${source.slice(0, index)}${text}${source.slice(index + (over ? text.length : 0))}`;
  });

const cut: fc.Arbitrary<Mutation> = at.map((place) => (source: string) => source.slice(0, pick(place, source.length)));

/** A sound document after one to three mutations; most are malformed. */
export const mutant = fc
  .tuple(
    fc.constantFrom(...sound),
    fc.array(fc.oneof(byToken, byToken, byLine, byCharacter, cut), { minLength: 1, maxLength: 3 }),
  )
  .map(([text, mutations]) => mutations.reduce<string>((changed, mutate) => mutate(changed), text));

/** Structure: a value at any place of the parsed document replaced by one of another kind. */
export const misshapen = fc.tuple(at, fc.oneof(fc.jsonValue({ maxDepth: 1 }), bad)).map(([place, value]) => {
  const document = JSON.parse(sound[3]);
  const places: [Record<string, unknown>, string][] = [];
  const walk = (node: unknown) => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, inner] of Object.entries(node)) {
      places.push([node as Record<string, unknown>, key]);
      walk(inner);
    }
  };
  walk(document);
  const [parent, key] = places[pick(place, places.length)]!;
  parent[key] = value;
  return JSON.stringify(document);
});
