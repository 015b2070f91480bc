import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { listDirectory, readTextFile, removeQuietly, writeAtomic } from "../../src/system/files.ts";
import { acquireLock } from "../../src/system/lock.ts";
import { writeManyAtomic } from "../../src/system/manyFiles.ts";
import { readPacked, writePacked } from "../../src/system/packed.ts";
import { readUnitFiles } from "../../src/system/units.ts";
import { temporaryFolder } from "../support/cli.ts";

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("writeAtomic", () => {
  test("0644 and 0755 whatever the umask, for file and new directories", async () => {
    const folder = temporaryFolder();
    const old = process.umask(0o077);
    try {
      await writeAtomic(join(folder, "a/b.network.d/60.conf"), "text\n");
    } finally {
      process.umask(old);
    }
    expect(readFileSync(join(folder, "a/b.network.d/60.conf"), "utf8")).toBe("text\n");
    expect([
      mode(join(folder, "a")),
      mode(join(folder, "a/b.network.d")),
      mode(join(folder, "a/b.network.d/60.conf")),
    ]).toEqual(["755", "755", "644"]);
  });

  test("a new inode, so that networkd notices; nothing else is left in the directory", async () => {
    const path = join(temporaryFolder(), "60.conf");
    await writeAtomic(path, "one");
    const before = statSync(path).ino;
    await writeAtomic(path, "two");
    expect(statSync(path).ino).not.toBe(before);
    expect(readdirSync(join(path, ".."))).toEqual(["60.conf"]);
  });

  test("sweeps what a killed run left for the same path, and no more", async () => {
    const folder = temporaryFolder();
    for (const name of [".60.conf.tmp", ".61.conf.tmp", ".60.conf.swp", "60.conf.tmp"])
      writeFileSync(join(folder, name), "x");
    await writeAtomic(join(folder, "60.conf"), "text");
    expect(readdirSync(folder).sort()).toEqual([".60.conf.swp", ".61.conf.tmp", "60.conf", "60.conf.tmp"]);
  });

  test.each(["a directory", "a symbolic link"])("refuses %s in the place of the file, and leaves it", async (what) => {
    const folder = temporaryFolder();
    const path = join(folder, "60.conf");
    if (what === "a directory") mkdirSync(path);
    else symlinkSync("/etc/hostname", path);
    await expect(writeAtomic(path, "text")).rejects.toThrow(`cannot write ${path}: is ${what}; move it away`);
    expect(readdirSync(folder)).toEqual(["60.conf"]);
  });

  test("takes the place of a symbolic link where that is asked for, and leaves what it named", async () => {
    const folder = temporaryFolder();
    const [path, other] = [join(folder, "60.conf"), join(folder, "elsewhere")];
    writeFileSync(other, "old");
    symlinkSync(other, path);
    await writeAtomic(path, "new", true);
    expect([lstatSync(path).isFile(), readFileSync(path, "utf8"), readFileSync(other, "utf8")]).toEqual([
      true,
      "new",
      "old",
    ]);
  });
});

describe("writeManyAtomic", () => {
  const manyIn = (folder: string, count: number) =>
    Array.from({ length: count }, (_, n) => ({ path: join(folder, `owners/${n % 2}/${n}.json`), text: `${n}\n` }));

  test("more files than descriptors that may be open: each is there, with its mode, and nothing else", async () => {
    const folder = temporaryFolder();
    const files = manyIn(folder, 1500);
    writeFileSync(join(folder, "owners"), "");
    await expect(writeManyAtomic(files)).rejects.toThrow(`cannot write ${files[0]?.path}`);
    await removeQuietly(join(folder, "owners"));
    await writeManyAtomic(files);
    for (const { path, text } of files) expect(readFileSync(path, "utf8")).toBe(text);
    expect(mode(files[0]?.path ?? "")).toBe("644");
    expect(mode(join(folder, "owners/0"))).toBe("755");
    expect(readdirSync(join(folder, "owners/0")).length + readdirSync(join(folder, "owners/1")).length).toBe(1500);
    expect(readdirSync("/proc/self/fd").length).toBeLessThan(200);
  });

  test("what cannot be written is named, and leaves no temporary file", async () => {
    const folder = temporaryFolder();
    const files = manyIn(folder, 10);
    await writeManyAtomic(files.slice(0, 5));
    const wrong = { path: join(folder, "owners/0"), text: "" };
    await expect(writeManyAtomic([...files, wrong])).rejects.toThrow(`${wrong.path}: is a directory`);
    const left = ["0", "1"].flatMap((name) => readdirSync(join(folder, "owners", name)));
    expect(left.sort()).toEqual(["0.json", "1.json", "2.json", "3.json", "4.json"]);
  });
});

