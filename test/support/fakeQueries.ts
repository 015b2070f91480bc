import type { IpOutput, RouteJson } from "./ipJson.ts";

/**
 * `ip -j -N -force -batch -` with the questions that netkeep asks: links, single entries, default routes, and lists. `neigh get` prints a
 * line for people (iproute2 6.1), and ends the batch if there is none; `route get fibmatch` gives the longest match.
 */
export function answerQueries(
  state: IpOutput,
  nexthops: string,
  input: string,
): { stdout: string; stderr: string; exitCode: number } {
  let [stdout, stderr] = ["", ""];
  for (const [index, line] of input.trimEnd().split("\n").entries()) {
    const words = line.split(" ");
    const [, exact] = /^route show exact (\S+) dev \S+$/.exec(line) ?? [];
    const [, anywhere] = /^route show table all exact (\S+)$/.exec(line) ?? [];
    const [, address] = /^route get fibmatch (\S+)$/.exec(line) ?? [];
    const [, dst, dev] = /^neigh get (\S+) dev (\S+)$/.exec(line) ?? [];
    if (line === "address show") stdout += `${JSON.stringify(state.address.map(({ linkinfo: _, ...rest }) => rest))}\n`;
    else if (line === "neigh show") stdout += `${JSON.stringify(state.neigh)}\n`;
    else if (line === "nexthop show") stdout += nexthops === "" ? "[ ]\n" : `[{"id":1}]\n`;
    else if (exact !== undefined && !state.address.some(({ ifname }) => ifname === words.at(-1))) {
      stderr += `Cannot find device "${words.at(-1)}"\nCommand failed -:${index + 1}\n`;
    } else if (exact !== undefined) {
      const found = routesTo(state, exact).filter((route) => route.dev === words.at(-1) && route.table === undefined);
      stdout += `${JSON.stringify(found.map(({ dev: _, ...rest }) => rest))}\n`;
    } else if (anywhere !== undefined) stdout += `${JSON.stringify(routesTo(state, anywhere))}\n`;
    else if (address !== undefined) {
      const [found] = routesTo(state, address).filter(({ table }) => table === undefined);
      if (found === undefined) stderr += `RTNETLINK answers: Network is unreachable\nCommand failed -:${index + 1}\n`;
      else stdout += `${JSON.stringify([found])}\n`;
    } else if (dst !== undefined) {
      const found = state.neigh.find((neighbor) => neighbor.dst === dst && neighbor.dev === dev);
      if (found === undefined) return { stdout, stderr: `${stderr}Error: Neighbour entry not found.\n`, exitCode: 2 };
      const mark = found.protocol === undefined ? "" : `proto ${found.protocol} `;
      stdout += `${dst} dev ${dev} lladdr ${found.lladdr} ${found.state.join(" ")} ${mark}\n`;
    } else throw new Error(`netkeep does not ask that: ${line}`);
  }
  return { stdout, stderr, exitCode: stderr === "" ? 0 : 1 };
}

/** Those with the lowest metric first, as the kernel has them. */
function routesTo(state: IpOutput, prefix: string): RouteJson[] {
  const v6 = prefix.includes(":");
  const bare = prefix.replace(v6 ? /\/128$/ : /\/32$/, "");
  const dst = /^(0\.0\.0\.0|::)\/0$/.test(bare) ? "default" : bare;
  const list = v6 ? state.route6 : state.route4;
  return list.filter((route) => route.dst === dst).sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0));
}
