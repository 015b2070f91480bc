// A host in this namespace: a bridge, netkeep as the package installs it, no networkd. An entry is a route or a neighbor.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";

export const link = "br0";
export const bundle = new URL("../../dist/netkeep.mjs", import.meta.url).pathname;
export const netkeep = "/run/bin/netkeep";
export const hook = "/run/bin/netkeep-hook";
const shim = new URL("../../bin/netkeep-hook", import.meta.url).pathname;
const places = ["/etc/netkeep", "/var/lib/netkeep", "/etc/systemd/network", "/run", "/var/cache/netkeep"];

export function setUp() {
  for (const place of places) {
    mkdirSync(place, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", "mode=0755", "tmpfs", place]);
  }
  mkdirSync("/run/bin");
  writeFileSync(netkeep, `#!/bin/sh\nexec ${process.execPath} ${bundle} "$@"\n`);
  copyFileSync(shim, hook);
  chmodSync(netkeep, 0o755);
  chmodSync(hook, 0o755);
  process.env.PATH = `/run/bin:${process.env.PATH}`;
  ip("link", "set", "lo", "up");
  ip("link", "add", link, "address", "02:00:00:00:00:01", "type", "bridge");
  ip("link", "set", link, "up");
}

/** Nothing in the kernel, and nothing on disk but a base file. */
export function empty() {
  for (const family of ["-4", "-6"]) spawnSync("ip", [family, "route", "flush", "dev", link]);
  ip("neigh", "flush", "dev", link, "nud", "permanent");
  for (const place of ["/etc/netkeep", "/var/lib/netkeep", "/etc/systemd/network"]) {
    for (const name of readdirSync(place)) rmSync(`${place}/${name}`, { recursive: true });
  }
  for (const place of ["/run/netkeep", "/run/systemd"]) rmSync(place, { recursive: true, force: true });
  mkdirSync("/etc/netkeep/desired.d");
  // Without it, and without networkd, the link would be kept live, and no file written.
  writeFileSync(`/etc/systemd/network/10-${link}.network`, `[Match]\nName=${link}\n`);
}

/** Guests with one address each: two entries a guest. Writes /run/guests.json, /run/live.json and /run/lines for `ip -batch`. */
export function writeInputs(entries) {
  const numbers = Array.from({ length: entries / 2 }, (_, index) => index + 1);
  const guests = numbers.map((n) => ({ name: `i-2-${n}-VM`, dev: link, mac: macOf(n), addresses: [addressOf(n)] }));
  writeFileSync("/run/guests.json", JSON.stringify({ version: 1, guests }));
  writeFileSync("/run/live.json", JSON.stringify({ version: 1, guests, links: { [link]: { mode: "live" } } }));
  const lines = numbers.flatMap((n) => [
    `neigh replace ${addressOf(n)} lladdr ${macOf(n)} dev ${link} nud permanent protocol 107\n`,
    `route replace ${addressOf(n)}/32 dev ${link} proto 107 scope link\n`,
  ]);
  writeFileSync("/run/lines", lines.join(""));
  writeFileSync("/run/script", `#!/bin/sh\nset -e\n${lines.map((line) => `ip ${line}`).join("")}`);
}

/** Records of an agent's guests with an address of each family, four entries a guest. */
export function writeOwners(entries) {
  mkdirSync("/run/netkeep/owners", { recursive: true });
  for (let n = 0; n < entries / 4; n++) {
    const mac = macOf(n + 1);
    const owner = `cloudstack:${link}:${mac}`;
    const addresses = [addressOf(n + 1), `2001:db8::${(n + 1).toString(16)}`];
    const document = { version: 1, guests: [{ name: owner, dev: link, mac, addresses }] };
    const record = { netkeep: 1, owner, source: "bench", changed: n, document };
    writeFileSync(`/run/netkeep/owners/${owner}.json`, JSON.stringify(record));
  }
}

/** The arguments of the agent's script for a guest that is not among those above. */
export function guestCall(operation, n) {
  const mac = `52:02:00:00:${hex(n >> 8)}:${hex(n & 255)}`;
  const [four, six] = [`198.18.${n >> 8}.${n & 255}`, `2001:db8:ffff::${(n + 1).toString(16)}`];
  const addresses = operation === "add" ? ["-4", four, "-6", six] : [];
  return {
    netkeep: [hook, "--strict", "cloudstack", "-o", operation, "-b", link, "-m", mac, ...addresses],
    /** What agents do today: a shell script with one call of `ip` for each entry. */
    script: ["/bin/bash", "/run/agent.sh", operation, link, mac, four, six],
  };
}

export function writeAgentScript() {
  writeFileSync(
    "/run/agent.sh",
    `set -e
if [ "$1" = add ]; then
  ip neigh replace "$4" lladdr "$3" dev "$2" nud permanent
  ip route replace "$4/32" dev "$2"
  ip -6 neigh replace "$5" lladdr "$3" dev "$2" nud permanent
  ip -6 route replace "$5/128" dev "$2"
else
  ip route del "$4/32" dev "$2"
  ip neigh del "$4" dev "$2"
  ip -6 route del "$5/128" dev "$2"
  ip -6 neigh del "$5" dev "$2"
fi
`,
  );
}

function addressOf(n) {
  return `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
}

function macOf(n) {
  return `52:54:00:${hex(n >> 16)}:${hex((n >> 8) & 255)}:${hex(n & 255)}`;
}

function hex(byte) {
  return byte.toString(16).padStart(2, "0");
}

function ip(...args) {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
}
