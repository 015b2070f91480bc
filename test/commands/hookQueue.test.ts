import { describe, expect, test } from "vitest";
import { auditCommand } from "../../src/commands/audit.ts";
import { hookQueueCommand } from "../../src/commands/hook/hookQueue.ts";
import { showCommand } from "../../src/commands/show.ts";
import { cloudstackHost, entriesOf, leave, mac, v4, v6 } from "../support/cloudstackHost.ts";

type Host = Awaited<ReturnType<typeof cloudstackHost>>;

const directory = "/run/netkeep/queue";
const other = "52:02:00:00:00:12";
const dropIn = "/run/systemd/network/10-cloudbr0.network.d/61-netkeep-runtime.conf";

/** Puts a request into the queue, as bin/netkeep-hook does; one that comes later is later. */
function enqueue({ made }: Host, id: number, words: readonly string[], input = "", prefix = ""): void {
  const fields = ["1", prefix, String(words.length), ...words];
  const text = `${fields.map((field) => `${field}\0`).join("")}${input}`;
  made.files.set(`${directory}/${id}.1.request`, { kind: "text", text, modified: id });
}

const add = (lladdr: string, ...addresses: string[]) => [
  "cloudstack",
  ...["-o", "add", "-b", "cloudbr0", "-m", lladdr],
  ...addresses.flatMap((address) => [address.includes(":") ? "-6" : "-4", address]),
];
const remove = (lladdr: string) => ["cloudstack", "-o", "delete", "-b", "cloudbr0", "-m", lladdr];
const answer = ({ made }: Host, id: number) => made.files.text(`${directory}/${id}.1.answer`);
const count = ({ made }: Host, command: string) => made.trace.filter((line) => line === `run ${command}`).length;

async function work(host: Host): Promise<void> {
  expect(await hookQueueCommand(host.context)).toEqual({ exitCode: 0, data: null, text: "", messages: [] });
  expect(host.made.files.list(directory).filter((name) => name.endsWith(".request"))).toEqual([]);
}

