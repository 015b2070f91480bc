/** A metric family of the Prometheus text format: all gauges, because an audit counts what is there now. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];
}

/**
 * Families → the text exposition format 0.0.4, as the textfile collector of the node exporter reads it: HELP, TYPE and the
 * samples of a family stand together, without timestamps, and each line ends in a newline. A family without samples is
 * left out.
 */
export function exposition(gauges: readonly Gauge[]): string {
  return gauges
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, samples }) => {
      const lines = samples.map(({ labels, value }) => `${name}${labelText(labels ?? {})} ${valueText(value)}\n`);
      return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} gauge\n${lines.join("")}`;
    })
    .join("");
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Go's ParseFloat reads what JavaScript prints, infinities aside. */
function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** Any UTF-8 may stand in a label value, but for these three; half a surrogate pair is no UTF-8. */
function escapeLabel(text: string): string {
  return escapeHelp(text.replace(/\p{Surrogate}/gu, "\ufffd")).replaceAll('"', '\\"');
}
