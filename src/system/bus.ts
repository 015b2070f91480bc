import { createConnection } from "node:net";
import { type BusCall, type BusMessage, bytesWanted, callMessage, readMessages } from "./busMessage.ts";
import type { BusQuestion, ProgramResult, System } from "./system.ts";

const systemBus = "/run/dbus/system_bus_socket";
/** In milliseconds; that of sd_bus_get_method_call_timeout(3). */
const longest = 25_000;

/**
 * What `busctl call … GetConnectionUnixProcessID` and `networkctl reload` do, without starting them: each takes as long to load its
 * libraries as all else that a call of a hook does with the kernel.
 *
 * @returns what the program would say; null if it is to be run: for anything else, and where the bus is not as expected
 */
export async function answerByBus(
  program: string,
  args: readonly string[],
  socket = systemBus,
): Promise<ProgramResult | null> {
  // Then it is another bus.
  if (process.env["DBUS_SYSTEM_BUS_ADDRESS"] !== undefined) return null;
  const text = `${program} ${args.join(" ")}`;
  const [, name] = askForProcess.exec(text) ?? [];
  if (name !== undefined) {
    const path = "/org/freedesktop/DBus";
    const bus = { destination: "org.freedesktop.DBus", path, interface: "org.freedesktop.DBus" };
    const reply = await callBus(socket, { ...bus, member: "GetConnectionUnixProcessID", argument: name });
    if (reply === null) return null;
    if (reply.error !== null) return failed(`Call failed: ${reply.body ?? reply.error}`);
    return typeof reply.body === "number" ? { stdout: `u ${reply.body}\n`, stderr: "", exitCode: 0 } : null;
  }
  if (text !== "networkctl reload") return null;
  const path = "/org/freedesktop/network1";
  const manager = { destination: "org.freedesktop.network1", path, interface: "org.freedesktop.network1.Manager" };
  const reply = await callBus(socket, { ...manager, member: "Reload" });
  if (reply === null) return null;
  return reply.error === null
    ? { stdout: "", stderr: "", exitCode: 0 }
    : failed(`Failed to reload network settings: ${reply.body ?? reply.error}`);
}

/**
 * A text from a service, without a program if the bus can be spoken to, else by busctl. networkctl is no way to ask networkd for
 * much: it reads the answer and writes it anew, which takes as long as the answer itself.
 *
 * @returns null if there is no such service, or it refuses
 */
export async function askBus(question: BusQuestion, run: System["run"], socket = systemBus): Promise<string | null> {
  const elsewhere = process.env["DBUS_SYSTEM_BUS_ADDRESS"] !== undefined;
  const reply = elsewhere ? null : await callBus(socket, { ...question, startsNobody: true });
  if (reply !== null && (reply.error !== null || typeof reply.body === "string")) {
    return reply.error === null ? String(reply.body) : null;
  }
  const { destination, path, interface: face, member } = question;
  const words = ["call", "--auto-start=no", "--json=short", destination, path, face, member];
  const { exitCode, stdout } = await run("busctl", words);
  const { data } = (exitCode === 0 ? JSON.parse(stdout) : {}) as { readonly data?: readonly unknown[] };
  return typeof data?.[0] === "string" ? data[0] : null;
}

const askForProcess =
  /^busctl call org\.freedesktop\.DBus \/org\/freedesktop\/DBus org\.freedesktop\.DBus GetConnectionUnixProcessID s (\S+)$/;

function failed(said: string): ProgramResult {
  return { stdout: "", stderr: `${said}\n`, exitCode: 1 };
}

/**
 * One call on a connection of its own. All is sent at once, as systemd does it: a bus that does not take us answers nothing
 * that we could read.
 *
 * @returns the reply; null if there was none
 */
function callBus(socket: string, call: BusCall): Promise<BusMessage | null> {
  const user = Buffer.from(String(process.geteuid?.() ?? 0)).toString("hex");
  const hello = {
    destination: "org.freedesktop.DBus",
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
  };
  const messages = [callMessage(1, { ...hello, member: "Hello" }), callMessage(2, call)];
  return new Promise((resolve) => {
    const connection = createConnection(socket);
    let [chunks, length, wanted]: [Buffer[], number, number] = [[], 0, 0];
    const end = (reply: BusMessage | null) => {
      connection.destroy();
      resolve(reply);
    };
    connection.setTimeout(longest, () => end(null));
    connection.on("error", () => end(null));
    connection.on("close", () => end(null));
    connection.on("data", (chunk) => {
      chunks.push(chunk);
      length += chunk.length;
      // What is long comes in many pieces.
      if (length < wanted) return;
      const received = Buffer.concat(chunks);
      chunks = [received];
      const line = received.indexOf("\r\n");
      if (line < 0) return;
      if (!received.subarray(0, line).toString().startsWith("OK ")) return end(null);
      const messages = received.subarray(line + 2);
      const all = readMessages(messages);
      if (all === null) return end(null);
      const reply = all.find(({ replyTo }) => replyTo === 2);
      if (reply !== undefined) end(reply);
      else wanted = line + 2 + bytesWanted(messages);
    });
    connection.write(Buffer.concat([Buffer.from(`\0AUTH EXTERNAL ${user}\r\nBEGIN\r\n`), ...messages]));
  });
}
