/**
 * Runs inside the lab host, with the distribution's own Node: `udpEcho.mjs listen ADDRESS [PORT]` echoes, `udpEcho.mjs
 * send ADDRESS PORT INTERVAL_MS` sends numbered packets and counts the ones that never came back. Started by traffic.ts.
 *
 * Timers are about 1 ms granular and late under load: each tick sends all packets that are due, and gaps are measured
 * between the times of sending, so that a late burst does not look like a long gap.
 */
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";

const warmUpInARow = 200;
const warmUpLimitMs = 10_000;
const drainMs = 500;
const bufferBytes = 4 << 20;

const [mode, address, port, interval] = process.argv.slice(2);
if (mode === "listen") listen(address, Number(port ?? 0));
else send(address, Number(port), Number(interval));

function listen(where, onPort) {
  const socket = openSocket(where);
  socket.on("message", (packet, from) => socket.send(packet, from.port, from.address, ignore));
  socket.bind(onPort, where, () => {
    growBuffers(socket);
    say({ port: socket.address().port });
  });
}

function send(to, toPort, intervalMs) {
  const socket = openSocket(to);
  const started = performance.now();
  /** Time of sending by number; 0 once it was answered. */
  const pending = [];
  const times = [];
  let firstCounted = Number.POSITIVE_INFINITY;
  let answeredInARow = 0;
  let stopped = false;

  socket.on("message", (packet) => {
    const number = packet.readUInt32BE(0);
    pending[number] = 0;
    answeredInARow += 1;
    if (firstCounted === Number.POSITIVE_INFINITY && answeredInARow >= warmUpInARow) {
      firstCounted = times.length;
      say({ ready: true });
    }
  });
  const timer = setInterval(tick, Math.min(1, intervalMs));
  function tick() {
    const now = performance.now();
    const due = Math.floor((now - started) / intervalMs);
    while (times.length < due) sendOne(now);
    if (firstCounted === Number.POSITIVE_INFINITY && now - started > warmUpLimitMs) {
      say({ error: `no ${warmUpInARow} answers from ${to} within ${warmUpLimitMs} ms` });
      process.exit(1);
    }
  }
  function sendOne(now) {
    const packet = Buffer.alloc(64);
    packet.writeUInt32BE(times.length, 0);
    times.push(now);
    pending.push(now);
    socket.send(packet, toPort, to, ignore);
  }
  function stop() {
    if (stopped) return;
    stopped = true;
    clearInterval(timer);
    setTimeout(() => {
      say(summary(pending, times, firstCounted));
      process.exit(0);
    }, drainMs);
  }
  socket.bind(0, () => growBuffers(socket));
  process.stdin.on("end", stop).resume();
}

function summary(pending, times, first) {
  const sent = Math.max(0, times.length - first);
  let lost = 0;
  let longestRun = 0;
  let longestGapMs = 0;
  let run = 0;
  const gaps = [];
  for (let number = first; number < times.length; number += 1) {
    if (pending[number] === 0) {
      run = 0;
      continue;
    }
    lost += 1;
    run += 1;
    longestRun = Math.max(longestRun, run);
    // From the first lost packet to the next one that was answered; the last packet ends a gap at the end.
    const until = times[Math.min(number + 1, times.length - 1)];
    const begun = times[number - run + 1];
    longestGapMs = Math.max(longestGapMs, until - begun);
    if (run > 1) gaps.pop();
    gaps.push({ at: Math.round(performance.timeOrigin + begun), ms: Math.round(until - begun) });
  }
  return { sent, received: sent - lost, lost, longestRun, longestGapMs: Math.round(longestGapMs * 1000) / 1000, gaps };
}

function openSocket(where) {
  const socket = createSocket(isIPv6(where) ? "udp6" : "udp4");
  // A route that is missing for a moment must be counted as loss, not end the measurement.
  socket.on("error", ignore);
  return socket;
}

/** The kernel takes what net.core.rmem_max allows. */
function growBuffers(socket) {
  socket.setRecvBufferSize(bufferBytes);
  socket.setSendBufferSize(bufferBytes);
}

function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function ignore() {}
