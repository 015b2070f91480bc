import type { Namespace } from "../../support/namespace.ts";

const folder = "/run/shadow";

/**
 * Puts programs of our own before those of the same names: each runs its lines of sh, and then the real one, which is
 * `$real` in them.
 *
 * @returns the environment in which they are found
 */
export async function shadow(ns: Namespace, programs: Readonly<Record<string, string>>): Promise<{ PATH: string }> {
  const path = process.env["PATH"];
  await ns.sh(`rm -rf ${folder}; mkdir ${folder}`);
  for (const [name, lines] of Object.entries(programs)) {
    await ns.write(
      `${folder}/${name}`,
      `#!/bin/sh\nreal=$(PATH=${path}; command -v ${name})\n${lines}\nexec $real "$@"\n`,
    );
  }
  await ns.sh(`chmod +x ${folder}/*`);
  return { PATH: `${folder}:${path}` };
}
