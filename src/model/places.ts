/** Where netkeep keeps what it knows (design §2). */
export const places = {
  settings: "/etc/netkeep/netkeep.conf",
  settingsDirectories: [
    "/etc/netkeep/netkeep.conf.d",
    "/run/netkeep/netkeep.conf.d",
    "/usr/lib/netkeep/netkeep.conf.d",
  ],
  documents: "/etc/netkeep/desired.d",
  guests: "/etc/netkeep/guests.d",
  owners: "/var/lib/netkeep/owners",
  runtimeOwners: "/run/netkeep/owners",
  /** What an administrator has changed, and what was there before (commands/generations.ts). */
  generations: "/var/lib/netkeep/generations",
  /** What is being tried, and until when; in /run, so that a boot knows nothing of it. */
  trial: "/run/netkeep/try",
  lock: "/run/netkeep/lock",
  /** What the last run of a hook knew of the host, for the next one; in /run, and never missed. */
  memory: "/run/netkeep/memory",
  /** Calls of hooks that wait for the run that carries them out, and its answers (bin/netkeep-hook). */
  queue: "/run/netkeep/queue",
  /** Where `netkeep watch` takes calls of hooks, for root only. */
  socket: "/run/netkeep/watch.sock",
  /** Held by the one `netkeep watch` that runs. */
  watchLock: "/run/netkeep/watch.lock",
  /** A file for each link that has entries: the udev rule looks there when a link appears. */
  links: "/run/netkeep/links",
  /** Rules that are being set and have no drop-in yet (commands/announcedRules.ts). */
  announcedRules: "/run/netkeep/rules",
  /** There while files have changed that networkd was not yet told about; in /run, because a boot reads all anyway. */
  reloadPending: "/run/netkeep/reload-pending",
} as const;
