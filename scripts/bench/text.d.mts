import type { Row } from "./measure.d.mts";
export function rowText(row: Row): string;
