// The least that a program in Node can do of an apply: read the document, have two `ip -batch` set it, list what there is
// and look each entry up. It checks nothing, keeps nothing, and replaces what is there already.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const { guests } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const wanted = new Set();
const [neighborLines, routeLines] = [[], []];
for (const { mac, dev, addresses } of guests) {
  for (const address of addresses) {
    neighborLines.push(`neigh replace ${address} lladdr ${mac} dev ${dev} nud permanent protocol 107\n`);
    routeLines.push(`route replace ${address}/32 dev ${dev} proto 107 scope link\n`);
    wanted.add(`${address} ${mac}`);
  }
}
await Promise.all([neighborLines, routeLines].map((lines) => ip(["-force", "-batch", "-"], lines.join(""))));
const [routes, neighbors] = await Promise.all([
  ip(["-j", "-N", "-4", "route", "show", "table", "all"]),
  ip(["-j", "-N", "neigh", "show"]),
]);
const macs = new Map(JSON.parse(neighbors).map(({ dst, lladdr }) => [dst, lladdr]));
const found = JSON.parse(routes).filter(({ dst }) => wanted.has(`${dst} ${macs.get(dst)}`));
if (found.length !== wanted.size) throw new Error(`${found.length} of ${wanted.size} are there`);

function ip(args, input = "") {
  return new Promise((resolve, reject) => {
    const child = spawn("ip", args, { stdio: ["pipe", "pipe", "inherit"] });
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.on("error", reject).on("close", () => resolve(Buffer.concat(chunks).toString()));
    child.stdin.end(input);
  });
}
