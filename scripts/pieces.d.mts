export function functionsOf(text: string): ReadonlySet<string>;
export function pieceOf(path: string, text: string, functions?: ReadonlyMap<string, ReadonlySet<string>>): string;
