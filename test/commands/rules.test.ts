import { describe, expect, test } from "vitest";
import { applyCommand } from "../../src/commands/apply.ts";
import { auditCommand } from "../../src/commands/audit.ts";
import { explainCommand } from "../../src/commands/explain.ts";
import { showCommand } from "../../src/commands/show.ts";
import type { CommandContext } from "../../src/context.ts";
import type { FakeSystem } from "../support/fakeSystem.ts";
import { applyOptions, contextOf, fixture, hostOf } from "../support/fixture.ts";

const rule = (more = "") => `{ from: 10.20.0.0/16, table: 100, priority: 3200, dev: cloudbr0${more} }`;

async function apply(context: CommandContext, owner: string, rules: string, options = {}) {
  const text = `{version: 1, rules: [${rules}]}`;
  const given = [{ owner, source: "stdin", path: null, text }];
  const { exitCode, messages } = await applyCommand(context, { ...applyOptions, ...options, given });
  return { exitCode, said: messages.map(({ text: message }) => message).join("\n") };
}

const rulesOf = (host: FakeSystem) =>
  [...host.kernel.rules.lists[4], ...host.kernel.rules.lists[6]].filter(({ protocol }) => protocol !== "2");

describe("policy rules", () => {
  test("a host without IPv6 has no rules of it, and that is no failure", async () => {
    const host = hostOf(fixture("l3-guest"));
    const context = await contextOf(host);
    const { run } = context.system;
    const without: CommandContext = {
      ...context,
      system: {
        ...context.system,
        run: async (program, args, input) =>
          args.join(" ") === "-j -N -d -6 rule show"
            ? { stdout: "[", stderr: "RTNETLINK answers: Address family not supported by protocol\n", exitCode: 255 }
            : run.call(context.system, program, args, input),
      },
    };
    expect(await apply(without, "routing", rule())).toMatchObject({ exitCode: 0 });
    expect((await auditCommand(without, { repair: false })).exitCode).toBe(0);
  });

  test("two owners share an equal one; another table is a conflict, which names both", async () => {
    const host = hostOf(fixture("l3-guest"));
    const context = await contextOf(host);
    expect(await apply(context, "a", rule())).toMatchObject({ exitCode: 0 });
    expect(await apply(context, "b", rule())).toMatchObject({ exitCode: 0 });
    expect(await apply(context, "a", "")).toMatchObject({ exitCode: 0 });
    expect(rulesOf(host)).toHaveLength(1);
    await expect(apply(context, "c", rule().replace("100", "101"))).rejects.toThrow(
      /b and c want different entries under one key:|c and b want different entries under one key:/,
    );
    expect(await apply(context, "b", "")).toMatchObject({ exitCode: 0 });
    expect(rulesOf(host)).toEqual([]);
  });

  test("on networkd before 257 rules of others are told by the audit, and stop an apply", async () => {
    const host = hostOf({ ...fixture("l3-guest"), networkd: 252 });
    host.kernel.rules.set({ priority: 5, src: "10.9.0.0", srclen: 16, table: "9", protocol: "0" }, false);
    const context = await contextOf(host);
    const refused = await apply(context, "routing", rule());
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.said).toContain("    rule from 10.9.0.0/16 lookup 9 priority 5\n");
    expect(rulesOf(host)).toHaveLength(1);
    host.addFile(
      "/etc/systemd/networkd.conf.d/50-netkeep.conf",
      "[Network]\nManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n",
    );
    host.boot();
    const again = await contextOf(host);
    expect(await apply(again, "routing", rule())).toMatchObject({ exitCode: 0 });
    expect(rulesOf(host)).toHaveLength(2);
    expect((await auditCommand(again, { repair: false })).text).not.toContain("10.9.0.0");
  });

  test("show and explain know them by owner, link and address", async () => {
    const host = hostOf(fixture("l3-guest"));
    const context = await contextOf(host);
    await apply(context, "routing", `${rule()}, { fwmark: 7, table: 100, priority: 9, dev: cloudbr0 }`);
    const shown = async (subject: string[]) => (await showCommand(context, subject)).text;
    expect(await shown(["10.20.3.4"])).toMatch(/rule from 10\.20\.0\.0\/16 lookup 100 priority 3200 +rules\.0\n$/);
    expect(await shown(["routing"])).toContain("rule from all fwmark 0x7 lookup 100 priority 9");
    const explained = await explainCommand(context, "10.20.0.0/16");
    expect(explained.text).toContain("rule from 10.20.0.0/16 lookup 100 priority 3200\n");
    expect(explained.text).toMatch(/file +\S+60-netkeep\.conf:\d+, loaded/);
    expect(explained.exitCode).toBe(0);
  });
});
