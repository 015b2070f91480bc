import { bridgeText } from "../model/bridge.ts";
import { type BridgeChange, differenceText } from "../model/change.ts";
import type { Finding, Severity } from "../model/finding.ts";
import type { AuditInput } from "./input.ts";

const repair = "netkeep audit --repair";

/** Documents ↔ the bridges that netkeep makes, in the kernel; their files are compared with all the others. */
export function auditBridges(input: AuditInput): Finding[] {
  const { changes, kept, uplinks } = input.bridges;
  return [
    ...changes.flatMap((change) => changeFindings(change, input)),
    ...[...kept].map(([link, why]) => ({
      ...about("bridge-extra", "warning", link),
      actual: `bridge ${link}`,
      message: `no document asks for the bridge ${link} any more; it stays, ${why}`,
      fix: `${repair}, once nothing is on it`,
    })),
    ...[...uplinks].map(([link, ports]) => ({
      ...about("bridge-uplink", "warning", link),
      actual: ports.join(", "),
      message: `the bridge ${link} has an uplink: others there see a gateway that every host has`,
      fix: `ip link set dev ${ports[0]} nomaster`,
    })),
  ];
}

function changeFindings(change: BridgeChange, input: AuditInput): Finding[] {
  const { link } = change;
  const owner = input.bridgeOwnersOf(link).join(", ");
  if (change.action === "remove") {
    const message = `netkeep has made the bridge ${link}, and no document asks for it any more`;
    return [{ ...about("bridge-extra", "warning", link), actual: `bridge ${link}`, message, fix: repair }];
  }
  if (change.action === "add") {
    const expected = `bridge ${bridgeText(change.bridge)}`;
    const message = `the bridge ${link} does not exist, and nothing on it`;
    return [{ ...about("bridge-missing", "error", link), owner, expected, message, fix: repair }];
  }
  return change.differences.map((difference) => ({
    ...about(difference.what === "sysctl" ? "sysctl-differs" : "bridge-differs", "error", link),
    owner,
    expected: difference.expected,
    actual: difference.actual,
    message: `the bridge ${link} is not as the document says: ${differenceText(difference)}`,
    fix: repair,
  }));
}

function about(code: Finding["code"], severity: Severity, link: string) {
  return { code, severity, layer: "kernel" as const, owner: null, link, expected: null, actual: null };
}
