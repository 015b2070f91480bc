import type { HostFacts } from "../model/link.ts";
import { matchesGlob } from "./globPattern.ts";
import { meetsVersion } from "./matchVersion.ts";
import { splitWords } from "./matchWords.ts";

/** Whether a condition holds, or which fact would be needed to say. */
export type Answer = boolean | { readonly missing: string };

/** One test for each key; the value comes without its `!`. */
const tests: Readonly<Record<string, (value: string, host: HostFacts) => Answer>> = {
  Host: testHost,
  Virtualization: testVirtualization,
  KernelCommandLine: testCommandLine,
  KernelVersion: (value, { kernelVersion }) =>
    kernelVersion === undefined ? { missing: "the kernel's version" } : meetsVersion(value, kernelVersion),
  // 258 renames KernelVersion= to Version=; 252 and 257 do not know that name.
  Version: () => ({ missing: "how the systemd of this host reads Version=" }),
  Credential: (value, { credentials }) =>
    credentials === undefined ? { missing: "the credentials of systemd-networkd" } : credentials.includes(value),
  // `native` is what systemd was built for; one built for another architecture than the kernel's is not thought of.
  Architecture: (value, { architecture }) =>
    architecture === undefined ? { missing: "the architecture" } : value === "native" || value === architecture,
  Firmware: testFirmware,
};

/** The keys of [Match] that ask about the host, as this version of systemd knows them. */
export function hostKeys(host: HostFacts): string[] {
  const knowsVersion = host.systemdVersion === undefined || host.systemdVersion >= 258;
  return Object.keys(tests).filter((key) => key !== "Version" || knowsVersion);
}

/**
 * Evaluates one condition of [Match] on the host: config_parse_net_condition() in src/shared/net-condition.c, and
 * src/shared/condition.c for each key. A leading `!` negates.
 */
export function testHostCondition(key: string, value: string, host: HostFacts): Answer {
  // A test that networkd cannot make fails, negated or not.
  if (key === "KernelCommandLine" && host.kernelCommandLine === null) return false;
  const negated = value.startsWith("!");
  const answer = tests[key]?.(negated ? value.slice(1) : value, host) ?? false;
  return typeof answer === "boolean" ? answer !== negated : answer;
}

function testHost(value: string, { hostname, machineId }: HostFacts): Answer {
  const id = /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
  if (id.test(value)) {
    if (machineId === undefined) return { missing: "the machine ID" };
    return value.replaceAll("-", "").toLowerCase() === machineId.toLowerCase();
  }
  if (hostname === undefined) return { missing: "the host name" };
  return matchesGlob(value, hostname, { foldCase: true });
}

function testVirtualization(value: string, { virtualization }: HostFacts): Answer {
  if (value === "private-users") return { missing: "whether networkd runs in a user namespace" };
  if (virtualization === undefined) return { missing: "the virtualization" };
  if (/^(?:1|yes|y|true|t|on)$/i.test(value)) return virtualization.type !== "none";
  if (/^(?:0|no|n|false|f|off)$/i.test(value)) return virtualization.type === "none";
  if (value === "vm" || value === "container") return virtualization.type === value;
  return virtualization.type !== "none" && virtualization.id === value;
}

/** A value with `=` is one whole word of the command line, one without also the key of a word. */
function testCommandLine(value: string, { kernelCommandLine }: HostFacts): Answer {
  if (typeof kernelCommandLine !== "string") return { missing: "the kernel's command line" };
  const words = splitWords(kernelCommandLine, "patterns");
  return words.some((word) => word === value || (!value.includes("=") && word.startsWith(`${value}=`)));
}

function testFirmware(value: string, { firmware }: HostFacts): Answer {
  if (/^(?:device-tree-compatible|smbios-field)\(/.test(value)) return { missing: "what the firmware says of itself" };
  if (value !== "uefi" && value !== "device-tree") return false;
  if (firmware === undefined) return { missing: "the firmware" };
  return value === "uefi" ? firmware.uefi : firmware.deviceTree;
}
