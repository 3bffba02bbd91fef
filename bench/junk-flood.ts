/**
 * Whether a registration is lost among junk: 1,000 REGISTERs in 100,000 datagrams that mean nothing,
 * in one second, from another process. Once for calls that nobody answers, where each REGISTER leads
 * to a connection that is refused, and once for a few calls that are up, where it is only counted.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, type BenchContext, CannotRun } from "./context.ts";
import { numberAt } from "./json-path.ts";
import { compileC } from "./materials.ts";
import { onStage, type Stage, within } from "./stage.ts";

const junk = 100_000;
const registers = 1000;
const durationMs = 1000;
/** A sender that was held up sends the rest in a burst, which is not what is measured here. */
const longestSendMs = 1100;
const attempts = 4;
/** Ids that nobody answers; their audio ports lie below those of outgoing connections. */
const firstUnanswered = 22_000;
const answeredCalls = 8;
const settleLimitMs = 20_000;
/** What the service asks for. */
const wantedBufferBytes = 4 << 20;
const smallBufferAdvice =
  "the receive buffer is smaller than the service asked for: set net.core.rmem_max to 4194304";

interface Scene {
  readonly name: string;
  readonly firstId: number;
  readonly ids: number;
}

export const junkFlood: Bench = {
  names: ["registration.lost"],
  isDisturbedByOthers: false,
  async run(context) {
    const program = await compileC("flood/flood.c");
    return await onStage(context, "demo", async (stage) => {
      const answered = await connectCalls(stage);
      const scenes: Scene[] = [
        { name: "calls that nobody answers", firstId: firstUnanswered, ids: registers },
        { name: "calls that are up", firstId: answered, ids: answeredCalls },
      ];
      let lost = 0;
      for (const scene of scenes) lost += await floodOnce({ program, stage, scene, context });
      return new Map([["registration.lost", lost]]);
    });
  },
};

/** Resolves with the first of their ids. */
async function connectCalls({ exchange }: Stage): Promise<number> {
  const calls = Array.from({ length: answeredCalls }, () => exchange.prepare());
  for (const call of calls) {
    call.register();
    await within(settleLimitMs, "connecting a call", call.connected);
  }
  return calls[0]?.callId.number ?? 0;
}

interface Flood {
  readonly program: string;
  readonly stage: Stage;
  readonly scene: Scene;
  readonly context: BenchContext;
}

/** Resolves with the number of registrations that were sent and not counted. */
async function floodOnce(flood: Flood): Promise<number> {
  const { scene, stage, context } = flood;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    context.progress(`junk and ${scene.name}: attempt ${attempt}`);
    const before = readCounters(await stage.whisper.status());
    const sending = await send(flood);
    const after = await settledCounters(stage);
    const lost = registers - (after.registers - before.registers);
    const datagrams = after.datagrams - before.datagrams;
    context.note(
      `${scene.name}: ${sending.sent} datagrams sent in ${sending.tookMs} ms, ${datagrams} received, ` +
        `${after.kernelDrops - before.kernelDrops} dropped by the kernel, ${lost} REGISTERs lost, ` +
        `receive buffer ${after.bufferBytes} bytes`,
    );
    if (sending.tookMs > longestSendMs) continue;
    if (lost > 0 && after.bufferBytes < wantedBufferBytes) context.note(smallBufferAdvice);
    return lost;
  }
  throw new CannotRun(`this machine does not send ${junk + registers} datagrams in a second`);
}

async function send({ program, stage, scene }: Flood): Promise<{ sent: number; tookMs: number }> {
  const numbers = [stage.whisper.registrationPort, junk, registers, scene.firstId, scene.ids];
  const child = Bun.spawn([program, ...[...numbers, durationMs].map(String)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const [sent, tookMs] = (await child.stdout.text()).split(" ").map(Number);
  if ((await child.exited) !== 0 || sent !== junk + registers || tookMs === undefined) {
    throw new CannotRun("this machine does not take so many datagrams");
  }
  return { sent, tookMs };
}

interface Counters {
  readonly datagrams: number;
  readonly registers: number;
  readonly kernelDrops: number;
  readonly bufferBytes: number;
}

function readCounters(status: unknown): Counters {
  return {
    datagrams: numberAt(status, "registration", "datagrams"),
    registers: numberAt(status, "registration", "registers"),
    kernelDrops: numberAt(status, "registration", "kernelDrops"),
    bufferBytes: numberAt(status, "registration", "receiveBufferBytes"),
  };
}

/** The counters when everything that is still in the socket's queue has been read. */
async function settledCounters({ whisper }: Stage): Promise<Counters> {
  const settle = async (): Promise<Counters> => {
    let previous = readCounters(await whisper.status());
    for (;;) {
      await sleep(200);
      const current = readCounters(await whisper.status());
      if (current.datagrams === previous.datagrams) return current;
      previous = current;
    }
  };
  return await within(settleLimitMs, "reading all datagrams", settle());
}
