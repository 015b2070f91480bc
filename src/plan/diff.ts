/** What it takes to get from `current` to `desired`, by key. */
export interface KeyedDiff<Wanted, Found> {
  readonly add: readonly Wanted[];
  readonly replace: readonly { readonly wanted: Wanted; readonly found: Found }[];
  /** Wanted, and there as it should be. */
  readonly keep: readonly Wanted[];
  readonly extra: readonly Found[];
}

/** Both sides in canonical form; order follows the inputs. */
export function keyedDiff<Wanted, Found>(
  desired: ReadonlyMap<string, Wanted>,
  current: ReadonlyMap<string, Found>,
  same: (wanted: Wanted, found: Found) => boolean,
): KeyedDiff<Wanted, Found> {
  const add: Wanted[] = [];
  const replace: { wanted: Wanted; found: Found }[] = [];
  const keep: Wanted[] = [];
  desired.forEach((wanted, key) => {
    const found = current.get(key);
    if (found === undefined) {
      add.push(wanted);
      return;
    }
    if (same(wanted, found)) keep.push(wanted);
    else replace.push({ wanted, found });
  });
  const extra: Found[] = [];
  // Mostly nothing else is there, and then nobody has to be asked.
  if (current.size > keep.length + replace.length) {
    current.forEach((found, key) => {
      if (!desired.has(key)) extra.push(found);
    });
  }
  return { add, replace, keep, extra };
}
