import type { Note } from "../model/change.ts";
import { noteText } from "../report/planText.ts";
import type { Message } from "../result.ts";

/** Notes of a plan for stderr. */
export function noteMessages(notes: readonly Note[]): Message[] {
  const levels = { info: "notice", warning: "warning", refusal: "error" } as const;
  return notes.map((note) => ({ level: levels[note.level], text: noteText(note) }));
}
