/** What a call costs the event loop while nobody speaks: bytes moved, levels judged, no decoding. */
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../src/core/clock.ts";
import { WavPlayer } from "../src/inbound/wav-player.ts";
import { whisperSampleRateHz } from "../src/whisper/recogniser.ts";
import type { Bench } from "./context.ts";
import type { Exchange } from "./exchange.ts";
import { numberAt } from "./json-path.ts";
import { onStage, within } from "./stage.ts";
import { Xorshift32 } from "./xorshift.ts";

const calls = 8;
const warmUpMs = 1000;
const measured = { fullMs: 10_000, quickMs: 3000 } as const;
const connectLimitMs = 5000;
/** Line noise at -66 dBFS, which is no speech. */
const noiseAmplitude = 0.0009;

export const quietCalls: Bench = {
  names: ["loop.cpu-per-call-percent"],
  isDisturbedByOthers: false,
  run: async (context) =>
    await onStage(context, "demo", async ({ whisper, exchange }) => {
      context.progress(`${calls} calls without speech`);
      const players = await startCalls(exchange);
      await sleep(warmUpMs);
      const startDecoded = decodedSoFar(await whisper.status());
      const startMs = performance.now();
      const startCpuMs = whisper.loopCpuMs();
      await sleep(context.isQuick ? measured.quickMs : measured.fullMs);
      const cpuMs = whisper.loopCpuMs() - startCpuMs;
      const wallMs = performance.now() - startMs;
      for (const player of players) player.stop();
      const decoded = decodedSoFar(await whisper.status()) - startDecoded;
      if (decoded > 0) throw new Error(`whisper took noise for ${decoded} utterances`);
      return new Map([["loop.cpu-per-call-percent", (100 * cpuMs) / wallMs / calls]]);
    }),
};

async function startCalls(exchange: Exchange): Promise<WavPlayer[]> {
  const random = new Xorshift32(1);
  const samples = Float32Array.from(
    { length: whisperSampleRateHz },
    () => (random.unit() * 2 - 1) * noiseAmplitude,
  );
  const players: WavPlayer[] = [];
  for (let count = 0; count < calls; count += 1) {
    const call = exchange.prepare();
    call.register();
    await within(connectLimitMs, "connecting a call", call.connected);
    players.push(
      new WavPlayer({
        samples,
        speed: 1,
        loop: true,
        clock: systemClock,
        onSamples: (block) => call.speak(block),
      }),
    );
  }
  return players;
}

function decodedSoFar(status: unknown): number {
  return numberAt(status, "recogniser", "completed");
}
