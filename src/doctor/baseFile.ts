import { type Check, fail, type Outcome, ok, warn } from "./check.ts";
import type { BaseSituation, LinkSituation } from "./facts.ts";
import { someOf, writeFile } from "./shell.ts";

const directory = "/etc/systemd/network";

export const baseFile: Check = {
  code: "base-file",
  about: "each link has a base file of its own",
  why:
    "The entries of a link go into drop-ins of the file that networkd applies to it. A file that several links share " +
    "would give the entries to all of them, so netkeep refuses it; for a masked, broken or unmanaged one too.",
  examine: ({ links }) => links.map(examineBase),
};

function examineBase({ name, base, live }: LinkSituation): Outcome {
  if (live !== null) return ok(name, `${name} needs none: it is kept live, because ${live}`);
  switch (base.kind) {
    case "own":
      return ok(name, `${base.path} applies to ${name} alone`);
    case "shared":
      return fail(name, [`${base.path} also applies to ${someOf(base.with)}`], ownFile(name, base.path));
    case "pattern": {
      const evidence = `${base.path} matches more than this one name, so the next link that it applies to would share it`;
      return fail(name, [evidence], ownFile(name, base.path));
    }
    case "none":
      return examineNone(name, base);
    case "unmanaged": {
      const fix = [
        "# if networkd is to look after the link:",
        `sed -i '${base.line}d' ${base.path}`,
        "networkctl reload",
      ];
      return fail(name, [base.problem], fix);
    }
    case "masked":
      return fail(name, [base.problem], [`rm ${base.path}`, "networkctl reload"]);
    case "broken": {
      const mend = base.line > 0 ? `# mend line ${base.line} of ${base.path}` : `chmod 0644 ${base.path}`;
      return fail(name, [base.problem], [mend, "networkctl reload"]);
    }
    case "undecided":
      return fail(name, [base.problem], bareFile(name));
  }
}

function examineNone(name: string, base: BaseSituation & { kind: "none" }): Outcome {
  if (base.advertisements) {
    const evidence = `no base file matches ${name}, and the kernel gives it addresses or routes from router advertisements`;
    const lines = ["[Match]", `Name=${name}`, "", "[Network]", "IPv6AcceptRA=yes"];
    const more =
      "# add the addresses of the link to it before the reload: networkd removes those that it does not know";
    return fail(name, [evidence], [...writeFile(`${directory}/10-${name}.network`, lines), more, "networkctl reload"]);
  }
  if (base.written) return ok(name, `${base.path}, written by netkeep, applies to ${name}`);
  const evidence = [
    `no base file matches ${name}; netkeep writes ${base.path} when it gets entries, and networkd then sets accept_ra to 0`,
  ];
  return warn(name, evidence, ["# nothing, if networkd is to look after this link; or write a base file of your own"]);
}

/** A copy for this one name that sorts before the file of all. Its drop-ins are copied too. */
function ownFile(link: string, path: string): string[] {
  const own = `${directory}/${nameBefore(path.slice(path.lastIndexOf("/") + 1), link)}`;
  const others = "{/^\\[Match\\]/!{/^\\[/!d}}";
  return [
    `sed -e '/^\\[Match\\]/,/^\\[/${others}' -e 's/^\\[Match\\]$/[Match]\\nName=${link}\\n/' ${path} > ${own}`,
    `chmod 0644 ${own}`,
    `for d in /etc /run /usr/lib; do if [ -d $d${below(path)}.d ]; then cp -a $d${below(path)}.d ${own}.d; fi; done`,
    `# ${own} is a copy of ${path} for ${link} alone: take out what is not meant for it`,
    "networkctl reload",
  ];
}

function below(path: string): string {
  return `/systemd/network/${path.slice(path.lastIndexOf("/") + 1)}`;
}

function bareFile(link: string): string[] {
  const lines = ["[Match]", `Name=${link}`, "", "[Network]"];
  const more = "# add what the base file of the link says, then";
  return [...writeFile(`${directory}/00-${link}.network`, lines), more, "networkctl reload"];
}

/** The name of a file for one link that networkd meets before `name`. */
export function nameBefore(name: string, link: string): string {
  const number = /^(\d+)-/.exec(name)?.[1];
  const candidates = [...(number === undefined ? [] : [`${number}-${link}.network`]), `10-${link}.network`];
  return candidates.find((candidate) => candidate < name) ?? `00-${link}.network`;
}
