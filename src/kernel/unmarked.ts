/**
 * Whether a listing of neighbors has one with this MAC and without the mark, looked for without parsing the listing: it has
 * tens of thousands of entries on a large host.
 *
 * @param json what `ip -j -N neigh show` printed
 */
export function hasUnmarked(json: string, mac: string, protocol: number): boolean {
  const word = `"lladdr":"${mac}"`;
  for (let at = json.indexOf(word); at >= 0; at = json.indexOf(word, at + 1)) {
    const end = json.indexOf("}", at);
    if (!json.slice(at, end).includes(`"protocol":"${protocol}"`)) return true;
  }
  return false;
}
