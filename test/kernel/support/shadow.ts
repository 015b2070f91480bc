import type { Namespace } from "../../support/namespace.ts";

const folder = "/run/shadow";

/**
 * Puts programs of our own before those of the same names: each runs its lines of sh, and then the real one, which is
 * `$real` in them.
 *
 * @returns the environment in which they are found
 */
export async function shadow(ns: Namespace, programs: Readonly<Record<string, string>>): Promise<{ PATH: string }> {
  await ns.sh(`rm -rf ${folder}; mkdir ${folder}`);
  for (const [name, lines] of Object.entries(programs)) {
    const real = (await ns.sh(`command -v ${name}`)).trim();
    await ns.write(`${folder}/${name}`, `#!/bin/sh\nreal=${real}\n${lines}\nexec $real "$@"\n`);
    await ns.sh(`chmod +x ${folder}/${name}`);
  }
  return { PATH: `${folder}:${process.env["PATH"]}` };
}
