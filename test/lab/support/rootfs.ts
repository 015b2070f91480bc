/**
 * Debian root file systems for the lab: built once per recipe, kept outside git, never written to afterwards.
 *
 * A cached tree is either whole or not there: it is built under another name and renamed. The mirror is the one that
 * mmdebstrap finds by itself, or `NETKEEP_LAB_MIRROR`.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { debs, type Recipe, recipeFor, type Suite } from "./recipe.ts";

/** Returns the path of a read-only tree; makes it first if this machine does not have it yet (most of a minute). */
export async function ensureRootfs(suite: Suite): Promise<string> {
  const recipe = recipeFor(suite);
  const cache = process.env["NETKEEP_LAB_CACHE"] ?? "/var/cache/netkeep-lab";
  const tree = join(cache, `${suite}-${recipeHash(recipe)}`);
  if (existsSync(tree)) return tree;

  await mkdir(cache, { recursive: true });
  await sweepInterruptedBuilds(cache);
  const building = await mkdtemp(join(cache, `${buildPrefix}${process.pid}-`));
  try {
    await buildTree(recipe, join(building, "tree"));
    await rename(join(building, "tree"), tree);
  } catch (error) {
    // Another run may have finished the same recipe in the meantime: its tree is as good as ours.
    if (!existsSync(tree)) throw error;
  } finally {
    await removeTree(building);
  }
  return tree;
}

/** Installs what an image holds, in a writable copy of it: without the network, for all that it depends on is there. */
export async function installHeld(root: string, name: string): Promise<void> {
  const install = `exec apt-get install -y -q ${debs}/${name}_*.deb`;
  await execa("chroot", [root, "sh", "-c", install], { env: { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" } });
}

/** One file system only: a build or a container that was interrupted may have left /proc or /sys mounted below. */
export async function removeTree(path: string): Promise<void> {
  await execa("rm", ["-rf", "--one-file-system", path], { reject: false });
}

const buildPrefix = ".build-";

function recipeHash(recipe: Recipe): string {
  return createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 12);
}

async function buildTree(recipe: Recipe, target: string): Promise<void> {
  const mirror = process.env["NETKEEP_LAB_MIRROR"];
  // A tree that a power loss would spoil is not renamed to where it counts.
  const options = ["--variant=minbase", "--mode=root", "--quiet", "--dpkgopt=force-unsafe-io"];
  const download = `mkdir -p "$1${debs}" && cd "$1${debs}" && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get download -q`;
  const content = [`--include=${recipe.packages.join(",")}`, `--customize-hook=${download} ${recipe.held.join(" ")}`];
  await execa("mmdebstrap", [...options, ...content, recipe.suite, target, ...(mirror ? [mirror] : [])], {
    env: { LC_ALL: "C" },
    stdin: "ignore",
    timeout: 600_000,
  });
  await keepOnlyUdevRules(target, recipe.udevRules);
  await execa("systemctl", [`--root=${target}`, "--quiet", "disable", ...recipe.disabled], { reject: false });
  for (const [path, text] of Object.entries(recipe.files)) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), text, { mode: 0o644 });
  }
  for (const [path, to] of Object.entries(recipe.links)) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await rm(join(target, path), { force: true });
    await symlink(to, join(target, path));
  }
}

async function keepOnlyUdevRules(tree: string, keep: readonly string[]): Promise<void> {
  const dir = join(tree, "usr/lib/udev/rules.d");
  for (const name of await readdir(dir)) {
    if (!keep.includes(name)) await rm(join(dir, name));
  }
}

async function sweepInterruptedBuilds(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(buildPrefix)) continue;
    const owner = name.slice(buildPrefix.length).split("-")[0];
    if (!existsSync(`/proc/${owner}`)) await removeTree(join(cache, name));
  }
}
