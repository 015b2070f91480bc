import { type Check, fail, ok, warn } from "./check.ts";

const file = "/etc/iproute2/rt_protos.d/netkeep.conf";

export const protocolName: Check = {
  code: "protocol-name",
  about: "ip knows the protocol of netkeep's routes by name, and nobody else has the number",
  why:
    "The protocol number marks what netkeep may delete. With a name `ip route show proto netkeep` works, and a list of " +
    "routes says whose they are.",
  examine: ({ protocolNames, protocol }) => {
    const named = protocolNames.filter(({ number }) => number === protocol);
    const other = named.find(({ name }) => name !== "netkeep");
    if (other !== undefined) {
      const evidence = `${other.path} gives ${protocol} to ${other.name}`;
      const fix = [
        `# if ${other.name} sets routes on this host, choose another RouteProtocol= in netkeep.conf(5) before the next apply;`,
        "# else take that line away",
      ];
      return [fail(null, [evidence], fix)];
    }
    if (named.length > 0) return [ok(null, `${protocol} is netkeep`)];
    const fix = ["mkdir -p /etc/iproute2/rt_protos.d", `echo '${protocol} netkeep' > ${file}`];
    return [warn(null, [`ip has no name for protocol ${protocol}`], fix)];
  },
};
