// Makes packages from a built tree: a .deb, and an .rpm where rpmbuild is there. The same sources give the same bytes:
// every time is SOURCE_DATE_EPOCH, or else that of the last commit; nothing depends on the machine or its umask.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { constants, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { directories, files, manuals } from "./packaging/tree.mjs";

process.umask(0o022);
process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const { values: options } = parseArgs({
  options: { output: { type: "string", default: "dist" }, revision: { type: "string", default: "1" } },
});
const about = JSON.parse(readFileSync("package.json", "utf8"));
const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? lastChange());
const work = mkdtempSync(join(tmpdir(), "netkeep-package-"));
const variables = {
  VERSION: about.version,
  MAINTAINER: process.env.NETKEEP_MAINTAINER ?? "netkeep maintainers <maintainers@netkeep.invalid>",
  EPOCH: String(epoch),
  REVISION: options.revision,
};

try {
  const tree = join(work, "tree");
  await fillTree(tree);
  if (has("dpkg-deb")) makeDeb(tree);
  else console.error("no .deb: dpkg-deb is not there");
  if (has("rpmbuild")) makeRpm(tree);
  else console.error("no .rpm: rpmbuild is not there");
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Everything but what belongs to one kind of package. */
async function fillTree(tree) {
  const bundle = join(work, "netkeep.mjs");
  execFileSync(process.execPath, ["scripts/build.mjs", bundle], { stdio: "inherit" });
  for (const [source, to, mode] of files) {
    const from = source === "dist/netkeep.mjs" ? bundle : source;
    put(join(tree, to), readFileSync(from), mode);
  }
  for (const directory of directories) mkdirSync(join(tree, directory), { recursive: true });
  for (const page of manuals)
    put(join(tree, `usr/share/man/man${page.at(-1)}/${page}.gz`), gzip(readFileSync(`docs/${page}`)));
  put(join(tree, "usr/share/man/man8/netkeep-hook.8.gz"), gzip(".so man7/netkeep-hooks.7\n"));
  for (const name of readdirSync("docs/schema"))
    put(join(tree, "usr/share/netkeep/schema", name), readFileSync(`docs/schema/${name}`));
  const documents = join(tree, "usr/share/doc/netkeep");
  cpSync("docs/examples", join(documents, "examples"), { recursive: true });
  put(join(documents, "copyright"), `${readFileSync("scripts/packaging/deb/copyright", "utf8")}${bundledLicences()}`);
  const { bash, zsh, fish } = await completions();
  put(join(tree, "usr/share/bash-completion/completions/netkeep"), bash);
  put(join(tree, "usr/share/zsh/vendor-completions/_netkeep"), zsh);
  put(join(tree, "usr/share/fish/vendor_completions.d/netkeep.fish"), fish);
}

function makeDeb(tree) {
  const root = join(work, "deb");
  cpSync(tree, root, { recursive: true });
  const version = `${about.version}-${options.revision}`;
  const documents = join(root, "usr/share/doc/netkeep");
  put(join(documents, "changelog.gz"), gzip(readFileSync("CHANGELOG.md")));
  put(join(documents, "changelog.Debian.gz"), gzip(debianChangelog(version)));
  put(join(root, "usr/share/lintian/overrides/netkeep"), readFileSync("scripts/packaging/deb/lintian-overrides"));
  const paths = allFiles(root);
  const size = Math.ceil(paths.reduce((sum, path) => sum + statSync(join(root, path)).size, 0) / 1024);
  const control = { ...variables, VERSION: version, SIZE: String(size) };
  put(join(root, "DEBIAN/control"), fill("scripts/packaging/deb/control", control));
  put(join(root, "DEBIAN/conffiles"), readFileSync("scripts/packaging/deb/conffiles"));
  put(
    join(root, "DEBIAN/md5sums"),
    paths
      .filter((path) => !path.startsWith("etc/"))
      .map((path) => `${md5(join(root, path))}  ${path}\n`)
      .join(""),
  );
  for (const script of ["postinst", "prerm", "postrm"])
    put(join(root, "DEBIAN", script), fill(`scripts/packaging/deb/${script}`, variables), 0o755);
  setTimes(root);
  mkdirSync(options.output, { recursive: true });
  const made = join(options.output, `netkeep_${version}_all.deb`);
  execFileSync("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", root, made], {
    stdio: ["ignore", "ignore", "inherit"],
    env: environment(),
  });
  console.log(made);
}

