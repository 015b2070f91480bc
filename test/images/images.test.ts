/**
 * The images of the lab's hosts, both at once. scripts/test.sh runs this beside the layers that do not boot hosts, which leave
 * a core idle; a lab test that runs alone makes the image it needs.
 */
import { execa } from "execa";
import { expect, test } from "vitest";
import { suites, systemdVersions } from "../lab/support/recipe.ts";
import { ensureRootfs } from "../lab/support/rootfs.ts";

test.concurrent.each(suites)(
  "the image of %s has its systemd, and nothing that looks after the network is enabled but networkd",
  async (suite) => {
    const tree = await ensureRootfs(suite);
    const { stdout } = await execa("chroot", [tree, "systemctl", "--version"]);
    expect(stdout).toMatch(new RegExp(`^systemd ${systemdVersions[suite]} `));
    const units = ["systemd-networkd", "NetworkManager", "networking", "frr", "libvirtd"];
    const states = await execa("systemctl", [`--root=${tree}`, "is-enabled", ...units], { reject: false });
    expect(states.stdout.split("\n")).toEqual(["enabled", "disabled", "disabled", "disabled", "disabled"]);
  },
);
