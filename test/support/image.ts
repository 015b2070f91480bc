import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryFolder } from "./cli.ts";

export const guest = `version: 1
guests:
  - { name: i-2-10-VM, dev: cloudbr0, mac: "52:02:45:76:d2:35", addresses: [2.57.57.30] }
`;
const base = "[Match]\nName=cloudbr0\n\n[Network]\nLinkLocalAddressing=no\n";

/** A root directory with these files, gone after the test. */
export function image(files: Readonly<Record<string, string>> = {}): string {
  const root = temporaryFolder();
  for (const [path, text] of Object.entries({ "/etc/systemd/network/10-cloudbr0.network": base, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

export const desired = { "/etc/netkeep/desired.d/i-2-10-VM.yaml": guest };
