/**
 * A service that misbehaves as its first argument says, run as a child by tests of the supervisor. The
 * rest of the command line is what the supervisor gives every service.
 */
import { setTimeout as pause } from "node:timers/promises";
import { serveStatus } from "../../src/services/status-socket.ts";
import { supervisorEnd } from "../../src/supervisor/supervisor-pipe.ts";

const [behaviour = "", name = "", stateFolder = ""] = process.argv.slice(2);

function say(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const time = new Date().toISOString();
  process.stderr.write(
    `${JSON.stringify({ time, level: "info", message, service: name, ...fields })}\n`,
  );
}

function serve(): void {
  serveStatus({
    stateFolder,
    service: name,
    describe: () => ({ service: name, version: "9.9.9", commit: "fake", pid: process.pid }),
  });
  say(`${name} is ready`, { secret: process.env["FAKE_SECRET"] ?? "none" });
}

function block(): never {
  for (;;) Bun.sleepSync(1000);
}

const behaviours: Readonly<Record<string, () => void | Promise<void>>> = {
  ready: serve,
  "crash-at-start"() {
    process.stderr.write("wildfire: no model; give one with --model\n");
    process.exit(1);
  },
  "wrong-usage"() {
    process.stderr.write("wildfire: unknown option --lime\n");
    process.exit(2);
  },
  async "crash-soon"() {
    serve();
    await pause(300);
    say("about to fail");
    process.kill(process.pid, "SIGSEGV");
  },
  hang() {
    serve();
    setTimeout(block, 300);
  },
  "ignore-sigterm"() {
    process.on("SIGTERM", () => say("SIGTERM ignored"));
    serve();
  },
  grow() {
    serve();
    const kept: Uint8Array[] = [];
    setInterval(() => {
      if (kept.length < 20) kept.push(new Uint8Array(16 << 20).fill(1));
    }, 50);
  },
  junk() {
    process.stdout.write("printed by a library\n");
    process.stdout.write('{"kind":"final","text":"private words"}\n');
    process.stderr.write(`${"x".repeat(200_000)}\n`);
    process.stderr.write(Buffer.from([0xff, 0xfe, 0x00, 0x0a]));
    serve();
  },
};

process.on("SIGTERM", () => {
  if (behaviour !== "ignore-sigterm") process.exit(0);
});
void supervisorEnd().then(() => process.exit(3));
await behaviours[behaviour]?.();
setInterval(() => undefined, 60_000);
