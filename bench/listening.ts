/** Lets one call be heard faster than it would be spoken, held back where a sender would be. */
import { systemClock } from "../src/core/clock.ts";
import { Hearing } from "../src/whisper/hearing.ts";
import type { HearingEvent } from "../src/whisper/hearing-events.ts";
import type { FinalTranscript } from "../src/whisper/utterance-line.ts";
import type { Ears } from "./ears.ts";

export interface ListeningOptions {
  readonly ears: Pick<Ears, "recogniser" | "voice" | "settings">;
  /** Blocks of any size at 16 kHz, each valid until the next is taken. */
  readonly blocks: Iterable<Float32Array>;
  readonly onFinal: (final: FinalTranscript) => void;
  readonly onEvent?: (event: HearingEvent) => void;
  /** How much has been taken in so far; the call goes on when what this returns has settled. */
  readonly onProgress?: (samples: number) => Promise<void> | void;
}

/** Sound after which others get a turn: with nothing to wait for it would all be heard in one. */
const turnSamples = 16_000;

/** Resolves when all texts are out; rejects when the detector breaks. */
export async function listen(options: ListeningOptions): Promise<void> {
  const broken = Promise.withResolvers<never>();
  const hearing = new Hearing({
    ...options.ears,
    clock: systemClock,
    after: Promise.resolve(),
    onFinal: options.onFinal,
    onEvent: (event) => options.onEvent?.(event),
    onDetectorFailed: broken.reject,
  });
  try {
    await Promise.race([play(hearing, options), broken.promise]);
  } finally {
    hearing.close();
  }
}

async function play(hearing: Hearing, options: ListeningOptions): Promise<void> {
  let heard = 0;
  let turn = 0;
  for (const block of options.blocks) {
    hearing.hear(block);
    heard += block.length;
    turn += block.length;
    while (hearing.isBehind) await nextTurn();
    if (turn < turnSamples) continue;
    turn = 0;
    await options.onProgress?.(heard);
    await nextTurn();
  }
  hearing.flush();
  await hearing.drained();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void systemClock.after(1, resolve));
}
