/** Links from one page of the repository to another lead somewhere, to a heading too. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { read, repo } from "./support/docs.ts";

const pages = readdirSync(repo, { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".md") && !/(^|\/)(node_modules|\.git)\//.test(name),
);

test.each(pages)("%s", (page) => {
  const wrong = [...read(page).matchAll(/\]\((?!https?:)([^)\s]*)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !leadsSomewhere(page, target));
  expect(wrong).toEqual([]);
});

test("every page of docs/internals is in the table of ARCHITECTURE.md", () => {
  const listed = [...read("ARCHITECTURE.md").matchAll(/^\| \[(.+)\]\(docs\/internals\/\1\)/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual(readdirSync(join(repo, "docs/internals")).sort());
});

function leadsSomewhere(page: string, target: string): boolean {
  const [path = "", heading] = target.split("#");
  const file = path === "" ? page : relative(repo, join(repo, dirname(page), path));
  if (!existsSync(join(repo, file))) return false;
  return heading === undefined || headings(read(file)).includes(heading);
}

/** As GitHub makes them: lower case, spaces to hyphens, no punctuation. */
function headings(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
