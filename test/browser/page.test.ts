import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { auditAs, driftedHost, hostileHost, largeHost, rightHost } from "../support/reviewHosts.ts";
import { Chromium, type Page } from "./support/chromium.ts";

/**
 * The page of an audit as a reader gets it. What it looked like is kept in test-artifacts/html, for people to look at.
 */
const artifacts = new URL("../../test-artifacts/html/", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "netkeep-pages-"));
let chromium: Chromium;

beforeAll(() => {
  mkdirSync(artifacts, { recursive: true });
  chromium = new Chromium();
});
afterAll(async () => {
  await chromium.close();
  rmSync(folder, { recursive: true, force: true });
});

const hosts = {
  right: rightHost,
  drifted: driftedHost,
  hostile: hostileHost,
  "200-guests": () => largeHost(200, 5, 40),
  "60-links": () => largeHost(60, 60, 29),
};

async function opened(name: string, page: string): Promise<Page> {
  const file = join(folder, `${name}.html`);
  writeFileSync(file, page);
  const tab = await chromium.open();
  await tab.show(1280);
  await tab.load(pathToFileURL(file).href);
  return tab;
}

describe.each(Object.entries(hosts))("the page of %s", (name, make) => {
  let page: Page;
  beforeAll(async () => {
    page = await opened(name, await auditAs(await make(), "html"));
  });

  test("makes no error, runs nothing, and no request leaves it", async () => {
    await page.evaluate("document.querySelectorAll('details').forEach((box) => (box.open = true))");
    await page.screenshot();
    const requests = page.events.filter(({ method }) => method === "Network.requestWillBeSent");
    expect(requests.map(({ params }) => (params["request"] as { url: string }).url)).toEqual([
      pathToFileURL(join(folder, `${name}.html`)).href,
    ]);
    const said = /^(?:Log\.entryAdded|Runtime\.(?:exceptionThrown|consoleAPICalled)|Page\.javascriptDialogOpening)$/;
    expect(page.events.filter(({ method }) => said.test(method))).toEqual([]);
    expect(await page.evaluate("document.scripts.length + document.images.length + document.links.length")).toBe(0);
    expect(await page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth")).toBe("1160px");
    expect(await page.evaluate("document.compatMode")).toBe("CSS1Compat");
  });

  test.each([320, 390, 768, 1280])("needs no sideways scrolling at %i pixels, also with all opened", async (width) => {
    await page.show(width);
    await page.evaluate("document.querySelectorAll('details').forEach((box) => (box.open = true))");
    const [needed, has] = await page.evaluate<[number, number]>("[document.documentElement.scrollWidth, innerWidth]");
    expect(needed).toBeLessThanOrEqual(has);
  });

  test("has no text that is cut off or runs over another in the picture", async () => {
    await page.show(390);
    const faults = await page.evaluate<string[]>(`[...document.querySelectorAll('svg.panel')].flatMap((svg) => {
      const frame = svg.getBoundingClientRect();
      const texts = [...svg.querySelectorAll(':scope text')].map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
      const outside = texts.filter(({ box }) => box.width > 0 && (box.left < frame.left - 0.5 || box.right > frame.right + 0.5 || box.bottom > frame.bottom + 1));
      const over = texts.flatMap((a, index) => texts.slice(index + 1).filter((b) =>
        Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left) > 1 && Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top) > 5
      ).map((b) => a.text + ' | ' + b.text));
      return [...outside.map(({ text }) => 'outside: ' + text), ...over];
    })`);
    expect(faults).toEqual([]);
  });

  test("is told to a screen reader: one h1, headings in order, pictures with names, lists and tables as such", async () => {
    await page.show(1280);
    const levels = await page.evaluate<number[]>(
      "[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]))",
    );
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const [index, level] of levels.entries()) expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1);
    const { nodes } = await page.send("Accessibility.getFullAXTree");
    const named = (nodes as { role?: { value: string }; name?: { value: string }; ignored: boolean }[])
      .filter(({ ignored }) => !ignored)
      .map(({ role, name }) => ({ role: role?.value ?? "", name: name?.value ?? "" }));
    const pictures = named.filter(({ role }) => role === "image");
    expect(pictures.length).toBe(await page.evaluate("document.querySelectorAll('svg.panel').length"));
    for (const picture of pictures) expect(picture.name).toMatch(/^(Link \S|\d+ more links)/);
    expect(named.some(({ role }) => role === "main")).toBe(true);
    expect(named.filter(({ role }) => role === "region").every(({ name }) => name !== "")).toBe(true);
    expect(named.some(({ role }) => role === "columnheader")).toBe(true);
    const ids = await page.evaluate<string[]>("[...document.querySelectorAll('[id]')].map((one) => one.id)");
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("is printed, and kept as it looks", async () => {
    const pdf = await page.pdf();
    expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
    expect(pdf.length).toBeGreaterThan(20_000);
    writeFileSync(join(artifacts, `${name}.pdf`), pdf);
    await page.load(pathToFileURL(join(folder, `${name}.html`)).href);
    for (const [width, scheme] of [
      [1280, "light"],
      [1280, "dark"],
      [390, "light"],
      [390, "dark"],
    ] as const) {
      await page.show(width, scheme);
      const dark = await page.evaluate("getComputedStyle(document.body).backgroundColor");
      expect(dark).toBe(scheme === "dark" ? "rgb(16, 21, 27)" : "rgb(244, 246, 248)");
      writeFileSync(join(artifacts, `${name}-${width}-${scheme}.png`), await page.screenshot());
    }
  });
});

test("details are opened by the keyboard", async () => {
  const page = await opened("keyboard", await auditAs(await rightHost(), "html"));
  const summary = "document.querySelector('.file summary')";
  await page.evaluate(`${summary}.focus()`);
  expect(await page.evaluate(`document.activeElement === ${summary}`)).toBe(true);
  const key = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, text: "\r" };
  await page.send("Input.dispatchKeyEvent", { type: "keyDown", ...key });
  await page.send("Input.dispatchKeyEvent", { type: "keyUp", ...key });
  expect(await page.evaluate(`${summary}.parentElement.open`)).toBe(true);
});

test("the checks bite: a script, a request and a wide line on a page are seen", async () => {
  const page = await auditAs(await rightHost(), "html");
  const bad = page.replace(
    "</main>",
    `<script>alert(1)</script><img src="https://attacker.example/x.png"><p style="width:5000px">wide</p><pre>${"x".repeat(900)}</pre></main>`,
  );
  const guarded = await opened("guarded", bad);
  const log = guarded.events.filter(({ method }) => method === "Log.entryAdded");
  const violations = log.map(({ params }) => (params["entry"] as { text: string }).text);
  for (const what of ["script", "image", "style"]) {
    expect(
      violations.some((text) => new RegExp(what, "i").test(text) && /Content Security Policy/.test(text)),
      what,
    ).toBe(true);
  }
  const open = bad.replace(/<meta http-equiv[^>]*>/, "").replace("alert(1)", "console.log(1)");
  const unguarded = await opened("unguarded", open);
  await unguarded.show(390);
  const requests = unguarded.events.filter(({ method }) => method === "Network.requestWillBeSent");
  expect(requests).toHaveLength(2);
  expect(unguarded.events.some(({ method }) => method === "Runtime.consoleAPICalled")).toBe(true);
  expect(await unguarded.evaluate<boolean>("document.documentElement.scrollWidth > innerWidth")).toBe(true);
});
