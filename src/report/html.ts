/** Text that is HTML already. Only `html` makes it, so nothing gets onto a page without being escaped. */
export interface Html {
  readonly html: string;
}

type Part = Html | string | number | null | readonly Part[];

/**
 * A template whose values are escaped, unless they are Html. Names of owners, guests and links come from agents: they are
 * text wherever they stand, in an element or in a quoted attribute. null is nothing.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return {
    html: strings.map((text, index) => `${index === 0 ? "" : partText(values[index - 1] ?? null)}${text}`).join(""),
  };
}

/** What is in the source of this program only, such as the style sheet. */
export function trusted(text: string): Html {
  return { html: text };
}

function partText(part: Part): string {
  if (part === null) return "";
  if (typeof part === "string") return escapeHtml(part);
  if (typeof part === "number") return String(part);
  if (Array.isArray(part)) return part.map(partText).join("");
  return (part as Html).html;
}

/** Control characters, among them those that turn the direction of writing, are shown as what they are. */
function escapeHtml(text: string): string {
  return text
    .replace(/[^\P{C}\n\t]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
