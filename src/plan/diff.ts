/** What it takes to get from `current` to `desired`, by key. */
export interface KeyedDiff<Wanted, Found> {
  readonly add: readonly Wanted[];
  readonly replace: readonly { readonly wanted: Wanted; readonly found: Found }[];
  readonly keep: readonly { readonly wanted: Wanted; readonly found: Found }[];
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
  const keep: { wanted: Wanted; found: Found }[] = [];
  for (const [key, wanted] of desired) {
    const found = current.get(key);
    if (found === undefined) add.push(wanted);
    else (same(wanted, found) ? keep : replace).push({ wanted, found });
  }
  const extra: Found[] = [];
  for (const [key, found] of current) if (!desired.has(key)) extra.push(found);
  return { add, replace, keep, extra };
}
