import type { DocumentContext, ReadDocument } from "../../src/desired/document.ts";
import { readDocument } from "../../src/desired/document.ts";
import { tableOf } from "../../src/desired/table.ts";
import { entryTitle } from "../../src/model/entry.ts";

/** A host with two addresses and its gateway, and the subnet of cloudbr1. */
export const context: DocumentContext = {
  protocol: 107,
  allowsLink: (link) => link !== "eth0",
  allowDefaultRoute: false,
  hostAddresses: ["198.51.100.2", "2001:db8:ffff::2", "198.51.100.1"] as never,
  linkOf: (address) =>
    address.startsWith("2001:db8:1:")
      ? { value: "cloudbr1" }
      : { problem: `no link of this host has the subnet of ${address}: say it with "dev"` },
  tableOf: (table) => tableOf(table, new Map([["uplink2", 202]])),
};

export function read(text: string, changed: Partial<DocumentContext> = {}): ReadDocument {
  const document = { owner: "o", source: "d.yaml", text, persistence: "persistent", changed: 1 } as const;
  return readDocument(document, { ...context, ...changed });
}

/** The problems of a document, without the source lines below each. */
export function heads(text: string, changed: Partial<DocumentContext> = {}): string[] {
  return read(text, changed).problems.map((problem) => problem.split("\n")[0] ?? "");
}

/** What a sound document asks for, a title a line. */
export function titles(text: string, changed: Partial<DocumentContext> = {}): string[] {
  const { state, problems } = read(text, changed);
  if (state === null) throw new Error(problems.join("\n"));
  return state.entries.map(({ entry }) => entryTitle(entry));
}
