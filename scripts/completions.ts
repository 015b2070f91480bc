// Completions for bash, zsh and fish, from the tree of commands: a command or flag that exists is completed, and no other.

import type { Command, Option } from "commander";

interface Flag {
  readonly flags: readonly string[];
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly wants: Wanted;
  readonly description: string;
}

/** A command as the user types it; "" is the program itself. */
interface Verb {
  readonly verb: string;
  readonly description: string;
  readonly options: readonly Flag[];
  readonly subcommands: readonly string[];
  readonly wants: Wanted;
}

type Wanted = "files" | "directories" | "links" | "";

/** Every command with its path, the program first. */
export function verbsOf(program: Command, path: readonly string[] = []): Verb[] {
  const visible = program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== "help");
  const subcommands = visible.map((command) => command.name());
  // The owner comes first, and is in no list.
  const place = path[0] === "set" ? 1 : 0;
  const own: Verb = {
    verb: path.join(" "),
    description: program.description(),
    options: program.createHelp().visibleOptions(program).map(optionOf),
    subcommands: path.length === 0 ? [...subcommands, "help"] : subcommands,
    wants: wantedBy(program.registeredArguments[place]?.name() ?? ""),
  };
  return [own, ...visible.flatMap((command) => verbsOf(command, [...path, command.name()]))];
}

function optionOf(option: Option): Flag {
  return {
    flags: [option.long, option.short].filter((flag) => flag != null),
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    wants: wantedBy(/<(\w+)>/.exec(option.flags)?.[1] ?? ""),
    description: option.description,
  };
}

/** What a placeholder stands for. */
function wantedBy(placeholder: string): Wanted {
  if (/FILE/.test(placeholder)) return "files";
  if (/DIR/.test(placeholder)) return "directories";
  return /LINK/.test(placeholder) ? "links" : "";
}

const values = (verbs: readonly Verb[]) => {
  const all = verbs.flatMap(({ options }) => options.filter(({ takesValue }) => takesValue));
  return [...new Map(all.map((option) => [option.flags[0], option])).values()];
};
const paths = (verbs: readonly Verb[]) => verbs.slice(1).map(({ verb }) => verb);
/** `hook cloudstack` → `hook cloudstack`, `audit` → ` audit`: the verb so far, a blank, the next word. */
const step = (verb: string) => (verb.includes(" ") ? verb : ` ${verb}`);
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const head = (comment: string) => `${comment}Completion of netkeep(8), made from its commands.\n`;

export function bashCompletion(verbs: readonly Verb[]): string {
  const fill: Readonly<Record<string, string>> = {
    files: 'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur")',
    directories: 'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur")',
    links: "words=$(ls /sys/class/net 2>/dev/null)",
  };
  const ofValue = values(verbs).map(({ flags, choices, wants }) => {
    const work = choices.length > 0 ? `words=${quoted(choices.join(" "))}` : (fill[wants] ?? ":");
    return `    ${flags.join(" | ")}) ${work} ;;\n`;
  });
  const ofVerb = verbs.map(({ verb, options, subcommands, wants }) => {
    const flags = options.flatMap((option) => option.flags).join(" ");
    const work = subcommands.length > 0 ? `words=${quoted(subcommands.join(" "))}` : (fill[wants] ?? ":");
    return `      ${quoted(verb)}) case $cur in -*) words=${quoted(flags)} ;; *) ${work} ;; esac ;;\n`;
  });
  return `${head("# ")}_netkeep() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} verb='' words='' i
  COMPREPLY=()
  # "--json=short" is three words here.
  if [ "$cur" = = ]; then cur=''; elif [ "$prev" = = ]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$verb \${COMP_WORDS[i]}" in
    ${paths(verbs)
      .map((verb) => quoted(step(verb)))
      .join(" | ")}) verb="\${verb:+$verb }\${COMP_WORDS[i]}" ;;
    esac
  done
  case $prev in
${ofValue.join("")}    *) case $verb in
${ofVerb.join("")}    esac ;;
  esac
  [ -z "$words" ] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _netkeep netkeep
`;
}

export function zshCompletion(verbs: readonly Verb[]): string {
  const fill: Readonly<Record<string, string>> = {
    files: "_files",
    directories: "_files -/",
    links: "compadd -- /sys/class/net/*(N:t)",
  };
  const item = (name: string, description: string) =>
    quoted(`${name.replaceAll(":", "\\:")}:${description.replaceAll(":", "\\:")}`);
  const ofValue = values(verbs).map(({ flags, choices, wants }) => {
    const work = choices.length > 0 ? `compadd -- ${choices.join(" ")}` : (fill[wants] ?? ":");
    return `  (${flags.join("|")}) ${work}; return ;;\n`;
  });
  const ofVerb = verbs.map(({ verb, options, subcommands, wants }) => {
    const flags = options.flatMap((option) => option.flags.map((flag) => item(flag, option.description)));
    const names = subcommands.map((name) =>
      item(name, verbs.find((other) => other.verb === `${verb} ${name}`.trim())?.description ?? "print the usage"),
    );
    const work = names.length > 0 ? `items=(${names.join(" ")})` : (fill[wants] ?? ":");
    return `  (${quoted(verb)}) if [[ $PREFIX == -* ]]; then items=(${flags.join(" ")}); else ${work}; fi ;;\n`;
  });
  return `#compdef netkeep
${head("# ")}local verb= word prev=\${words[CURRENT - 1]}
local -a items
for word in \${words[2,CURRENT - 1]}; do
  case "$verb $word" in
  (${paths(verbs)
    .map((verb) => quoted(step(verb)))
    .join("|")}) verb="\${verb:+$verb }$word" ;;
  esac
done
case $prev in
${ofValue.join("")}esac
case $verb in
${ofVerb.join("")}esac
(( \${#items} == 0 )) || _describe netkeep items
`;
}

export function fishCompletion(verbs: readonly Verb[]): string {
  const text = (words: string) => `'${words.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const fill: Readonly<Record<string, string>> = {
    files: " -F",
    directories: " -a '(__fish_complete_directories)'",
    links: " -a '(ls /sys/class/net)'",
  };
  const lines = verbs.flatMap(({ verb, options, subcommands, wants }) => {
    const at = `complete -c netkeep -n ${text(`__netkeep_at ${verb}`.trim())}`;
    const names = subcommands.map((name) => {
      const about = verbs.find((other) => other.verb === `${verb} ${name}`.trim())?.description ?? "print the usage";
      return `${at} -a ${name} -d ${text(about)}`;
    });
    const flags = options.map(({ flags: [long = "", short], takesValue, choices, wants: kind, description }) => {
      const name = long.startsWith("--")
        ? `-l ${long.slice(2)}${short ? ` -s ${short.slice(1)}` : ""}`
        : `-s ${long.slice(1)}`;
      const value =
        choices.length > 0 ? ` -x -a ${text(choices.join(" "))}` : takesValue ? ` -r${fill[kind] ?? " -f"}` : "";
      return `${at} ${name}${value} -d ${text(description)}`;
    });
    return [...names, ...(fill[wants] === undefined ? [] : [`${at}${fill[wants]}`]), ...flags];
  });
  return `${head("# ")}function __netkeep_at
    set -l verb
    for word in (commandline -opc)[2..]
        if contains -- "$verb $word" ${paths(verbs)
          .map((verb) => text(step(verb)))
          .join(" ")}
            set verb (string trim -- "$verb $word")
        end
    end
    test "$verb" = "$argv"
end
complete -c netkeep -f
${lines.join("\n")}
`;
}
