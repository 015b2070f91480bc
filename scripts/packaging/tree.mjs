// What goes where. One list for both packages; the tests of the lab install what it says.

/** [source in the repository, place on the host, mode] */
export const files = [
  ["dist/netkeep.mjs", "usr/lib/netkeep/netkeep.mjs", 0o644],
  ["scripts/packaging/files/netkeep", "usr/bin/netkeep", 0o755],
  ["bin/netkeep-hook", "usr/bin/netkeep-hook", 0o755],
  ["bin/modifymacip.sh", "usr/libexec/netkeep/modifymacip.sh", 0o755],
  ["bin/libvirt-qemu-hook", "usr/libexec/netkeep/libvirt-qemu-hook", 0o755],
  ["bin/vdsm-network-hook", "usr/libexec/netkeep/vdsm-network-hook", 0o755],
  ...[
    "netkeep.service",
    "netkeep-verify.service",
    "netkeep-link@.service",
    "netkeep-audit.service",
    "netkeep-audit.timer",
    "netkeep-watch.service",
  ].map((unit) => [`units/${unit}`, `usr/lib/systemd/system/${unit}`, 0o644]),
  ["units/90-netkeep.rules", "usr/lib/udev/rules.d/90-netkeep.rules", 0o644],
  // For links that are kept live: who sets them up says so. ifupdown looks nowhere else.
  ["scripts/packaging/files/link-up", "etc/network/if-up.d/netkeep", 0o755],
  ["scripts/packaging/files/link-up", "usr/lib/NetworkManager/dispatcher.d/90-netkeep", 0o755],
  ["scripts/packaging/files/netkeep.preset", "usr/lib/systemd/system-preset/50-netkeep.preset", 0o644],
  ["scripts/packaging/files/netkeep.tmpfiles", "usr/lib/tmpfiles.d/netkeep.conf", 0o644],
  ["scripts/packaging/files/netkeep.sysctl", "usr/lib/sysctl.d/50-netkeep.conf", 0o644],
  // In /etc, because its time says since when it is there: networkd reads it when it starts.
  ["units/50-netkeep-networkd.conf", "etc/systemd/networkd.conf.d/50-netkeep.conf", 0o644],
  // In /etc, because iproute2 of Debian 12 looks nowhere else.
  ["scripts/packaging/files/rt_protos.conf", "etc/iproute2/rt_protos.d/netkeep.conf", 0o644],
];

/** Directories of the administrator, empty at first. And one that Debian 13 has by procps only, and the units cannot make. */
export const directories = [
  "etc/netkeep/desired.d",
  "etc/netkeep/guests.d",
  "etc/netkeep/netkeep.conf.d",
  "etc/sysctl.d",
];

/** Compressed, and named by section. */
export const manuals = ["netkeep.8", "netkeep.conf.5", "netkeep-state.5", "netkeep-hooks.7"];
