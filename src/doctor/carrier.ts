import { type Check, fail, isBridge, type Outcome, ok, skip, warn } from "./check.ts";
import type { LinkSituation, Placed } from "./facts.ts";
import { writeFile } from "./shell.ts";

export const carrier: Check = {
  code: "carrier",
  about: "entries of a bridge outlive its last port",
  why:
    "A bridge has carrier while a port has it. Without ConfigureWithoutCarrier=yes networkd deletes all entries when the " +
    "last port leaves, and sets none while there is no port.",
  examine: ({ links }) => links.map(examineCarrier),
};

function examineCarrier(link: LinkSituation): Outcome {
  const { name, files } = link;
  if (!isBridge(link)) return ok(name, `${name} is no bridge`);
  if (link.carrier === "follow") return ok(name, "a document asks for it: carrier: follow");
  if (files === null) return skip(name, "no base file applies, see base-file");
  const { configureWithoutCarrier: configure, ignoreCarrierLoss: ignore } = files;
  const contrary = [configure, ignore].filter((setting) => setting !== null && !isYes(setting.value)) as Placed[];
  if (contrary.length > 0) {
    const evidence = contrary.map(({ key, value, path, line }) => `${path}:${line} says ${key}=${value}`);
    const fix = contrary.map(({ path, line }) => `sed -i '${line}s/=.*/=yes/' ${path}`);
    return fail(name, evidence, [...fix, "networkctl reload"]);
  }
  if (configure !== null) return ok(name, "ConfigureWithoutCarrier=yes");
  const evidence = "ConfigureWithoutCarrier= is not set";
  // Our drop-in says it as soon as the link has entries.
  if (link.entries > 0) return warn(name, [evidence, "netkeep has not written its drop-in"], ["netkeep apply"]);
  const path = `/etc/systemd/network/${files.base.slice(files.base.lastIndexOf("/") + 1)}.d/10-carrier.conf`;
  const lines = ["[Network]", "ConfigureWithoutCarrier=yes", "IgnoreCarrierLoss=yes"];
  return fail(name, [evidence], [...writeFile(path, lines), "networkctl reload"]);
}

/** parse_boolean() of systemd. */
function isYes(value: string): boolean {
  return /^(1|yes|y|true|t|on)$/i.test(value);
}