test("a packed text is small, comes back as it was, and half of it is an error", async () => {
  const path = join(temporaryFolder(), "a.json.gz");
  const text = "Address=2.57.57.30 \u00fc\n".repeat(1000);
  await writePacked(path, text);
  expect(readPacked(path)).toBe(text);
  const packed = readFileSync(path);
  expect(gunzipSync(packed).toString()).toBe(text);
  expect(packed.length).toBeLessThan(text.length / 20);
  writeFileSync(path, packed.subarray(0, packed.length / 2));
  expect(() => readPacked(path)).toThrow();
  expect(() => readPacked(`${path}.gone`)).toThrow();
});

test("removeQuietly: a missing file is no error, and an empty *.d goes with its last file", async () => {
  const folder = temporaryFolder();
  const [one, two] = [join(folder, "x.network.d/1.conf"), join(folder, "x.network.d/2.conf")];
  await writeAtomic(one, "");
  await writeAtomic(two, "");
  await removeQuietly(one);
  expect(existsSync(two)).toBe(true);
  await removeQuietly(two);
  expect(existsSync(join(folder, "x.network.d"))).toBe(false);
  await removeQuietly(two);
  await removeQuietly(join(folder, "nowhere/at/all"));
  expect(readdirSync(folder)).toEqual([]);
});

test("what is not there reads as nothing", async () => {
  const folder = temporaryFolder();
  expect(await readTextFile(join(folder, "a"))).toBeNull();
  expect(await listDirectory(join(folder, "a"))).toEqual([]);
  await expect(readTextFile(folder)).rejects.toThrow(`cannot read ${folder}`);
});

test("unit files as user systemd-network finds them", async () => {
  const root = temporaryFolder();
  const etc = join(root, "etc/systemd/network");
  mkdirSync(join(etc, "10-a.network.d"), { recursive: true });
  mkdirSync(join(etc, "20-closed.network.d"));
  mkdirSync(join(etc, "dir.network"));
  writeFileSync(join(etc, "10-a.network"), "A");
  writeFileSync(join(etc, "10-a.network.d/50.conf"), "B");
  writeFileSync(join(etc, "10-a.network.d/.60.conf.aa.tmp"), "");
  writeFileSync(join(etc, "20-closed.network.d/50.conf"), "C");
  writeFileSync(join(etc, "30-secret.network"), "S");
  chmodSync(join(etc, "30-secret.network"), 0o600);
  chmodSync(join(etc, "20-closed.network.d"), 0o700);
  symlinkSync("/dev/null", join(etc, "40-masked.network"));
  symlinkSync("/nonexistent", join(etc, "50-dangling.network"));
  symlinkSync("10-a.network", join(etc, "60-link.network"));
  mkdirSync(join(root, "run/systemd/network"), { recursive: true });
  chmodSync(join(root, "run/systemd/network"), 0o700);
  const found = await readUnitFiles(root, ["/etc/systemd/network", "/run/systemd/network"], [".network"]);
  expect(found.map(({ path, kind }) => [path.replace("/etc/systemd/network/", ""), kind])).toEqual([
    ["10-a.network", "text"],
    ["10-a.network.d/50.conf", "text"],
    ["20-closed.network.d", "unreadable"],
    ["30-secret.network", "unreadable"],
    ["40-masked.network", "null"],
    ["50-dangling.network", "dangling"],
    ["60-link.network", "text"],
    ["dir.network", "unreadable"],
    ["/run/systemd/network", "unreadable"],
  ]);
  expect([found[0], found[6]].map((file) => file?.kind === "text" && file.target)).toEqual([undefined, "10-a.network"]);
  expect(found[2]).toMatchObject({ reason: "mode 0700: user systemd-network may not enter it" });
  expect(found[3]).toMatchObject({ reason: "mode 0600: user systemd-network may not read it", text: "S" });
});

describe("the lock", () => {
  test("one at a time; the second waits, and gives up with 75", async () => {
    const path = join(temporaryFolder(), "run/netkeep/lock");
    const held = await acquireLock(path, 1);
    const begun = Date.now();
    await expect(acquireLock(path, 1)).rejects.toThrow(`another netkeep has held ${path} for 1 s; try again later`);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(900);
    closeSync(held);
    closeSync(await acquireLock(path, 1));
  });

  test("ends with the process, however it ends", async () => {
    const path = join(temporaryFolder(), "lock");
    const holder = spawnSync("flock", ["-x", path, "sh", "-c", "kill -9 $$"]);
    expect(holder.status).not.toBe(0);
    closeSync(await acquireLock(path, 1));
  });
});
