import { type Check, fail, ok } from "./check.ts";
import type { LostFile } from "./facts.ts";
import { someOf } from "./shell.ts";

export const unitFiles: Check = {
  code: "unit-files",
  about: "networkd can read and parse every file",
  why:
    "networkd runs as user systemd-network. It drops a link with all its entries if it cannot read or parse one of the " +
    "link's files, or enter their directory, and says so at most in its journal.",
  examine: ({ lostFiles }) => {
    if (lostFiles.length === 0) return [ok(null, "networkd can read all of its files")];
    const evidence = lostFiles.map(({ path, line, reason }) => `${path}${line > 0 ? `:${line}` : ""}: ${reason}`);
    return [fail(null, evidence, [...lostFiles.map(repair), "networkctl reload"])];
  },
};

function repair({ path, line, reason, directory }: LostFile): string {
  if (line > 0) return `# mend line ${line} of ${path}: ${reason}`;
  if (directory) return `chmod 0755 ${path}`;
  return reason.startsWith("mode ") ? `chmod 0644 ${path}` : `# move ${someOf([path])} away: ${reason}`;
}
