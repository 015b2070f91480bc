export interface Row {
  readonly name: string;
  readonly peer: string;
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number };
  readonly seconds: { readonly ours: number; readonly peer: number };
  readonly wanted?: number;
  readonly peakMebibytes?: number;
}
export function row(
  name: string,
  peer: string,
  rounds: readonly (readonly [ours: number, peer: number])[],
  more?: { readonly wanted?: number; readonly peakMebibytes?: number },
): Row;
export function addRow(file: string, made: Row): void;
