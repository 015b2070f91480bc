import { readFileSync } from "node:fs";
import { execa } from "execa";
import { describe, expect, test } from "vitest";

const read = (name: string) => readFileSync(new URL(`../bin/${name}`, import.meta.url), "utf8");

/** The client of hooks loads neither strict nor warnings, because that takes time. So they look at it here. */
describe("what is written in perl", () => {
  const [client = "", queue = ""] = read("netkeep-hook").split("\n__DATA__\n");
  // The second part is compiled within the first, where it says so, and sees its names.
  const whole = client.replace(/^eval do .*$/m, () => queue);

  test.each([
    ["netkeep-hook", whole],
    ["modifymacip.sh", read("modifymacip.sh")],
  ])("%s is right by strict and warnings", async (_name, text) => {
    expect(await complaints(text)).toBe("- syntax OK");
  });

  test("a name that is not declared, in either part, is found", async () => {
    expect(await complaints(whole.replace("my $patience", "$patience"))).toContain("Global symbol");
    expect(await complaints(whole.replace("my $queue", "$queue"))).toContain("Global symbol");
  });
});

async function complaints(text: string): Promise<string> {
  const { stderr } = await execa("perl", ["-Mstrict", "-w", "-c", "-"], { input: text, reject: false });
  return stderr;
}
