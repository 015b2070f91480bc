import type { ClockFacts, Facts, ForwardPolicy } from "../../doctor/facts.ts";
import { parseIptablesForward, parseNftChains } from "../../kernel/parseForward.ts";
import type { System } from "../../system/system.ts";

/**
 * The forward chains, if bridged packets pass them at all. Nothing is asked that would load a module: nft only where the
 * kernel has bridge-nf on, the older iptables only where it has a table already.
 */
export async function readFirewall(system: System, sysctls: ReadonlyMap<string, string>): Promise<ForwardPolicy> {
  const calls = ["iptables", "ip6tables"].filter(
    (program) => sysctls.get(`net.bridge.bridge-nf-call-${program}`) === "1",
  );
  if (calls.length === 0) return { known: false, reason: "bridged packets do not pass it" };
  if (!system.privileged) return { known: false, reason: "only root can" };
  const older = await readOlderTables(system);
  const listed = await system.run("nft", ["-j", "list", "ruleset"]);
  if (listed.exitCode === 0) {
    const by = older.length === 0 ? "nft" : "nft and iptables-legacy";
    return { known: true, by, chains: [...parseNftChains(listed.stdout), ...older] };
  }
  if (listed.exitCode !== 127) return { known: false, reason: `nft: ${listed.stderr.trim().split("\n")[0]}` };
  const chains = [...older];
  for (const [program, family] of [
    ["iptables", 4],
    ["ip6tables", 6],
  ] as const) {
    const { exitCode, stdout } = await system.run(`${program}-nft`, ["-S", "FORWARD"]);
    const chain = exitCode === 0 ? parseIptablesForward(stdout, family) : null;
    if (chain === null) return { known: false, reason: "neither nft nor iptables-nft is installed" };
    chains.push(chain);
  }
  return { known: true, by: "iptables-nft; tables of nft itself were not read", chains };
}

/** /proc/net/ip_tables_names lists the tables of the older iptables that are in use. */
async function readOlderTables(system: System) {
  const found = await Promise.all(
    (
      [
        ["iptables-legacy", "ip_tables_names", 4],
        ["ip6tables-legacy", "ip6_tables_names", 6],
      ] as const
    ).map(async ([program, names, family]) => {
      const tables = await system.readText(`/proc/net/${names}`).catch(() => null);
      if (tables === null || !/^filter$/m.test(tables)) return null;
      const { exitCode, stdout } = await system.run(program, ["-S", "FORWARD"]);
      return exitCode === 0 ? parseIptablesForward(stdout, family) : null;
    }),
  );
  return found.filter((chain) => chain !== null);
}

/** The clocks, and the files whose age netkeep goes by. systemd makes its socket for notifications once at each boot. */
export async function readClock(system: System, files: ClockFacts["files"]): Promise<ClockFacts> {
  const now = system.now();
  if (system.offline) return { now, hardware: null, booted: null, bootedByClockThen: null, files };
  const [seconds, adjust, stat, then] = await Promise.all([
    system.readText("/sys/class/rtc/rtc0/since_epoch").catch(() => null),
    system.readText("/etc/adjtime").catch(() => null),
    system.readText("/proc/stat").catch(() => null),
    system.modified("/run/systemd/notify"),
  ]);
  const local = /^LOCAL$/m.test(adjust ?? "");
  const boot = /^btime (\d+)$/m.exec(stat ?? "")?.[1];
  return {
    now,
    hardware: seconds === null || local ? null : Number(seconds) * 1000,
    booted: boot === undefined ? null : Number(boot) * 1000,
    bootedByClockThen: then,
    files,
  };
}

/** What iproute2 reads: rt_protos and rt_protos.d/*.conf, of the distribution and of the administrator. */
export async function readProtocolNames(system: System): Promise<Facts["protocolNames"]> {
  const paths: string[] = [];
  for (const directory of ["/usr/lib/iproute2", "/usr/share/iproute2", "/etc/iproute2"]) {
    paths.push(`${directory}/rt_protos`);
    const names = await system.list(`${directory}/rt_protos.d`);
    paths.push(...names.filter((name) => name.endsWith(".conf")).map((name) => `${directory}/rt_protos.d/${name}`));
  }
  const texts = await Promise.all(
    paths.map(async (path) => ({ path, text: await system.readText(path).catch(() => null) })),
  );
  return texts.flatMap(({ path, text }) =>
    [...(text ?? "").matchAll(/^\s*(0x[0-9a-f]+|\d+)\s+([^\s#]+)/gim)].map(([, number = "", name = ""]) => ({
      number: Number(number),
      name,
      path,
    })),
  );
}

const sysctlDirectories = ["/usr/lib/sysctl.d", "/usr/local/lib/sysctl.d", "/run/sysctl.d", "/etc/sysctl.d"];

/** Links for which a file of sysctl.d(5) says disable_ipv6=0, as those of bridges that netkeep makes and of the doctor's own advice do. */
export async function readIpv6ByFile(system: System): Promise<Set<string>> {
  const found = new Set<string>();
  for (const directory of sysctlDirectories) {
    for (const name of (await system.list(directory).catch(() => [])).filter((file) => file.endsWith(".conf"))) {
      const text = (await system.readText(`${directory}/${name}`).catch(() => null)) ?? "";
      // Dots and slashes change places where the first separator is a slash.
      for (const [, link = ""] of text.matchAll(/^\s*-?net\/ipv6\/conf\/([^/\s]+)\/disable_ipv6\s*=\s*0\s*$/gm))
        found.add(link);
      for (const [, link = ""] of text.matchAll(/^\s*-?net\.ipv6\.conf\.([^.\s]+)\.disable_ipv6\s*=\s*0\s*$/gm)) {
        found.add(link.replaceAll("/", "."));
      }
    }
  }
  return found;
}
