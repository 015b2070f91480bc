/** What to make of the elements of a list of `ip -j`. */
export interface AlikeReader<Group> {
  /**
   * What an element is one of, asked once for all that differ in `dst` and `lladdr` alone: null for what is left out,
   * undefined if each has to be read by itself.
   */
  groupOf(element: string, dst: string, lladdr: string): Group | null | undefined;
  /** @returns false if this one has to be read by itself all the same */
  add(group: Group, dst: string, lladdr: string): boolean;
}

/** Elements that differ in `dst` and `lladdr` alone. */
interface Shape<Group> {
  /** What stands between the two; from `dst` on if there is no `lladdr`. */
  readonly middle: string;
  /** Length of `lladdr`, 0 if there is none. */
  readonly width: number;
  readonly rest: string;
  readonly group: Group | null | undefined;
}

const opening = '{"dst":"';
const macKey = '"lladdr":"';
const macLength = 17;
/** With more of them the list is better read as a whole. */
const mostOthers = 1000;
/** Without anything that has a meaning in JSON. */
const plainAddress = /^(?:[\d.]{7,15}|[0-9a-f:]{2,39})$/;
const plainMac = /^[0-9a-f:]*$/;

/**
 * Goes through a list as `ip -j` prints it and makes no object of elements that are alike: of tens of thousands only two
 * texts are looked at. An element that has parts of its own is cut out by trying: if all pieces between the brackets are
 * JSON, they are the elements.
 *
 * @returns the elements that have to be read by themselves; null if the list has to be read as a whole
 */
export function readAlike<Group>(json: string, reader: AlikeReader<Group>): string[] | null {
  const others: string[] = [];
  const shapes = new Map<string, Shape<Group>>();
  let shape: Shape<Group> | null = null;
  let at = json.startsWith("[") ? 1 : json.length;
  while (json.startsWith("{", at) && others.length <= mostOthers) {
    const quote = json.startsWith(opening, at) ? json.indexOf('"', at + opening.length) : -1;
    if (shape === null || !fits(json, quote, shape)) shape = shapeAt(json, at, quote, shapes, reader);
    const end = shape === null ? endOfElement(json, at) : quote + shape.middle.length + shape.width + shape.rest.length;
    if (end < 0) return null;
    if (shape === null || !isTaken(json, at, quote, shape, reader)) others.push(json.slice(at, end));
    if (json.startsWith("]", end)) return json.slice(end + 1).trim() === "" ? others : null;
    at = json.startsWith(",", end) ? end + 1 : json.length;
  }
  return null;
}

function fits<Group>(json: string, quote: number, { middle, width, rest }: Shape<Group>): boolean {
  return quote >= 0 && json.startsWith(middle, quote) && json.startsWith(rest, quote + middle.length + width);
}

function isTaken<Group>(
  json: string,
  at: number,
  quote: number,
  { middle, width, group }: Shape<Group>,
  reader: AlikeReader<Group>,
): boolean {
  const dst = json.slice(at + opening.length, quote);
  const lladdr = json.slice(quote + middle.length, quote + middle.length + width);
  if (group === undefined || !plainAddress.test(dst) || !plainMac.test(lladdr)) return false;
  return group === null || reader.add(group, dst, lladdr);
}

/** null for an element that has elements of its own. */
function shapeAt<Group>(
  json: string,
  at: number,
  quote: number,
  shapes: Map<string, Shape<Group>>,
  reader: AlikeReader<Group>,
): Shape<Group> | null {
  const element = quote < 0 ? "" : json.slice(at, json.indexOf("}", quote) + 1);
  const afterDst = quote - at;
  const mac = element.indexOf(macKey, afterDst);
  const width = mac < 0 ? 0 : macLength;
  const middle = element.slice(afterDst, mac < 0 ? undefined : mac + macKey.length);
  const rest = mac < 0 ? "" : element.slice(mac + macKey.length + width);
  const id = `${middle}\n${rest}`;
  const known = shapes.get(id);
  if (known !== undefined || !isJson(element)) return known ?? null;
  const [dst, lladdr] = [
    element.slice(opening.length, afterDst),
    mac < 0 ? "" : element.slice(mac + macKey.length, -rest.length),
  ];
  const made = { middle, width, rest, group: reader.groupOf(element, dst, lladdr) };
  shapes.set(id, made);
  return made;
}

/** Where an element ends; negative if it does not. */
function endOfElement(json: string, at: number): number {
  for (let end = json.indexOf("}", at) + 1; end > 0; end = json.indexOf("}", end) + 1) {
    if (/[,\]]/.test(json.charAt(end)) && isJson(json.slice(at, end))) return end;
  }
  return -1;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
