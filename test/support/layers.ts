/** What a folder of src may import, and why no more. */
export interface Layer {
  readonly folders: readonly string[];
  readonly packages: readonly string[];
  /** Imports of these folders or files have to be `import type`. */
  readonly typesOnly?: readonly string[];
  /** Imports of these folders have to be `import()`, but for the files named: a start must not load all commands. */
  readonly lazily?: { readonly folders: readonly string[]; readonly but: readonly string[] };
  /** Same answer for the same input: no clock, no environment, no chance. */
  readonly pure: boolean;
  readonly why: string;
}

const everything = [
  "model",
  "desired",
  "hooks",
  "import",
  "networkd",
  "kernel",
  "plan",
  "watch",
  "audit",
  "doctor",
  "report",
  "store",
  "observe",
  "prepare",
  "transact",
  "commands",
  "system",
];

const lazily = {
  folders: ["commands", "store", "observe", "prepare", "transact"],
  but: ["commands/auditFlags.ts", "commands/schemaNames.ts"],
};

const system = "system/system.ts";

export const layers: Readonly<Record<string, Layer>> = {
  model: {
    folders: [],
    packages: ["ip-address"],
    pure: true,
    why: "the nouns that everything else speaks; they know no format and no machine",
  },
  desired: {
    folders: ["model"],
    packages: ["yaml", "zod", "ini"],
    pure: true,
    why: "documents mean the same on every host, whatever wrote or will carry them",
  },
  hooks: {
    folders: ["model", "desired"],
    packages: ["zod", "fast-xml-parser"],
    pure: true,
    why: "what agents say becomes a document like any other, before anything is locked or read",
  },
  import: {
    folders: ["model", "desired", "hooks"],
    packages: [],
    pure: true,
    why: "what a host has becomes a document like any other; it knows no format of kernel or networkd",
  },
  networkd: {
    folders: ["model"],
    packages: ["ini", "zod"],
    pure: true,
    why: "unit files can be written and read for a host that is not this one",
  },
  kernel: {
    folders: ["model"],
    packages: ["zod"],
    pure: true,
    why: "the texts of iproute2 in one place, testable with captured output",
  },
  plan: {
    folders: ["model"],
    packages: [],
    pure: true,
    why: "a plan is a value: nothing that computes it can perform it",
  },
  watch: {
    folders: ["model"],
    packages: [],
    pure: true,
    why: "when to look at the host is decided from events and times as values, so that a day of them is a test",
  },
  audit: {
    folders: ["model", "plan"],
    packages: [],
    pure: true,
    why: "compares what was read; it reads nothing itself",
  },
  doctor: {
    folders: ["model", "plan"],
    packages: [],
    pure: true,
    why: "a trap is recognised by facts as a value, so that each verdict can be tested without a host",
  },
  report: {
    folders: ["model"],
    packages: ["zod", "diff"],
    pure: true,
    why: "findings in, text out: a report cannot change what it reports",
  },
  system: {
    folders: ["model", "errors.ts"],
    packages: ["node:", "execa"],
    typesOnly: ["model"],
    pure: false,
    why: "the only folder that touches the machine; it decides nothing",
  },
  store: {
    folders: ["model", "desired", "networkd", "errors.ts", system],
    packages: ["zod"],
    typesOnly: [system],
    pure: true,
    why: "the documents of a host are read and kept in one place, whoever asks",
  },
  observe: {
    folders: ["model", "networkd", "kernel", "plan", "errors.ts", system],
    packages: ["zod"],
    typesOnly: [system],
    pure: true,
    why: "what a host has, as a value; looking at it changes nothing and knows no wish",
  },
  prepare: {
    folders: ["model", "desired", "networkd", "kernel", "plan", "store", "observe", "errors.ts", "context.ts", system],
    packages: ["zod"],
    typesOnly: [system],
    pure: true,
    why: "all of a run but its effects: what is left to do, found without doing it",
  },
  transact: {
    folders: [
      "model",
      "desired",
      "networkd",
      "kernel",
      "plan",
      "report",
      "store",
      "observe",
      "prepare",
      "errors.ts",
      "context.ts",
      "result.ts",
      system,
    ],
    packages: ["zod"],
    typesOnly: [system],
    pure: true,
    why: "the one order of effects, shared by every verb that changes a host",
  },
  commands: {
    folders: [
      "model",
      "desired",
      "hooks",
      "import",
      "networkd",
      "kernel",
      "plan",
      "watch",
      "audit",
      "doctor",
      "report",
      "store",
      "observe",
      "prepare",
      "transact",
      "context.ts",
      "result.ts",
      "errors.ts",
      system,
      "system/watching.ts",
    ],
    packages: ["zod"],
    typesOnly: [system, "system/watching.ts"],
    pure: true,
    why: "written against the System interface, so that all of it runs on a host in memory",
  },
  "program.ts": {
    folders: [
      "store",
      "context.ts",
      "result.ts",
      "commands",
      "system",
      "errors.ts",
      "version.ts",
      "programOptions.ts",
      "programHooks.ts",
      "programUndo.ts",
      "programWatch.ts",
    ],
    packages: ["commander"],
    lazily,
    pure: false,
    why: "the tree of commands and flags; it prints nothing",
  },
  "programHooks.ts": {
    folders: ["context.ts", "result.ts", "commands", "system", "programOptions.ts"],
    packages: ["commander"],
    lazily,
    pure: false,
    why: "a part of that tree; it prints nothing",
  },
  "programUndo.ts": {
    folders: ["context.ts", "result.ts", "commands", "errors.ts", "programOptions.ts"],
    packages: ["commander"],
    lazily,
    pure: false,
    why: "a part of that tree; it prints nothing",
  },
  "programWatch.ts": {
    folders: ["context.ts", "result.ts", "commands", "system", "model", "programOptions.ts"],
    packages: ["commander"],
    lazily,
    pure: false,
    why: "a part of that tree; it prints nothing",
  },
  "programOptions.ts": {
    folders: ["store", "context.ts", "result.ts", "commands", "system", "errors.ts"],
    packages: ["commander"],
    lazily,
    pure: false,
    why: "what all commands have in common on the command line",
  },
  "cli.ts": {
    folders: ["context.ts", "result.ts", ...everything, "errors.ts", "program.ts", "programOptions.ts"],
    packages: ["commander"],
    pure: false,
    why: "the composition root: the only place that prints and sets the exit status",
  },
  "start.ts": {
    folders: ["codeCache.ts", "version.ts"],
    packages: ["node:"],
    pure: false,
    why: "the head of the built file: it loads the rest, and must load nothing else",
  },
  "codeCache.ts": {
    folders: [],
    packages: ["node:"],
    pure: false,
    why: "a part of that head: it reads and writes before there is a system, and only its own directory",
  },
  "context.ts": {
    folders: ["model", "report", system],
    packages: [],
    typesOnly: ["model", "report", system],
    pure: true,
    why: "what every run is given: a machine, its settings, a style",
  },
  "result.ts": {
    folders: ["errors.ts"],
    packages: [],
    typesOnly: ["errors.ts"],
    pure: true,
    why: "what every verb gives back: data, text, messages, an exit status",
  },
  "errors.ts": { folders: [], packages: [], pure: true, why: "thrown low and printed once, by everybody" },
  "version.ts": { folders: [], packages: [], pure: true, why: "replaced as a whole when the file is built" },
};

