import type { ExplainedEntry, ExplainedGateway, ExplainedProblem, Explanation } from "../model/explanation.ts";
import { ownerText } from "../model/owner.ts";
import type { Style } from "./style.ts";

/** The story of an address, from who asks for it to where its packets go. */
export function explanationText(explanation: Explanation, style: Style): string {
  const { subject, verdict, entries, packets, problems } = explanation;
  const head = `${style.heading(subject)} ${verdictText[verdict]}`;
  const parts = [
    ...explanation.gateways.map((gateway) => gatewayStory(gateway, explanation, style)),
    ...entries.map((entry) => entryStory(entry, explanation, style)),
  ];
  const path = packets === null ? [] : [row("packets", packetsText(explanation))];
  const wrong = problems.length === 0 ? [] : [problems.map((problem) => problemStory(problem, style)).join("\n")];
  return `${[head, ...parts, ...path, ...wrong].join("\n\n")}\n`;
}

const verdictText: Readonly<Record<Explanation["verdict"], string>> = {
  "in-order": "is in order: what documents ask for is there",
  waiting: "is asked for, and waits for its link",
  drift: "is not as it should be",
  "not-asked-for": "is there, and no document asks for it",
  unknown: "is nobody's here: no document, file or kernel entry is about just this",
};

function gatewayStory(gateway: ExplainedGateway, { packets }: Explanation, style: Style): string {
  const { link, owner, persistence, place, path, there } = gateway;
  const rows = [
    style.heading(`an address of the bridge ${link}`),
    row("document", `${place} (${path}) of ${ownerText(owner)}, ${persistence}`),
    ...(packets === null ? [] : [row("kernel", there ? "there" : "not there")]),
  ];
  return rows.join("\n");
}

function entryStory(entry: ExplainedEntry, explanation: Explanation, style: Style): string {
  const on = explanation.packets !== null;
  const rows = [
    style.heading(`${entry.kind} ${entry.entry}`),
    ...lines("document", wishLines(entry)),
    ...lines("file", fileLines(entry)),
    ...(on ? lines("networkd", [networkdLine(entry, explanation)]) : []),
    ...(on ? lines("kernel", [kernelLine(entry)]) : []),
  ];
  return rows.join("\n");
}

function wishLines({ wishes }: ExplainedEntry): string[] {
  if (wishes.length === 0) return ["none asks for it"];
  return wishes.map(({ owner, persistence, place, path, lost }) => {
    const where = `${place}${path === "" ? "" : ` (${path})`}`;
    const whose = `${ownerText(owner)}, ${persistence}`;
    return lost === null
      ? `${where} of ${whose}`
      : `${where} of ${whose}: lost against a newer document, wanted ${lost}`;
  });
}

const sections = { route: "Route", neighbor: "Neighbor", rule: "RoutingPolicyRule" } as const;

function fileLines({ files, entry, kind }: ExplainedEntry): string[] {
  if (files.length === 0) return [`no [${sections[kind]}] section has it`];
  return files.map((file) => {
    const loaded = { true: ", loaded", false: ", NOT loaded by networkd", null: "" }[String(file.loaded)];
    const whose = file.ours ? "" : ", written by somebody else";
    return `${file.place}${loaded}${whose}${file.entry === entry ? "" : `: says ${file.entry}`}`;
  });
}

/** An entry that was live first is foreign to networkd: up to its next start on 252, up to the next boot on 257. */
function networkdLine({ networkd, link, files }: ExplainedEntry, { networkdAbsent }: Explanation): string {
  if (networkd === null) return networkdAbsent ?? `knows nothing of ${link === "" ? "it" : link}`;
  const base = networkd.baseFile === null ? "without a base file" : `from ${networkd.baseFile}`;
  const ours = files.some((file) => file.ours);
  const calls = { static: "it calls the entry its own", foreign: "it calls the entry foreign" }[networkd.source ?? ""];
  const until = ours && networkd.source !== "static" ? ", as usual for what was live before it loaded the file" : "";
  const said =
    networkd.source === null ? "it does not list the entry" : (calls ?? `it has the entry by ${networkd.source}`);
  return `${link} is ${networkd.state} ${base}; ${said}${until}`;
}

function kernelLine({ kernel, entry }: ExplainedEntry): string {
  if (kernel === null) return "not there";
  return `${kernel.entry === entry ? "there" : `there as ${kernel.entry}`}, set by ${kernel.by}`;
}

function packetsText({ packets }: Explanation): string {
  if (packets === null) return "";
  const { address, route, text, explained } = packets;
  if (route === null) return `of this host to ${address}: ${text}`;
  return `of this host to ${address} take ${explained === true ? "the route above" : `the route ${route}`}, ${text}`;
}

function problemStory({ code, message, expected, actual, fix }: ExplainedProblem, style: Style): string {
  const more = [
    ...(expected === null ? [] : [`    expected: ${expected}`]),
    ...(actual === null ? [] : [`    actual:   ${actual}`]),
  ];
  return [
    style.removed(`  ${code}: ${message.replaceAll("\n", "\n    ")}`),
    ...more,
    style.faint(`    do:       ${fix}`),
  ].join("\n");
}

function lines(name: string, texts: readonly string[]): string[] {
  return texts.map((text, index) => row(index === 0 ? name : "", text));
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(9)} ${text}`;
}
