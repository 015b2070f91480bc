export function pieceOf(path: string, text: string): string;
