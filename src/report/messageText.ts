/** The priorities of syslog(3) that journald reads at the start of a line. */
const priorities = { error: 3, warning: 4, notice: 5, info: 6 } as const;

/** A message for stderr, one or several whole lines; `prefixed` for the journal, `<3>` to `<6>`. */
export function messageText(
  { level, text }: { readonly level: keyof typeof priorities; readonly text: string },
  prefixed: boolean,
): string {
  const prefix = prefixed ? `<${priorities[level]}>` : "";
  return text
    .split("\n")
    .map((line) => `${prefix}${line}\n`)
    .join("");
}