/** What is wrong with one source file; empty if nothing is. */
export function checkSource(file: string, text: string): string[] {
  const name = file.includes("/") ? file.slice(0, file.indexOf("/")) : file;
  const layer = layers[name];
  if (layer === undefined) return ["is in no layer"];
  const code = withoutCommentsAndTexts(text);
  return [
    ...(file.endsWith("/index.ts") ? ["is a barrel"] : []),
    ...importsOf(text).flatMap((found) => importProblem(file, name, layer, found)),
    ...wordProblems(file, layer, code),
    ...sizeProblems(text, code),
  ];
}

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
  readonly later: boolean;
}

function importsOf(text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?[^"';=()]*?\bfrom\s+"([^"]+)"/gm);
  const bare = text.matchAll(/(?:^import\s+|\b(import)\(|\b\w*[rR]equire\()"([^"]+)"/gm);
  return [
    ...[...statements].map(([, type, from]) => ({ from: from ?? "", typeOnly: type !== undefined, later: false })),
    ...[...bare].map(([, later, from]) => ({ from: from ?? "", typeOnly: false, later: later !== undefined })),
  ];
}

function importProblem(file: string, own: string, layer: Layer, { from, typeOnly, later }: Import): string[] {
  if (!from.startsWith(".")) {
    const allowed = layer.packages.some((name) => (name.endsWith(":") ? from.startsWith(name) : from === name));
    return allowed ? [] : [`imports ${from}`];
  }
  const target = new URL(from, `file:///src/${file}`).pathname.replace(/^\/src\//, "");
  const folder = target.includes("/") ? target.slice(0, target.indexOf("/")) : target;
  if (folder === own) return [];
  if (![folder, target].some((name) => layer.folders.includes(name))) return [`imports ${target}`];
  const asType = [folder, target].some((name) => layer.typesOnly?.includes(name));
  if (asType && !typeOnly) return [`imports ${target} as a value`];
  const { folders: lazy, but } = layer.lazily ?? { folders: [], but: [] };
  const early = lazy.includes(folder) && !but.includes(target) && !typeOnly && !later;
  return early ? [`imports ${target} at the start`] : [];
}

function wordProblems(file: string, layer: Layer, code: string): string[] {
  const edge = file === "cli.ts";
  const rules: [boolean, RegExp, string][] = [
    [!edge, /\bconsole\b/, "uses console"],
    [!edge, /\bprocess\.exit\b/, "uses process.exit"],
    [!edge, /\bprocess\.exitCode\b/, "uses process.exitCode"],
    [layer.pure, /\bprocess\b(?!\.exit(?:Code)?\b|\])(?=[.[])/, "uses process"],
    [layer.pure, /\bnew Date\b|\bDate\./, "uses Date"],
    [layer.pure, /\bMath\.random\b/, "uses Math.random"],
    [layer.pure, /\bset(?:Timeout|Interval|Immediate)\b/, "uses setTimeout"],
    [true, /^export default\b/m, "has a default export"],
  ];
  return rules.flatMap(([applies, pattern, complaint]) => (applies && pattern.test(code) ? [complaint] : []));
}

function sizeProblems(text: string, code: string): string[] {
  const lines = text.trimEnd().split("\n").length;
  const starts = code.matchAll(
    /^( *)(?:export )?(?:(?:async )?function\*? (\w+)|const (\w+) = (?:async )?\([^;]*?\)[^;=]*=>) ?[^;]*?\{$/gm,
  );
  const long = [...starts].flatMap((match) => {
    const [whole, indent = "", named, assigned] = match;
    const rest = code.slice(match.index + whole.length);
    const end = new RegExp(`^${indent}\\}`, "m").exec(rest)?.index ?? 0;
    const length = `${whole}${rest.slice(0, end)}}`.split("\n").length;
    return length > 50 ? [`${named ?? assigned}() has ${length} lines`] : [];
  });
  return [...(lines > 250 ? [`has ${lines} lines`] : []), ...long];
}

/** Words in comments and texts are not uses. */
function withoutCommentsAndTexts(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ""))
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replace(/(^|\s)\/\/.*$/gm, "$1");
}