describe("a queue of calls", () => {
  test("twenty guests and a router: one batch, one reload, an answer for each", async () => {
    const host = await cloudstackHost();
    const macs = Array.from({ length: 20 }, (_, index) => `52:02:00:00:01:${String(index).padStart(2, "0")}`);
    for (const [index, lladdr] of macs.entries()) enqueue(host, index + 1, add(lladdr, `2.57.58.${index}`));
    enqueue(host, 21, ["routes"], JSON.stringify({ router: "r-1", routes: [{ prefix: "2001:db8::/64", via: "x" }] }));
    await work(host);
    expect(host.live()).toEqual(macs.flatMap((lladdr, index) => entriesOf([`2.57.58.${index}`], lladdr)).sort());
    expect([count(host, "networkctl reload"), count(host, "ip -force -batch -")]).toEqual([1, 1]);
    expect(answer(host, 1)).toMatch(/^0 0 1\ndone: 44 changes in the kernel, 3 files, one reload for cloudbr0\n/);
    for (let id = 2; id <= 20; id++) expect(answer(host, id)).toBe("0 0 0\n");
    expect(answer(host, 21)).toMatch(/^0 0 1\nroutes\.0\.via: /);
    expect((await auditCommand(host.context, { repair: false })).exitCode).toBe(0);
  });

  test("a fault of netkeep in one call is told to who is strict by the exit status, too", async () => {
    const host = await cloudstackHost();
    enqueue(host, 1, ["--strict", ...add(mac, v4)]);
    enqueue(host, 2, add(other, v6));
    const digest = () => {
      throw new Error("a bug");
    };
    await hookQueueCommand({ ...host.context, system: Object.assign(Object.create(host.context.system), { digest }) });
    const said = "netkeep: a fault of netkeep itself: a bug\nrun it again with --debug, and report what it prints\n";
    expect([answer(host, 1), answer(host, 2)]).toEqual([`2 0 2\n${said}`, `0 0 2\n${said}`]);
  });

  test("they count in the order in which they came", async () => {
    const host = await cloudstackHost();
    enqueue(host, 3, add(mac, v6));
    enqueue(host, 1, add(mac, v4));
    enqueue(host, 2, remove(mac));
    await work(host);
    expect(host.live()).toEqual(entriesOf([v6]));
    for (const [id, words] of [
      [1, remove(mac)],
      [2, add(mac, v4)],
      [3, add(mac, v6)],
    ] as const)
      enqueue(host, id, words);
    await work(host);
    expect(host.live()).toEqual(entriesOf([v4, v6]));
    enqueue(host, 1, add(other, v4));
    enqueue(host, 2, add(mac));
    await work(host);
    expect(host.live()).toEqual([...entriesOf([v6]), ...entriesOf([v4], other)].sort());
  });

  test("what a delete has swept is not found again by an add after it", async () => {
    const host = await cloudstackHost();
    leave(host.made, v4, mac);
    enqueue(host, 1, remove(mac));
    enqueue(host, 2, add(mac, v6));
    await work(host);
    expect(host.live()).toEqual(entriesOf([v6]));
  });

  test("a call that fails fails for itself", async () => {
    const host = await cloudstackHost();
    enqueue(host, 1, ["--strict", ...add(mac, v4)]);
    enqueue(host, 2, ["--strict", ...add(`${mac}:zz`, v6)], "", "prefix");
    enqueue(host, 3, ["--strict", "frob"]);
    enqueue(host, 4, ["cloudstack", "-o", "frob"]);
    enqueue(host, 5, ["--strict", "routes", "--sync", "r-9"]);
    enqueue(host, 6, ["--frob", "libvirt"]);
    host.made.addFile(`${directory}/7.1.request`, "1\0\0");
    enqueue(host, 8, ["libvirt", "a guest", "start", "begin", "-"], "<nothing>");
    enqueue(host, 9, ["libvirt", "a guest", "prepare", "begin", "-"]);
    await work(host);
    expect(host.live()).toEqual(entriesOf([v4]));
    const patterns = [
      /^0 0 /,
      /^65 0 1\n<3>.*is not a MAC address/,
      /^64 0 1\nerror: a hook is cloudstack, libvirt, routes or vdsm, not "frob"/,
      /^2 1 0\nUsage: /,
      /^65 0 1\nnothing is recorded of router r-9/,
      /^64 0 1\nerror: unknown option "--frob"/,
      /^0 0 1\nthe request was not written in full/,
      /^0 0 1\ndomain XML of "a guest"/,
      /^0 0 0\n$/,
    ];
    for (const [index, pattern] of patterns.entries()) expect(answer(host, index + 1)).toMatch(pattern);
  });

  test("a document that is refused as a whole leaves its owner what it had, and the others go on", async () => {
    const host = await cloudstackHost();
    const payload = (via: string) => JSON.stringify({ router: "r-1", routes: [{ prefix: "2001:db8:5::/64", via }] });
    enqueue(host, 1, ["--strict", "routes"], payload("2001:db8:99::1"));
    enqueue(host, 2, ["--strict", ...add(mac, v4)]);
    await work(host);
    expect(answer(host, 1)).toMatch(/^65 0 \d+\n[\s\S]*no link of this host/);
    expect(answer(host, 2)).toBe("0 0 0\n");
    expect(host.live()).toEqual(entriesOf([v4]));
  });

  test("an entry that the kernel refuses is told to its owner alone", async () => {
    const host = await cloudstackHost();
    enqueue(host, 1, ["--strict", ...add(mac, v4)]);
    enqueue(host, 2, ["--strict", ...add(other, v6)]);
    host.made.kernel.refuses = (line) => line.startsWith(`route replace ${v6}`);
    await work(host);
    expect(answer(host, 1)).toMatch(/^0 0 /);
    expect(answer(host, 2)).toMatch(/^2 0 1\nthe kernel refuses route .*Invalid argument/);
    expect(host.made.files.text(dropIn)).toContain(v4);
  });

  test("without reload and with one do not share a transaction", async () => {
    const host = await cloudstackHost();
    enqueue(host, 1, ["--no-reload", ...add(mac, v4)]);
    enqueue(host, 2, add(other, v6));
    await work(host);
    expect(answer(host, 1)).toContain("--no-reload");
    expect(host.live()).toEqual([...entriesOf([v4]), ...entriesOf([v6], other)].sort());
    expect(count(host, "networkctl reload")).toBe(1);
  });

  test("with bad settings, without root, with nothing to do", async () => {
    const host = await cloudstackHost();
    await work(host);
    enqueue(host, 1, ["--strict", ...add(mac, v4)]);
    host.made.system.privileged = false;
    host.made.locked = true;
    await hookQueueCommand(host.context);
    expect(answer(host, 1)).toMatch(/^77 0 1\n/);
  });

  test("a router is asserted again by its record, which stays as old and where it is", async () => {
    const host = await cloudstackHost();
    const routes = [{ prefix: "2001:db8:5::/64", via: "2001:db8:1::10" }];
    enqueue(host, 1, ["routes"], JSON.stringify({ router: "r-1", routes, persist: true }));
    await work(host);
    const before = (await showCommand(host.context, null)).data;
    host.made.kernel.dropRoutes(({ dst }) => dst === "2001:db8:5::/64");
    enqueue(host, 1, ["--strict", "routes", "--sync", "r-1"]);
    await work(host);
    expect((await showCommand(host.context, null)).data).toEqual(before);
    expect(host.made.kernel.routes).toContainEqual(
      expect.objectContaining({ dst: "2001:db8:5::/64", protocol: "107" }),
    );
    expect((await auditCommand(host.context, { repair: false })).exitCode).toBe(0);
  });
});

describe("what killed clients leave behind", () => {
  test("half requests and answers go; a request is carried out", async () => {
    const host = await cloudstackHost();
    host.made.addFile("/proc/50/stat", `50 (netkeep-hook) ${"S ".repeat(19)}777 0`);
    for (const name of [".9.1", "9.1.answer", "50.1.answer", "50.777.answer"])
      host.made.addFile(`${directory}/${name}`, "x");
    enqueue(host, 8, add(mac, v4));
    await work(host);
    expect(host.made.files.list(directory)).toEqual(["50.777.answer", "8.1.answer"]);
    expect(host.live()).toEqual(entriesOf([v4]));
  });
});
