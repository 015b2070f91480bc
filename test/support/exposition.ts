/** One sample of the text exposition format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The text format 0.0.4 by its grammar, stricter than Prometheus where the textfile collector is: no timestamps, HELP and
 * TYPE once before the samples of a family, the samples of a family together, no series twice.
 *
 * @throws Error that names the line
 */
export function parseExposition(text: string): Sample[] {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line does not end");
  const samples: Sample[] = [];
  const families = new Set<string>();
  const series = new Set<string>();
  let [helped, typed] = ["", ""];
  for (const line of text.split("\n").slice(0, -1)) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\]|\\\\|\\n)*$/.exec(line)?.[1];
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) gauge$/.exec(line)?.[1];
    if (help !== undefined) {
      if (families.has(help)) throw new Error(`a second family: ${line}`);
      families.add(help);
      helped = help;
    } else if (type !== undefined) {
      if (type !== helped || type === typed) throw new Error(`a TYPE without its HELP: ${line}`);
      typed = type;
    } else {
      const sample = parseSample(line);
      if (sample.name !== typed) throw new Error(`a sample outside of its family: ${line}`);
      const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      if (series.has(key)) throw new Error(`a series twice: ${line}`);
      series.add(key);
      samples.push(sample);
    }
  }
  return samples;
}

const float = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

function parseSample(line: string): Sample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0];
  if (name === undefined) throw new Error(`no metric: ${line}`);
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith("{")) {
    rest = rest.slice(1);
    while (!rest.startsWith("}")) {
      const pair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|(?=\}))/.exec(rest);
      if (pair?.[1] === undefined) throw new Error(`no label at ${rest}: ${line}`);
      if (pair[1] in labels) throw new Error(`a label twice: ${line}`);
      labels[pair[1]] = (pair[2] ?? "").replace(/\\(.)/g, (_, char) => (char === "n" ? "\n" : char));
      rest = rest.slice(pair[0].length);
    }
    rest = rest.slice(1);
  }
  const value = rest.slice(1);
  if (!rest.startsWith(" ") || !(float.test(value) || /^(NaN|[+-]Inf)$/.test(value)))
    throw new Error(`no value: ${line}`);
  return { name, labels, value: float.test(value) ? Number(value) : Number.NaN };
}
