export const files: readonly (readonly [source: string, place: string, mode: number])[];
export const directories: readonly string[];
export const manuals: readonly string[];
