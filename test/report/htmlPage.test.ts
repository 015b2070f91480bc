import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { html } from "../../src/report/html.ts";
import { htmlPage } from "../../src/report/htmlPage.ts";
import { styleHash, styleSheet } from "../../src/report/htmlStyle.ts";
import { neighbor, owner, route } from "../support/build.ts";
import { finding, report } from "../support/reports.ts";
import { auditAs, driftedHost, hostileHost, hostileNames, rightHost } from "../support/reviewHosts.ts";

/** All that the page is made of; a name that got in unescaped would bring another one. */
const elements =
  "a article b body circle code dd details div dl dt g h1 h2 h3 h4 head header html li main meta ol p path pre rect section span strong style summary svg table tbody td text th thead time title tr ul wbr".split(
    " ",
  );

/** Every tag outside of the style, with its attributes taken apart. */
function tags(page: string): { name: string; attributes: [string, string][] }[] {
  const body = page.replace(/<style>[\s\S]*?<\/style>/, "<style></style>").replace("<!doctype html>", "");
  const found = [...body.matchAll(/<(\/?[^\s/>]*)((?:[^>"]|"[^"]*")*)>/g)];
  expect(
    body.replace(/<\/?[a-z][a-z0-9]*((?:\s[a-z-]+(?:="[^"<>]*")?|\s[a-zA-Z]+="[^"<>]*")*)\s*\/?>/g, ""),
  ).not.toMatch(/[<>]/);
  return found.map(([, name = "", rest = ""]) => ({
    name: name.replace("/", ""),
    attributes: [...rest.matchAll(/([a-zA-Z-]+)(?:="([^"]*)")?/g)].map(([, key = "", value = ""]) => [key, value]),
  }));
}

function expectHarmless(page: string) {
  for (const { name, attributes } of tags(page)) {
    expect(elements, name).toContain(name);
    for (const [key, value] of attributes) {
      expect(key).not.toMatch(/^on|^(?:href|src|srcset|style|action|data|formaction|xlink:href|ping|background)$/i);
      if (key !== "content") expect(value).not.toMatch(/javascript:|url\(/i);
    }
  }
  expect(page.match(/<style>/g)).toHaveLength(1);
  expect(page).not.toMatch(/<script|<img|<iframe|<link\s/i);
}

describe("the page", () => {
  test("has a policy that admits its own style and nothing else", () => {
    expect(styleHash).toBe(createHash("sha256").update(styleSheet).digest("base64"));
    expect(styleSheet).not.toMatch(/url\(|@import|<|\\/);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(htmlPage(report()))?.[1];
    expect(policy).toBe(`default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`);
  });

  test("says what an engineer asks first", async () => {
    const right = await auditAs(await rightHost(), "html");
    expect(right).toContain("<title>netkeep audit of host: As desired</title>");
    expect(right).toMatch(
      /<b>3<\/b> links[\s\S]*<b>3<\/b> owners[\s\S]*<b>4<\/b> routes[\s\S]*<b>3<\/b> permanent neighbors/,
    );
    expect(right.match(/<strong>agrees<\/strong>/g)).toHaveLength(4);
    const drifted = await auditAs(await driftedHost(), "html");
    expect(drifted).toContain("<title>netkeep audit of host: 10 errors</title>");
    expect(drifted).toMatch(/<time datetime="2023-11-15T22:13:20Z">2023-11-15 22:13:20 UTC<\/time>/);
    expect(drifted).toContain("exit status 1");
  });

  test("draws each link, guest, route and neighbor, and what is wrong with it", async () => {
    const page = await auditAs(await driftedHost(), "html");
    expect(page.match(/<svg class="panel"/g)).toHaveLength(3);
    for (const name of ["web-1", "web-2", "web-3", "i-2-10-VM", "r-42-VM", "s-1-VM", "without an owner"]) {
      expect(page).toContain(`<title>${name}</title>`);
    }
    expect(page).toContain(
      "<title>neighbor 10.0.0.1 lladdr 52:02:00:00:00:01 dev cloudbr0 nud permanent (kernel-missing)</title>",
    );
    expect(page.match(/<g class="chip missing">/g)).toHaveLength(3 + 1);
    expect(page.match(/<g class="chip different">/g)).toHaveLength(2 + 1);
    expect(page.match(/<g class="chip extra">/g)).toHaveLength(3 + 1);
  });

  test("marks the wrong lines of each file", async () => {
    const page = await auditAs(await driftedHost(), "html");
    const line = (kind: string, text: string) =>
      new RegExp(
        `<div class="line ${kind}"><span[^>]*>\\d*</span><span[^>]*>[^<]*</span><code><span class="unseen">[^<]*</span>${text}</code>`,
      );
    expect(page).toMatch(line("extra", "LinkLayerAddress=52:02:00:00:00:33"));
    expect(page).toMatch(line("missing", "LinkLayerAddress=52:02:00:00:00:03"));
    expect(page).toMatch(line("extra", "Metric=201"));
    expect(page).toMatch(line("elsewhere", "Address=10.0.0.1"));
    expect(page).toMatch(line("missing", "Destination=2001:db8:100::/64"));
    expect(page).toContain('<span class="file-state">does not exist</span>');
  });

  test("has no place that a name can leave", async () => {
    const page = await auditAs(await hostileHost(), "html");
    expectHarmless(page);
    for (const name of hostileNames.filter((name) => /^[\x20-\x7e]*$/.test(name))) {
      expect(page).toContain(name.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`));
    }
    expect(page).toContain("\\u{202e}gnp.tnecony\\u{0}\\u{1b}[31m");
    expectHarmless(await auditAs(await driftedHost(), "html"));
  });

  test("whatever a name, a source, a message or a file holds", () => {
    const nasty = fc.oneof(fc.constantFrom(...hostileNames), fc.string({ unit: "binary" }), fc.string());
    fc.assert(
      fc.property(nasty, nasty, nasty, (name, message, text) => {
        const more = { owner: name, link: name, message, fix: message, expected: text, actual: message };
        const file = { path: name, link: name, expectedText: text, actualText: message, unreadable: name, places: [] };
        const entry = { entry: route("10.0.0.1/32", "br0"), key: "route", path: "guests.0", name: text };
        const page = htmlPage(
          report({
            host: name,
            version: name,
            networkd: { running: false, reason: message, version: null },
            findings: [finding(more), finding({ ...more, owner: text })],
            repaired: [finding(more)],
            owners: [{ ...owner(name, []), source: message, entries: [entry] }],
            links: [{ name, kernel: "up", kind: name, networkd: text, baseFile: message }],
            files: [file],
          }),
        );
        expectHarmless(page);
      }),
      { numRuns: 60 },
    );
  });

  test("stays small and ends, whatever the host", () => {
    const owners = Array.from({ length: 10_000 }, (_, index) => {
      const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
      return owner(`vm-${index}`, [
        route(`${address}/32`, `br${index % 300}`),
        neighbor(address, "02:00:00:00:00:01", `br${index % 300}`),
      ]);
    });
    const names = Array.from({ length: 300 }, (_, index) => `br${index}`);
    const links = names.map(
      (name) => ({ name, kernel: "up", kind: "bridge", networkd: "configured", baseFile: null }) as const,
    );
    const findings = owners.map(({ owner: name }, index) =>
      finding({ owner: name, link: `br${index % 2}`, expected: `e ${index}` }),
    );
    const lines = Array.from({ length: 20_000 }, (_, index) => `[Route]\nDestination=${index}\n`);
    const files = [
      {
        path: "/p",
        link: "br0",
        actualText: lines.join("\n"),
        expectedText: `${lines.slice(1).join("\n")}\n`,
        unreadable: null,
        places: [],
      },
    ];
    const page = htmlPage(report({ owners, links, findings, files }));
    expect(page.length).toBeLessThan(3_000_000);
    expect(page).toContain("netkeep audit --all");
    expect(page).toContain("lines not shown");
    expectHarmless(page);
  });

  test("of an image, of a host without anything, after a repair", () => {
    const page = htmlPage(report({ host: null, repaired: [finding()] }));
    expect(page).toContain("<h1>this image</h1>");
    expect(page).toContain("As desired after the repair");
    expect(page).toContain("Before the repair");
    expect(page).toContain("nothing of netkeep is on this host");
  });
});

describe("colours", () => {
  const palettes = [...styleSheet.matchAll(/:root\{([^}]*)\}/g)].map(
    ([, body = ""]) =>
      new Map([...body.matchAll(/--([a-z-]+):(#[0-9a-f]{6})/g)].map(([, name, value]) => [name ?? "", value ?? ""])),
  );
  const luminance = (colour: string) => {
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const pairs = ["ink", "muted", "accent", "good", "warning", "error"]
    .flatMap((text) => [
      [text, "ground"],
      [text, "surface"],
    ])
    .concat([
      ["good", "good-soft"],
      ["warning", "warning-soft"],
      ["error", "error-soft"],
      ["muted", "warning-soft"],
      ["muted", "error-soft"],
    ]);

  test("of light, dark and print have a contrast of 4.5 or more", () => {
    expect(palettes).toHaveLength(3);
    for (const palette of palettes) {
      for (const [text = "", ground = ""] of pairs) {
        const [a, b] = [luminance(palette.get(text) ?? ""), luminance(palette.get(ground) ?? "")].sort((x, y) => y - x);
        expect(((a ?? 0) + 0.05) / ((b ?? 0) + 0.05), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });
});

test("the template escapes all but what it has made itself", () => {
  const inner = html`<b>${"<&>"}</b>`;
  expect(html`<p title="${"\"'"}">${inner}${["a", html`<i>`, null, 1]}</p>`.html).toBe(
    '<p title="&#34;&#39;"><b>&#60;&#38;&#62;</b>a<i>1</p>',
  );
});
