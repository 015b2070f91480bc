import type { FileComparison, Obstacle } from "../audit/input.ts";
import { type Entry, entryKey } from "../model/entry.ts";
import type { FoundFile } from "../model/file.ts";
import { readBlocks, readEntries } from "../networkd/block.ts";
import { baseNameOf, carriesEntries, isGenerated, isLinkFile, netdevLink, standaloneLink } from "../networkd/paths.ts";
import { isMask } from "../networkd/precedence.ts";
import { isLinkOfOthers, linkOfFile } from "../networkd/render.ts";
import { holdsOnlyOurs, isClosed, linkOfOthers } from "../prepare/filePlan.ts";
import type { Prepared } from "../prepare/prepare.ts";

/**
 * Every generated file that should be there or is there.
 *
 * @param setUp link → when networkd last wrote down what it has made of the link, milliseconds since 1970
 */
export function compareFiles(
  prepared: Prepared,
  digest: (text: string) => string,
  setUp: ReadonlyMap<string, number>,
): FileComparison[] {
  const { layout, observed } = prepared;
  const rendered = new Map(layout.files.map((file) => [file.path, file]));
  const found = new Map(observed.tree.map((file) => [file.path, file]));
  const closed = observed.tree.filter(isClosed);
  const own = [...found.keys(), ...closed.flatMap(({ path, names = [] }) => names.map((name) => `${path}/${name}`))];
  // Where the base file of a link is in doubt, its files are not left over.
  const doubtful = new Set(layout.notes.filter((note) => note.level === "refusal").map((note) => note.link));
  const paths = new Set([...rendered.keys(), ...observed.generated.keys(), ...own.filter(isGenerated)]);
  return [...paths].sort().flatMap((path): FileComparison[] => {
    const file = found.get(path);
    const expectedText = rendered.get(path)?.text ?? null;
    const actualText = observed.generated.get(path) ?? null;
    const link = linkOfFile(expectedText ?? actualText ?? textOf(file) ?? "");
    if (expectedText === null && (doubtful.has(link) || isHarmless(file))) return [];
    const asRendered = expectedText === actualText;
    const entries = () => byKey(rendered.get(path)?.entries ?? []);
    const apart = !isLinkFile(path);
    const modified = file?.kind === "text" && !apart ? file.modified : undefined;
    return [
      {
        path,
        link,
        expectedText,
        actualText,
        // A text as it should be is not read to know what it says.
        get expected() {
          return asRendered ? entries() : entriesOf(path, expectedText, link);
        },
        get actual() {
          return asRendered ? entries() : entriesOf(path, actualText, link);
        },
        ownerOf: ownersIn(actualText, link),
        ...(apart ? { apart } : {}),
        editedByHand: actualText !== null && !asRendered && hasBlocks(path) && isEdited(actualText, digest),
        obstacle: obstacleOf(path, found, expectedText !== null),
        outdated: modified !== undefined && link !== null && modified > (setUp.get(link) ?? Number.POSITIVE_INFINITY),
        orphanOf: expectedText === null ? orphanOf(path, link, prepared) : null,
      },
    ];
  });
}

function hasBlocks(path: string): boolean {
  return carriesEntries(path) || netdevLink(path) !== null;
}

/** A mask where nothing should be: somebody wants that nothing is there. */
function isHarmless(file: FoundFile | undefined): boolean {
  return file?.kind === "null" || file?.kind === "dangling";
}

function textOf(file: FoundFile | undefined): string | null {
  return file?.kind === "unreadable" ? (file.text ?? null) : null;
}

/** What keeps networkd from reading the file, with all that is above and before it. */
function obstacleOf(path: string, found: ReadonlyMap<string, FoundFile>, wanted: boolean): Obstacle | null {
  const directory = path.slice(0, path.lastIndexOf("/"));
  const closed = found.get(directory);
  if (closed !== undefined && isClosed(closed)) {
    return { kind: "unreadable", reason: `its directory has ${closed.reason}`, ours: holdsOnlyOurs(closed) };
  }
  const file = found.get(path);
  if (file?.kind === "null") return { kind: "masked", reason: "it is a symbolic link to /dev/null", ours: false };
  if (file?.kind === "dangling") return { kind: "masked", reason: "it is a symbolic link to nothing", ours: false };
  if (file?.kind === "unreadable") return { kind: "unreadable", reason: file.reason, ours: file.text !== undefined };
  if (wanted && file !== undefined && isLinkOfOthers(file)) {
    return { kind: "shadowed", reason: linkOfOthers(file.target), ours: false };
  }
  if (!wanted || !path.startsWith("/run/")) return null;
  const higher = found.get(path.replace(/^\/run\//, "/etc/"));
  if (higher === undefined) return null;
  const masks = isMask(higher) || higher.kind === "dangling";
  return { kind: masks ? "masked" : "shadowed", reason: `${higher.path} comes first`, ours: false };
}

/** The base file that a left-over drop-in belongs to, if that is not the one of its link, or is not there. */
function orphanOf(path: string, link: string | null, { layout, observed }: Prepared): string | null {
  if (standaloneLink(path) !== null || !isLinkFile(path)) return null;
  const name = baseNameOf(path);
  const base = link === null ? undefined : layout.bases.get(link)?.name;
  if (base !== undefined) return base === name ? null : name;
  return observed.tree.some((file) => file.path.endsWith(`/${name}`)) ? null : name;
}

function entriesOf(path: string, text: string | null, link: string | null): Map<string, Entry> {
  if (text === null || link === null || !carriesEntries(path)) return new Map();
  return byKey(readEntries(text, link));
}

function byKey(entries: readonly Entry[]): Map<string, Entry> {
  return new Map(entries.map((entry) => [entryKey(entry), entry]));
}

/** Only asked where something is wrong, so only then read. */
function ownersIn(text: string | null, link: string | null): (key: string) => string | null {
  let owners: Map<string, string> | null = null;
  return (key) => {
    owners ??= new Map(
      readBlocks(text ?? "").flatMap(({ owner, body }) =>
        readEntries(body, link ?? "").map((entry) => [entryKey(entry), owner] as const),
      ),
    );
    return owners.get(key) ?? null;
  };
}

/** A block does not fit its digest, or there are sections outside of the blocks. */
function isEdited(text: string, digest: (text: string) => string): boolean {
  const blocks = readBlocks(text);
  const inside = blocks.map((block) => block.body).join("");
  const sections = (of: string) => of.match(/^\[/gm)?.length ?? 0;
  return blocks.some((block) => digest(block.body) !== block.digest) || sections(inside) !== sections(text);
}
