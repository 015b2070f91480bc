import { readFileSync } from "node:fs";
import { makeHost } from "./fakeSystem.ts";
import { contextOf, readIp } from "./fixture.ts";

const folder = new URL("../import/captured/", import.meta.url).pathname;

export const captured = (name: string) => readFileSync(`${folder}${name}`, "utf8");

/** Base files of the administrator; that of cloudbr1 has routes, and so has a drop-in. */
export const operatorFiles: Readonly<Record<string, string>> = {
  "/etc/systemd/network/10-cloudbr0.network": "[Match]\nName=cloudbr0\n[Network]\nLinkLocalAddressing=no\n",
  "/etc/systemd/network/10-cloudbr1.network": `[Match]
Name=cloudbr1
[Route]
Destination=10.66.0.0/16
Gateway=192.0.2.66
`,
  "/etc/systemd/network/10-cloudbr1.network.d/20-hand.conf": `# by hand
[Route]
Destination=10.67.0.0/16
Gateway=192.0.2.66
MTUBytes=1400

[Route]
Destination=10.68.0.0/16
Gateway=192.0.2.66
QuickAck=yes

[RoutingPolicyRule]
From=192.0.2.0/24
Table=100
`,
};

/** The host of test/import/captured/capture.sh in memory, as somebody ran it without netkeep until now. */
export async function grownHost(networkd: number | null = 257, settings = "") {
  const made = makeHost({ ip: readIp(folder), networkd });
  for (const [path, text] of Object.entries(operatorFiles)) made.addFile(path, text);
  made.addFile(
    "/etc/systemd/networkd.conf.d/50-netkeep.conf",
    "[Network]\nManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n",
  );
  if (settings !== "") made.addFile("/etc/netkeep/netkeep.conf", `[Netkeep]\n${settings}\n`);
  Object.assign(made.kernel.texts, {
    route4: captured("route4.txt"),
    route6: captured("route6.txt"),
    neigh: captured("neigh.txt"),
  });
  made.boot();
  made.begin(null);
  return { made, context: await contextOf(made) };
}
