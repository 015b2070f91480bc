import type { KernelNeighbor, KernelRoute } from "./state.ts";

/** One message of the kernel about a change, as far as it can concern an entry. */
export type KernelEvent =
  | {
      readonly kind: "entry";
      readonly gone: boolean;
      readonly key: string;
      /** null where the message does not say all of it, as of a route with several next hops, or of no permanent neighbor. */
      readonly entry: KernelRoute | KernelNeighbor | null;
      /** Where it is said; "" of a route with several next hops or none. */
      readonly link: string;
    }
  | { readonly kind: "link"; readonly gone: boolean; readonly link: string; readonly up: boolean; readonly mac: string }
  | { readonly kind: "address"; readonly gone: boolean; readonly link: string; readonly address: string }
  | { readonly kind: "rule"; readonly gone: boolean };
