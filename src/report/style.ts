/** How text is to look: with colour on a terminal, plain elsewhere. */
export interface Style {
  added(text: string): string;
  removed(text: string): string;
  changed(text: string): string;
  heading(text: string): string;
  faint(text: string): string;
}

const code = (open: number, close: number) => (text: string) => `\u001b[${open}m${text}\u001b[${close}m`;
const plain = (text: string) => text;

/** The sixteen colours of every terminal. */
export const colourStyle: Style = {
  added: code(32, 39),
  removed: code(31, 39),
  changed: code(33, 39),
  heading: code(1, 22),
  faint: code(2, 22),
};

export const plainStyle: Style = { added: plain, removed: plain, changed: plain, heading: plain, faint: plain };

/** `1 route`, `2 routes`, `2 entries`. */
export function count(number: number, noun: string): string {
  return `${number} ${number === 1 ? noun : noun.replace(/y$/, "ie").concat("s")}`;
}
