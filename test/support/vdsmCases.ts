import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { canonicalNetwork } from "../../src/hooks/vdsmCanonical.ts";
import type { VdsmHost, VdsmLink, VdsmNetwork } from "../../src/hooks/vdsmNetwork.ts";
import type { NetworkAttributes } from "../../src/hooks/vdsmPayload.ts";
import { accepted, networkPrefix, parseAddress } from "../../src/model/address.ts";

const stepSchema = z.strictObject({
  /** The links of the host at that time, with their addresses, and the MTU of all of them. */
  links: z.record(z.string(), z.array(z.string())),
  mtu: z.int().default(1500),
  /** The status of VDSM's answer. */
  code: z.int(),
  /** netkeep's routes and rules afterwards, in the words of `ip route show table all` and `ip rule`, sorted. */
  kernel: z.array(z.string()),
});
const caseSchema = z.strictObject({ about: z.string().min(10), steps: z.array(stepSchema) });

export interface VdsmStep extends z.infer<typeof stepSchema> {
  readonly call: string;
  /** What the call comes to, as stored; with UPDATE_FIXTURES=1 it is stored. */
  expected(actual: unknown): unknown;
}

export interface VdsmCase {
  readonly name: string;
  readonly about: string;
  readonly steps: readonly VdsmStep[];
}

const folder = new URL("../hooks/vdsm/", import.meta.url).pathname;

/** The calls of test/hooks/vdsm, a folder each: what VDSM's own tests send, and what it comes to. */
export function vdsmCases(): VdsmCase[] {
  return readdirSync(folder).map((name) => {
    const read = (file: string) => readFileSync(join(folder, name, file), "utf8");
    const { about, steps } = caseSchema.parse(JSON.parse(read("case.json")));
    return { name, about, steps: steps.map((step, index) => ({ ...step, ...filesOf(join(folder, name), index + 1) })) };
  });
}

export function vdsmCase(name: string): VdsmCase {
  const found = vdsmCases().find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`there is no case ${name}`);
  return found;
}

function filesOf(path: string, number: number) {
  return {
    call: readFileSync(join(path, `${number}-call.json`), "utf8"),
    expected(actual: unknown) {
      const file = join(path, `${number}-expected.json`);
      if (process.env["UPDATE_FIXTURES"] === "1") writeFileSync(file, `${JSON.stringify(actual, null, 2)}\n`);
      return JSON.parse(readFileSync(file, "utf8"));
    },
  };
}

/** The host of a step. @param running the networks that the steps before have set */
export function hostOfStep({ links, mtu }: VdsmStep, running: ReadonlyMap<string, VdsmNetwork>): VdsmHost {
  const made = Object.entries(links).map(([name, texts]): [string, VdsmLink] => [
    name,
    { mtu, addresses: texts.map(linkAddress) },
  ]);
  return { running, links: new Map(made), foreignDefaults: [] };
}

function linkAddress(text: string) {
  const [host = "", length] = text.split("/");
  const address = accepted(parseAddress(host));
  return { address, subnet: networkPrefix(address, Number(length)) };
}

/** What was kept of a network, read back. */
export function readBack(name: string, request: NetworkAttributes): VdsmNetwork {
  const { network, problems } = canonicalNetwork(name, request);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return network;
}

/** A line of `ip route show table all` or `ip rule` in the words of the cases: without what goes without saying. */
export function plainWords(line: string): string {
  return line
    .replace(/ (proto (107|netkeep|static)|scope link|metric 1024|pref medium|linkdown|onlink)(?= |$)/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
