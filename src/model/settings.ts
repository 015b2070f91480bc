import type { Persistence } from "./owner.ts";

/** netkeep.conf(5), complete. */
export interface Settings {
  /** RouteProtocol=: rtm_protocol of our routes, and the mark of our live neighbors. */
  readonly routeProtocol: number;
  /** AllowLinks=: globs of links that may carry entries. */
  readonly allowLinks: readonly string[];
  /** AllowDefaultRoute= */
  readonly allowDefaultRoute: boolean;
  /** HookPersistence=: where `hook cloudstack` keeps its owners. */
  readonly hookPersistence: Persistence;
  /** LockTimeoutSec= */
  readonly lockSeconds: number;
  /** ReloadTimeoutSec=: how long to wait until networkd has set up the links after a reload. */
  readonly reloadSeconds: number;
  /** StaleOwnerSec=: how long the record of a guest may be without the guest before the audit says so. */
  readonly staleOwnerSeconds: number;
  /** WatchIntervalSec=: how often `watch` looks at everything. */
  readonly watchSeconds: number;
}
