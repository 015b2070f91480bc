import { rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { answerByBus, askBus } from "../../src/system/bus.ts";
import { callMessage, readMessages } from "../../src/system/busMessage.ts";

/** What dbus-daemon 1.14 has sent: its answer to Hello and the signal after it, a PID, and that there is none. */
const captured = {
  hello: `6c02010109000000010000003d00000006017300040000003a312e39000000000501750001000000080167000173000007017300140000006f72
672e667265656465736b746f702e4442757300000000040000003a312e39006c04010109000000020000008d00000001016f00150000002f6f72672f66726565
6465736b746f702f4442757300000002017300140000006f72672e667265656465736b746f702e4442757300000000030173000c0000004e616d654163717569
7265640000000006017300040000003a312e3900000000080167000173000007017300140000006f72672e667265656465736b746f702e444275730000000004
0000003a312e3900`,
  process: `6c02010104000000030000003d00000006017300040000003a312e39000000000501750002000000080167000175000007017300140000006f72
672e667265656465736b746f702e444275730000000003060000`,
  none: `6c03010147000000030000007500000006017300040000003a312e380000000004017300290000006f72672e667265656465736b746f702e444275
732e4572726f722e4e616d654861734e6f4f776e6572000000000000000501750002000000080167000173000007017300140000006f72672e66726565646573
6b746f702e444275730000000042000000436f756c64206e6f742067657420504944206f66206e616d6520276f72672e667265656465736b746f702e6e657477
6f726b31273a206e6f2073756368206e616d6500`,
};
const bytesOf = (hex: string) => Buffer.from(hex.replaceAll("\n", ""), "hex");
const greeting = Buffer.from("OK 706241fc56ff4cc4313641766cb0206f\r\n");
const noSuchName = "Could not get PID of name 'org.freedesktop.network1': no such name";

describe("messages", () => {
  test("of a bus are read, and those that are not whole yet are left", () => {
    const all = Buffer.concat([bytesOf(captured.hello), bytesOf(captured.none)]);
    const none = { replyTo: 2, error: "org.freedesktop.DBus.Error.NameHasNoOwner", body: noSuchName };
    expect(readMessages(all)).toEqual([
      { replyTo: 1, error: null, body: ":1.9" },
      { replyTo: null, error: null, body: ":1.9" },
      none,
    ]);
    for (let length = 0; length < all.length; length++)
      expect(readMessages(all.subarray(0, length))).not.toContainEqual(none);
    expect(readMessages(bytesOf(captured.process))).toEqual([{ replyTo: 2, error: null, body: 1539 }]);
  });

  test("what is none is null, and no message is taken for another", () => {
    expect(readMessages(Buffer.from("REJECTED EXTERNAL\r\n"))).toBeNull();
    const right = bytesOf(captured.none);
    for (const [at, value] of [
      [0, 0x6d],
      [3, 2],
      [15, 0x7f],
      [7, 0x7f],
      [18, 0x28],
    ] as const) {
      const wrong = Buffer.from(right);
      wrong[at] = value;
      expect(readMessages(wrong), `byte ${at}`).toBeNull();
    }
  });

  test("a call is what the specification says", () => {
    const call = { destination: "a.b", path: "/", interface: "c.d", member: "E", argument: "x" };
    expect(callMessage(2, call).toString("latin1")).toBe(
      [
        "l\x01\0\x01\x06\0\0\0\x02\0\0\0\x47\0\0\0",
        "\x01\x01o\0\x01\0\0\0/\0\0\0\0\0\0\0",
        "\x02\x01s\0\x03\0\0\0c.d\0\0\0\0\0",
        "\x03\x01s\0\x01\0\0\0E\0\0\0\0\0\0\0",
        "\x06\x01s\0\x03\0\0\0a.b\0\0\0\0\0",
        "\x08\x01g\0\x01s\0\0\x01\0\0\0x\0",
      ].join(""),
    );
  });
});

/** A reply to the second call, with one string. */
function textReply(text: string): Buffer {
  const fields = Buffer.from("\x05\x01u\0\x02\0\0\0\x08\x01g\0\x01s\0\0", "latin1");
  const body = Buffer.from(`\0\0\0\0${text}\0`);
  body.writeUInt32LE(text.length, 0);
  const head = Buffer.from("l\x02\0\x01\0\0\0\0\x03\0\0\0\0\0\0\0", "latin1");
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(15, 12);
  return Buffer.concat([head, fields, body]);
}

describe("the bus instead of a program", () => {
  let server: Server;
  const path = join(tmpdir(), `netkeep-bus-${process.pid}`);
  afterEach(() => server.close());
  const bus = async (answer: (write: (bytes: Buffer) => void, heard: string) => void) => {
    rmSync(path, { force: true });
    server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (heard) => answer((bytes) => void (socket.writable && socket.write(bytes)), String(heard)));
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
  };
  const ask = "call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetConnectionUnixProcessID s";
  const words = `${ask} org.freedesktop.network1`.split(" ");

  test("says what busctl and networkctl say", async () => {
    let heard = "";
    const reply = async (hex: string) =>
      bus((write, text) => {
        heard = text;
        for (const byte of Buffer.concat([greeting, bytesOf(captured.hello), bytesOf(hex)])) write(Buffer.from([byte]));
      });
    await reply(captured.process);
    expect(await answerByBus("busctl", words, path)).toEqual({ stdout: "u 1539\n", stderr: "", exitCode: 0 });
    expect(heard).toMatch(/^\0AUTH EXTERNAL (3\d)+\r\nBEGIN\r\nl/);
    server.close();
    await reply(captured.none);
    const stderr = `Call failed: ${noSuchName}\n`;
    expect(await answerByBus("busctl", words, path)).toEqual({ stdout: "", stderr, exitCode: 1 });
    server.close();
    await reply(captured.none);
    const failed = `Failed to reload network settings: ${noSuchName}\n`;
    expect(await answerByBus("networkctl", ["reload"], path)).toEqual({ stdout: "", stderr: failed, exitCode: 1 });
    expect(heard).toContain("org.freedesktop.network1.Manager");
  });

  test("asks a service for a text of many pieces, or has busctl do so", async () => {
    const question = { destination: "a.b", path: "/c", interface: "a.b.D", member: "E" };
    const long = "x".repeat(3_000_000);
    let heard = "";
    await bus((write, text) => {
      heard = text;
      const bytes = Buffer.concat([greeting, bytesOf(captured.hello), textReply(long)]);
      for (let at = 0; at < bytes.length; at += 50_000) write(bytes.subarray(at, at + 50_000));
    });
    const unasked = async () => {
      throw new Error("no program is needed");
    };
    expect(await askBus(question, unasked, path)).toBe(long);
    // Of the second call the third byte says that nobody is to be started.
    expect(heard.slice(heard.lastIndexOf("l\x01")).slice(0, 4)).toBe("l\x01\x02\x01");
    server.close();
    await bus((write) => write(Buffer.concat([greeting, bytesOf(captured.hello), bytesOf(captured.none)])));
    expect(await askBus(question, unasked, path)).toBeNull();
    server.close();
    const asked: string[] = [];
    const busctl = (exitCode: number, stdout: string) => async (program: string, args: readonly string[]) => {
      asked.push([program, ...args].join(" "));
      return { exitCode, stdout, stderr: "" };
    };
    const none = join(path, "none");
    expect(await askBus(question, busctl(0, '{"type":"s","data":["{}"]}\n'), none)).toBe("{}");
    expect(await askBus(question, busctl(1, ""), none)).toBeNull();
    expect(asked[0]).toBe("busctl call --auto-start=no --json=short a.b /c a.b.D E");
  });

  test("leaves to the program what it does not know, and what the bus does not answer as it should", async () => {
    await bus((write) => write(Buffer.from("REJECTED EXTERNAL\r\n")));
    expect(await answerByBus("networkctl", ["reload"], path)).toBeNull();
    server.close();
    await bus((write) => write(Buffer.concat([greeting, Buffer.alloc(64)])));
    expect(await answerByBus("networkctl", ["reload"], path)).toBeNull();
    expect(await answerByBus("networkctl", ["reconfigure", "br0"], path)).toBeNull();
    expect(await answerByBus("networkctl", ["reload"], join(path, "none"))).toBeNull();
  });
});
