/**
 * How long a guest cannot be reached when it moves between two hosts that announce it by BGP: 20 moves each, with a flow of
 * both families. Run by `npm run bench:lab`; a few moves are among the tests of the product.
 */
import { afterAll, beforeAll, describe, test } from "vitest";
import { bootFabric, type Fabric } from "../lab/support/frr.ts";
import { type MovingGuest, placeGuests } from "../lab/support/guestOnTheMove.ts";
import { type Kind, moveAround, moveReport } from "../lab/support/moves.ts";
import { suites } from "../lab/support/recipe.ts";

const kinds = Array.from({ length: 20 }, (_, index): Kind => (index % 2 === 0 ? "live" : "cold"));

describe.each(suites)("moves on %s", (suite) => {
  let fabric: Fabric;
  let moving: MovingGuest;
  beforeAll(async () => {
    fabric = await bootFabric(suite);
    moving = await placeGuests(fabric);
    await moving.hook(fabric.hosts[0], "add");
    await moving.run(fabric.hosts[0], true);
  });
  afterAll(async () => {
    await Promise.all((fabric?.hosts ?? []).map((host) => host.stop()));
  });

  test("20 times with traffic", async () => {
    console.log(moveReport(suite, await moveAround(fabric, moving, kinds)));
  });
});
