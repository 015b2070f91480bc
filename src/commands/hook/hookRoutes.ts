import { exitCodes, UserError } from "../../errors.ts";
import { readRoutesPayload } from "../../hooks/routes.ts";
import { ownerDocument } from "../set.ts";
import { failedHook, type HookCall, type HookDecision, type HookHost, type HookOptions } from "./hookCall.ts";

/**
 * `netkeep hook routes`: a router's payload → the routes to its guests' prefixes. `add` and `sync` are the same: what the
 * payload says is what the router has.
 */
export function routesCall(payload: string, options: HookOptions): HookCall {
  const request = readRoutesPayload(payload);
  if ("problems" in request) {
    return { result: failedHook(options, new UserError(exitCodes.badData, request.problems.join("\n"))) };
  }
  const { owner, persistence, document, notes } = request;
  const given = [{ ...ownerDocument(owner, "router payload", document), persistence }];
  const messages = notes.map((text) => ({ level: "warning" as const, text }));
  return { options, owner, decide: async () => ({ given, leftovers: [], messages, failed: false }) };
}

/** `netkeep hook routes --sync ROUTER`: what is recorded of a router is asserted again, and wins no conflict by it. */
export function routesSyncCall(router: string, options: HookOptions): HookCall {
  return { options, owner: `router:${router}`, decide: (host) => assertRecorded(`router:${router}`, host) };
}

async function assertRecorded(owner: string, host: HookHost): Promise<HookDecision> {
  const wish = await host.stored(owner);
  if (wish === null) {
    const text = `nothing is recorded of ${owner.replace(":", " ")}: its payload is needed`;
    throw new UserError(exitCodes.badData, text);
  }
  const { document, source, persistence } = wish;
  const given = { ...ownerDocument(owner, source, document), keepsAge: true };
  return {
    given: [persistence === undefined ? given : { ...given, persistence }],
    leftovers: [],
    messages: [],
    failed: false,
  };
}
