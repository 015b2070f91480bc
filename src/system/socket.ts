import { chmodSync, unlinkSync } from "node:fs";
import { createServer, type Socket } from "node:net";

/** Longest request; a document of a router with thousands of prefixes is far below. */
const longest = 16 * 1024 * 1024;

/**
 * A server on a unix socket for root alone. The mode is right from the first moment, because the socket is bound under a
 * umask; whoever bound it before is dead, for the caller holds the service's lock.
 *
 * @returns what ends it
 */
export function answerOnSocket(
  path: string,
  answer: (request: string) => Promise<string>,
): Promise<() => Promise<void>> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    // A client that was killed: its call is carried out all the same.
    socket.on("error", () => socket.destroy());
    hear(socket, (request) => {
      answer(request).then(
        (text) => socket.end(text),
        () => socket.destroy(),
      );
    });
  });
  unlinkQuietly(path);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const umask = process.umask(0o177);
    server.listen({ path, backlog: 1024 }, () => {
      chmodSync(path, 0o600);
      resolve(async () => {
        unlinkQuietly(path);
        server.close();
        for (const socket of open) socket.destroySoon();
      });
    });
    process.umask(umask);
  });
}

function hear(socket: Socket, complete: (request: string) => void): void {
  let request = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    request += chunk;
    if (request.length > longest) socket.destroy();
  });
  socket.on("end", () => complete(request));
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // There was none.
  }
}
