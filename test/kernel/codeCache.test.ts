import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { inNamespace, type Namespace, type Output } from "../support/namespace.ts";

const bundle = new URL("../../dist/netkeep.mjs", import.meta.url).pathname;
const versions = [18, 20, 22, 24];
const binary = (version: number) =>
  new URL(`../runtimes/node_modules/node-${version}/bin/node`, import.meta.url).pathname;
const missing = versions.filter((version) => !existsSync(binary(version)));
const cache = "/var/cache/netkeep/show";

const show = (ns: Namespace, version: number, args: readonly string[] = []) =>
  ns.run(binary(version), [...args, bundle, "show", "--json=short"]);
const state = async (ns: Namespace) => (await ns.sh(`stat -c '%i %Y %s' ${cache}`)).trim();
const isRight = ({ status, stdout, stderr }: Output) => {
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^no owners: .*\n$/) });
  expect(JSON.parse(stdout)).toMatchObject({ owners: [] });
};

/** An empty cache of its own, as the package makes it. */
const empty = (ns: Namespace) =>
  ns.sh("umount /var/cache/netkeep; mount -t tmpfs -o mode=755 tmpfs /var/cache/netkeep");

/** Inverts the byte: a fixed one would be what stands there already once in 256 runs. */
const flipped = (at: number) => `
  byte=$((255 - $(od -An -tu1 -j${at} -N1 ${cache})))
  printf "\\x$(printf %02x $byte)" | dd of=${cache} bs=1 seek=${at} conv=notrunc status=none`;

/** After this the cache is used: a run that did not take all its code from there would write it anew. */
async function fill(ns: Namespace, version: number): Promise<void> {
  for (let run = 0; run < 3; run++) isRight(await show(ns, version));
  const filled = await state(ns);
  isRight(await show(ns, version));
  expect(await state(ns)).toBe(filled);
}

test.concurrent.for(versions)(
  "Node %i: a cache that is damaged or not root's is not used, and replaced where it can be",
  async (version, context) => {
    if (missing.length > 0) context.skip("npm ci --prefix test/runtimes --no-bin-links");
    await inNamespace(async (ns) => {
      await empty(ns);
      await fill(ns, version);
      const good = await state(ns);
      await ns.sh(`cp -p ${cache} /run/good`);
      const size = Number(good.split(" ")[2]);
      const flips = [5, 36, Math.floor(size / 2)];
      const damages = [
        ...flips.map(flipped),
        ...[0, 36, size - 1].map((length) => `truncate -s ${length} ${cache}`),
        `dd if=/dev/zero of=${cache} bs=${size} count=1 status=none`,
      ];
      for (const damage of damages) {
        await ns.sh(damage);
        const damaged = await state(ns);
        isRight(await show(ns, version));
        expect(await state(ns), damage).not.toBe(damaged);
        await ns.sh(`cp -p /run/good ${cache}`);
      }
      for (const [give, take] of [
        [`chmod 0664 ${cache}`, `chmod 0644 ${cache}`],
        [`chown 1 ${cache}`, `chown 0 ${cache}`],
        [`chmod 0777 /var/cache/netkeep`, `chmod 0755 /var/cache/netkeep`],
        [`mv ${cache} /run/moved && ln -s /run/moved ${cache}`, `mv /run/moved ${cache}`],
      ]) {
        await ns.sh(String(give));
        isRight(await show(ns, version));
        await ns.sh(String(take));
      }
    })();
  },
);

test.concurrent(
  "another Node replaces the cache, and does not take what is in it",
  { skip: missing.length > 0 },
  inNamespace(async (ns) => {
    await empty(ns);
    for (const version of [20, 18, 20]) await fill(ns, version);
    expect((await ns.sh("ls -A /var/cache/netkeep")).trim()).toBe("show");
  }),
);

test.concurrent(
  "nothing is written without the directory, for --root, under flags, for wrong words, and by others than root",
  inNamespace(async (ns) => {
    await empty(ns);
    const node = process.execPath;
    await ns.netkeep(["show", "--root", "/run/docs"]);
    await ns.netkeep(["show", "--root=/run/docs"]);
    await ns.run(node, ["--stack-size=900", bundle, "show"]);
    await ns.netkeep(["show"], { env: { NODE_OPTIONS: "--no-warnings" } });
    expect((await ns.netkeep(["nonsense"])).status).toBe(64);
    expect((await ns.netkeep(["show", "--nonsense"])).status).toBe(64);
    await ns.run("setpriv", ["--reuid", "1", "--clear-groups", "--inh-caps=-all", node, bundle, "show"]);
    expect(await ns.sh("ls -A /var/cache/netkeep")).toBe("");
    await ns.sh("umount /var/cache/netkeep; rmdir /var/cache/netkeep");
    isRight(await ns.netkeep(["show", "--json=short"]));
    expect(await ns.sh("ls -A /var/cache")).toBe("");
    await ns.sh("mkdir -m 0755 /var/cache/netkeep && mount -t tmpfs -o mode=755,size=4k tmpfs /var/cache/netkeep");
    isRight(await ns.netkeep(["show", "--json=short"]));
    expect(await ns.sh("ls -A /var/cache/netkeep")).toBe("");
  }),
);
