/**
 * A private, writable copy of a cached tree for one container: an overlay mount over it, in a temp folder.
 *
 * The upper directory outlives the container, so that a reboot finds what was written. Where the temp folder can not
 * hold an upper directory (it is an overlay itself, as in some CI containers), the tree is copied instead.
 */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { removeTree } from "./rootfs.ts";

export interface WritableTree {
  /** Folder of this tree: mount point, upper and work directory, and the console log. */
  readonly folder: string;
  readonly root: string;
}

export async function makeWritable(lower: string): Promise<WritableTree> {
  await sweepAbandonedTrees();
  const folder = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
  const [root, upper, work] = [join(folder, "root"), join(folder, "upper"), join(folder, "work")];
  for (const dir of [root, upper, work]) await mkdir(dir, { mode: 0o755 });
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  const mounted = await execa("mount", ["-t", "overlay", "-o", options, "netkeep-lab", root], { reject: false });
  if (mounted.failed) await execa("cp", ["-a", "--reflink=auto", `${lower}/.`, root]);
  return { folder, root };
}

/** Lazy: a straggler that still has a file open must not keep the folder alive. */
export function removalCommands(tree: WritableTree): string[][] {
  return [
    ["umount", "--lazy", "--recursive", tree.root],
    ["rm", "-rf", "--one-file-system", tree.folder],
  ];
}

const prefix = "netkeep-lab-";

/** Folders of runs that were killed without a chance to clean up. The name says who made them. */
async function sweepAbandonedTrees(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = /^netkeep-lab-(\d+)-/.exec(name)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    await execa("umount", ["--lazy", "--recursive", join(tmpdir(), name, "root")], { reject: false });
    await removeTree(join(tmpdir(), name));
  }
}
