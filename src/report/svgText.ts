/** Width of every panel of the picture, in its own units: a phone shows them at their size. */
export const width = 360;

/** SVG does not break or cut lines; whoever cuts one puts the whole text into a title. */
export function clip(text: string, characters: number): string {
  const all = [...text];
  return all.length <= characters ? text : `${all.slice(0, characters - 1).join("")}…`;
}
