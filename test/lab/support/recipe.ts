/**
 * What a lab root file system contains, as a value: the packages and what is changed after their installation.
 *
 * What makes this hard: networkd behaves differently without udev (252 then keeps foreign entries at a restart), and
 * udev does not start in a container by itself, because /sys is read-only there. Everything else is left as Debian
 * ships it, except for units that only make the boot slower.
 *
 * One image for each suite has all that any test needs, because each further one takes most of a minute to make. What
 * would look after the network or start guests is disabled: a test enables what it is about.
 */

export type Suite = "bookworm" | "trixie";

export const suites: readonly Suite[] = ["bookworm", "trixie"];

/** The systemd version of each suite, as `networkctl --version` begins. */
export const systemdVersions: Readonly<Record<Suite, number>> = { bookworm: 252, trixie: 257 };

export interface Recipe {
  readonly suite: Suite;
  readonly packages: readonly string[];
  /** Packages that conflict with others: their files lie in `debs`, for `installHeld`. */
  readonly held: readonly string[];
  /** Units that their packages enable. */
  readonly disabled: readonly string[];
  /** Path → text; always 0644. */
  readonly files: Readonly<Record<string, string>>;
  /** Path → target. */
  readonly links: Readonly<Record<string, string>>;
  /** The only files that stay in /usr/lib/udev/rules.d: the machine's disks and inputs are none of our business. */
  readonly udevRules: readonly string[];
}

/** Where the .deb files of held packages are in an image. */
export const debs = "/var/cache/lab-debs";

export function recipeFor(suite: Suite): Recipe {
  return {
    suite,
    packages: [...basePackages, ...otherManagers, ...routing, ...libvirt, ...packaging],
    held: ["ifupdown2"],
    disabled: disabledUnits,
    files,
    links: { ...enabledUnits(), ...Object.fromEntries(maskedUnits.map((unit) => [`${unitDir}/${unit}`, "/dev/null"])) },
    udevRules: [
      "50-udev-default.rules",
      "75-net-description.rules",
      "80-net-setup-link.rules",
      "84-nm-drivers.rules",
      "85-nm-unmanaged.rules",
      "99-systemd.rules",
    ],
  };
}

const basePackages = [
  "systemd",
  "systemd-sysv",
  "dbus",
  "udev",
  "iproute2",
  "nodejs",
  "procps",
  "iputils-ping",
  "util-linux",
  "kmod",
];

const otherManagers = ["bridge-utils", "ifupdown", "netplan.io", "network-manager"];
const routing = ["frr", "nftables"];
/** To install the .rpm where no distribution of that kind is to be had. */
const packaging = ["rpm"];
const libvirt = ["libvirt-daemon-system", "libvirt-daemon-driver-qemu", "libvirt-clients", "qemu-system-x86"];

const disabledUnits = [
  ...["NetworkManager.service", "NetworkManager-dispatcher.service", "NetworkManager-wait-online.service"],
  "networking.service",
  "frr.service",
  ...["libvirt-guests.service", "libvirtd.service", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket"],
  ...["virtlogd.service", "virtlogd.socket", "virtlogd-admin.socket", "virtlockd.socket", "virtlockd-admin.socket"],
  ...["logrotate.timer", "machines.target"],
];

const unitDir = "/etc/systemd/system";

const udevUnits = [
  "systemd-udevd.service",
  "systemd-udev-trigger.service",
  "systemd-udevd-control.socket",
  "systemd-udevd-kernel.socket",
];

const maskedUnits = [
  "apt-daily-upgrade.timer",
  "apt-daily.timer",
  "console-getty.service",
  "dev-hugepages.mount",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "getty.target",
  "ldconfig.service",
  "proc-sys-fs-binfmt_misc.automount",
  "sys-fs-fuse-connections.mount",
  "systemd-hwdb-update.service",
  "systemd-journal-catalog-update.service",
  "systemd-logind.service",
  "systemd-pstore.service",
  "systemd-timesyncd.service",
  "systemd-tmpfiles-clean.timer",
  "systemd-update-done.service",
];

const files: Record<string, string> = {
  "/etc/hostname": "lab\n",
  "/etc/sysctl.d/90-lab.conf": "net.ipv4.ip_forward=1\nnet.ipv6.conf.all.forwarding=1\n",
  // Without this the containers' journals would be lost with /run at every reboot of a test.
  "/var/log/journal/.keep": "",
  [`${unitDir}/lab-sysfs.service`]: `[Unit]
Description=Make /sys writable, so that udev runs in this container
DefaultDependencies=no
Before=${udevUnits.join(" ")}
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=mount -o remount,rw,bind /sys
ExecStart=-mount -o remount,rw /sys/devices
`,
  ...Object.fromEntries(
    udevUnits.map((unit) => [`${unitDir}/${unit}.d/lab.conf`, "[Unit]\nConditionPathIsReadWrite=\n"]),
  ),
  // The container shares the machine's devices: a full trigger would replay events for all of them.
  [`${unitDir}/systemd-udev-trigger.service.d/lab-net.conf`]: `[Service]
ExecStart=
ExecStart=-udevadm trigger --type=subsystems --action=add --subsystem-match=net
ExecStart=-udevadm trigger --type=devices --action=add --subsystem-match=net
`,
};

function enabledUnits(): Record<string, string> {
  const lib = "/usr/lib/systemd/system";
  return {
    [`${unitDir}/sysinit.target.wants/lab-sysfs.service`]: `${unitDir}/lab-sysfs.service`,
    // What `systemctl enable systemd-networkd` makes.
    [`${unitDir}/multi-user.target.wants/systemd-networkd.service`]: `${lib}/systemd-networkd.service`,
    [`${unitDir}/dbus-org.freedesktop.network1.service`]: `${lib}/systemd-networkd.service`,
    [`${unitDir}/sockets.target.wants/systemd-networkd.socket`]: `${lib}/systemd-networkd.socket`,
    [`${unitDir}/network-online.target.wants/systemd-networkd-wait-online.service`]: `${lib}/systemd-networkd-wait-online.service`,
    [`${unitDir}/sysinit.target.wants/systemd-network-generator.service`]: `${lib}/systemd-network-generator.service`,
  };
}
