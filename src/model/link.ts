/**
 * What is known of a link, for the [Match] sections of foreign `.network` files.
 *
 * `undefined` (or absent): not known here and now, so a condition on it stays undecided.
 * `null`: known that the link has none, as a bridge has no ID_PATH.
 */
export interface LinkFacts {
  readonly name: string;
  readonly alternativeNames?: readonly string[] | undefined;
  /** As `ip` prints it: six bytes, or an IP address for a tunnel. */
  readonly mac?: string | null | undefined;
  readonly permanentMac?: string | null | undefined;
  /** `linkinfo.info_kind` of `ip -d link`: bridge, veth …; null for hardware and lo. */
  readonly kind?: string | null | undefined;
  /** `Type` of `networkctl --json`: DEVTYPE if the kernel names one, else the ARPHRD name (ether, loopback …). */
  readonly type?: string | null | undefined;
  /** As ethtool says, which is `ID_NET_DRIVER` in udev. */
  readonly driver?: string | null | undefined;
  /** The udev property ID_PATH; looked up in `properties` if not given. */
  readonly path?: string | null | undefined;
  /** udev's properties; null where networkd has no udev, as in a container with a read-only /sys. */
  readonly properties?: Readonly<Record<string, string>> | null | undefined;
  readonly wlanInterfaceType?: string | null | undefined;
  readonly ssid?: string | null | undefined;
  readonly bssid?: string | null | undefined;
}

/** A program other than networkd that looks after a link, and what shows it. */
export interface LinkClaim {
  readonly name: "NetworkManager" | "ifupdown" | "another program";
  readonly evidence: string;
}

/** What the conditions of [Match] on the host itself need. `undefined` as in LinkFacts. */
export interface HostFacts {
  readonly hostname?: string | undefined;
  /** /etc/machine-id, 32 hexadecimal digits. */
  readonly machineId?: string | undefined;
  /** What `systemd-detect-virt --vm` or `--container` says; a container counts before the machine around it. */
  readonly virtualization?:
    | { readonly type: "none" }
    | { readonly type: "vm" | "container"; readonly id: string }
    | undefined;
  /** /proc/cmdline. Null in a container: there networkd looks at PID 1, which its ProtectProc= hides from it. */
  readonly kernelCommandLine?: string | null | undefined;
  /** `uname -r`. */
  readonly kernelVersion?: string | undefined;
  /** systemd's name: x86-64, arm64 … */
  readonly architecture?: string | undefined;
  /** Names of the credentials that systemd-networkd.service was given. */
  readonly credentials?: readonly string[] | undefined;
  readonly firmware?: { readonly uefi: boolean; readonly deviceTree: boolean } | undefined;
  /** The major version, 252 or 257. */
  readonly systemdVersion?: number | undefined;
}

/** What the kernel says of every link of a kind: DEVTYPE in /sys/class/net/…/uevent and the name for ethtool. */
const virtualKinds: Readonly<Record<string, { readonly type: string; readonly driver: string }>> = {
  bond: { type: "bond", driver: "bonding" },
  bridge: { type: "bridge", driver: "bridge" },
  dummy: { type: "ether", driver: "dummy" },
  ifb: { type: "ether", driver: "ifb" },
  macvlan: { type: "ether", driver: "macvlan" },
  veth: { type: "ether", driver: "veth" },
  vlan: { type: "vlan", driver: "802.1Q VLAN Support" },
  vxlan: { type: "vxlan", driver: "vxlan" },
};

/**
 * The facts that hold for a link that the kernel makes up, also before it exists.
 *
 * @param kind netdev kind; of one that is not in the table above, type and driver stay unknown
 */
export function virtualLinkFacts(name: string, kind: string, mac?: string): LinkFacts {
  const known = virtualKinds[kind];
  return {
    name,
    // udev derives alternative names from hardware only; a `.link` file that adds one is not looked at.
    alternativeNames: [],
    ...(mac === undefined ? {} : { mac }),
    permanentMac: null,
    kind,
    ...(known ?? {}),
    path: null,
    wlanInterfaceType: null,
    ssid: null,
    bssid: null,
  };
}
