/** The Ansible role of docs/examples, run by Debian's Ansible on directories in place of hosts, without any network. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, expect, test } from "vitest";
import { inRepo } from "./support/netkeep.ts";

const folder = mkdtempSync(join(tmpdir(), "netkeep-ansible-"));
cpSync(inRepo("docs/examples"), folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));

const here = join(folder, "ansible");
const dropIn = "etc/systemd/network/60-netkeep-br0.network.d/60-netkeep.conf";

const missing = spawnSync("ansible-playbook", ["--version"]).error !== undefined;

test.skipIf(missing)(
  "it makes of the fleet's document what each host needs, once, and stops at a mistake",
  async () => {
    const first = await play("--limit", "hv1,hv2");
    expect(first, first.stdout).toMatchObject({ exitCode: 0 });
    const [one, two] = ["hv1", "hv2"].map((host) => readFile(host, dropIn)) as [string, string];
    for (const text of [one, two]) expect(text).toContain("Destination=198.51.100.0/24\nType=blackhole\n");
    expect(one).toContain("Destination=192.0.2.80/32\n");
    expect(two).toMatch(/Destination=198\.51\.100\.128\/25\nType=unreachable\n[\s\S]*Destination=192\.0\.2\.81\/32\n/);
    expect(two).not.toContain("192.0.2.80");
    expect(readFile("hv2", "etc/netkeep/netkeep.conf.d/50-ansible.conf")).toContain("\nAllowLinks=br*\n");
    expect(readFile("hv1", "etc/netkeep/desired.d/fleet.yaml")).toContain("name: web1");

    const again = await play("--limit", "hv2");
    expect(again.stdout.match(/changed=\d+/g)).toEqual(["changed=0"]);

    const before = readFile("hv2", "etc/netkeep/desired.d/ansible.json");
    const mistaken = { netkeep_document: { routes: [{ to: "198.51.100.7/25", dev: "br0" }] } };
    const refused = await play("--limit", "hv2", "-e", JSON.stringify(mistaken));
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stdout).toMatch(/routes\.0\.to: .*198\.51\.100\.7\/25.* has host bits set/);
    expect(readFile("hv2", "etc/netkeep/desired.d/ansible.json")).toBe(before);
    expect(readFile("hv2", dropIn)).toBe(two);

    cpSync(join(folder, "fleet/fleet.yaml"), join(folder, "fleet/all.yaml"));
    const renamed = await play("--limit", "hv2", "-e", `netkeep_fleet=${folder}/fleet/all.yaml`);
    expect(renamed, renamed.stdout).toMatchObject({ exitCode: 0 });
    expect(readdirSync(join(here, "build/hv2/etc/netkeep/desired.d"))).toEqual(["all.yaml"]);
  },
);

async function play(...more: string[]) {
  const variables = {
    netkeep_root: `${folder}/{{ inventory_hostname }}`,
    netkeep_command: `node ${inRepo("dist/netkeep.mjs")}`,
  };
  const args = ["-i", "inventory.yml", "-c", "local", "-e", JSON.stringify(variables), ...more, "playbook.yml"];
  const env = { LC_ALL: "C.UTF-8", ANSIBLE_NOCOLOR: "1", ANSIBLE_LOCAL_TEMP: join(folder, "tmp") };
  return execa("ansible-playbook", args, { cwd: here, env, reject: false });
}

function readFile(host: string, path: string): string {
  return readFileSync(join(folder, host, path), "utf8");
}