function makeRpm(tree) {
  const root = join(work, "rpm");
  cpSync(tree, root, { recursive: true });
  // Where zsh looks on these systems.
  cpSync(join(root, "usr/share/zsh/vendor-completions"), join(root, "usr/share/zsh/site-functions"), {
    recursive: true,
  });
  rmSync(join(root, "usr/share/zsh/vendor-completions"), { recursive: true });
  put(join(root, "usr/share/licenses/netkeep/LICENSE"), readFileSync("LICENSE"));
  setTimes(root);
  const listed = [
    ...directories.map((path) => `%dir /${path}`),
    "%dir /etc/netkeep",
    ...allFiles(root).map((path) => `${path.startsWith("etc/") ? "%config(noreplace) " : ""}/${path}`),
  ];
  const spec = join(work, "netkeep.spec");
  writeFileSync(
    spec,
    fill("scripts/packaging/rpm/netkeep.spec", { ...variables, TREE: root, FILES: listed.join("\n") }),
  );
  const defines = {
    _topdir: join(work, "rpmbuild"),
    _rpmdir: join(work, "rpms"),
    _buildhost: "netkeep",
    use_source_date_epoch_as_buildtime: "1",
    clamp_mtime_to_source_date_epoch: "1",
    __os_install_post: "%{nil}",
    _binary_payload: "w9.xzdio",
  };
  const words = Object.entries(defines).flatMap(([key, value]) => ["--define", `${key} ${value}`]);
  const result = spawnSync("rpmbuild", ["--quiet", "-bb", ...words, spec], { encoding: "utf8", env: environment() });
  if (result.status !== 0) throw new Error(`rpmbuild: ${result.stderr}`);
  for (const name of readdirSync(join(work, "rpms/noarch"))) {
    cpSync(join(work, "rpms/noarch", name), join(options.output, name));
    console.log(join(options.output, name));
  }
}

function environment() {
  return { ...process.env, SOURCE_DATE_EPOCH: String(epoch), LC_ALL: "C", TZ: "UTC" };
}

function put(path, content, mode = 0o644) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode });
  chmodSync(path, mode);
}

/** Without a name and a time, as `gzip -n9`. */
function gzip(content) {
  const packed = gzipSync(content, { level: constants.Z_BEST_COMPRESSION });
  packed[9] = 3;
  return packed;
}

function fill(path, variables) {
  return readFileSync(path, "utf8").replace(/@([A-Z]+)@/g, (whole, name) => variables[name] ?? whole);
}

function allFiles(root) {
  const found = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return found.map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1)).sort();
}

function setTimes(root) {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" });
  for (const path of [
    ...paths
      .sort()
      .reverse()
      .map((name) => join(root, name)),
    root,
  ]) {
    if (!path.includes("/DEBIAN/") && statSync(path).isDirectory()) chmodSync(path, 0o755);
    utimesSync(path, epoch, epoch);
  }
}

function md5(path) {
  return createHash("md5").update(readFileSync(path)).digest("hex");
}

function debianChangelog(version) {
  const date = new Date(epoch * 1000).toUTCString().replace("GMT", "+0000");
  return `netkeep (${version}) unstable; urgency=medium\n\n  * See changelog.gz for what is new.\n\n -- ${variables.MAINTAINER}  ${date}\n`;
}

function lastChange() {
  const git = spawnSync("git", ["log", "-1", "--format=%ct"], { encoding: "utf8" });
  const seconds = Number(git.stdout?.trim());
  if (git.status === 0 && seconds > 0) return seconds;
  throw new Error("no git history here: set SOURCE_DATE_EPOCH (seconds since 1970)");
}

/** From the commands of the program itself. */
async function completions() {
  const outfile = join(work, "completions.mjs");
  const contents = `import { bashCompletion, fishCompletion, verbsOf, zshCompletion } from "./scripts/completions.ts";
    import { buildProgram } from "./src/program.ts";
    const verbs = verbsOf(buildProgram(async () => undefined));
    export const bash = bashCompletion(verbs), zsh = zshCompletion(verbs), fish = fishCompletion(verbs);`;
  await build({
    stdin: { contents, resolveDir: process.cwd(), loader: "ts" },
    absWorkingDir: process.cwd(),
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    define: { NETKEEP_VERSION: JSON.stringify(about.version) },
    banner: { js: 'import { createRequire } from "node:module";const require=createRequire(import.meta.url);' },
  });
  return import(pathToFileURL(outfile).href);
}

/** The packages that are part of netkeep.mjs keep their licences: a stanza for each, from what npm has installed. */
function bundledLicences() {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const bundled = Object.entries(packages).filter(([path, { dev }]) => path !== "" && dev !== true);
  const stanzas = bundled.map(([path, { version, license }]) => {
    const name = path.replace(/^.*node_modules\//, "");
    const file = existsSync(path) ? readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry)) : undefined;
    const text =
      file === undefined ? `See https://www.npmjs.com/package/${name}` : readFileSync(join(path, file), "utf8");
    const lines = text.trimEnd().split(/\r?\n/);
    const holders = lines
      .filter((line) => /^\s*copyright\b.*(\(c\)|\d{4}|©)/i.test(line))
      .map((line) => line.trim().replace(/^copyright\s*(\(c\)|©)?\s*/i, ""));
    // Debian wants no second copy of this one.
    const known = license === "Apache-2.0" ? ["See /usr/share/common-licenses/Apache-2.0."] : lines;
    const body = known.map((line) => (line.trim() === "" ? " ." : ` ${line.trimEnd()}`)).join("\n");
    const label = `${license}-${basename(name)}`.replace(/[^A-Za-z0-9.+-]/g, "-");
    return `\nFiles: usr/lib/netkeep/netkeep.mjs\nCopyright: ${holders.join("\n           ") || `the authors of ${name}`}\nLicense: ${label}\nComment: ${name} ${version}, bundled\n\nLicense: ${label}\n${body}\n`;
  });
  return stanzas.join("");
}

function has(program) {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
}
