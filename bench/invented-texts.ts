/**
 * Whether the service hears words where nobody speaks: everything that a line may carry instead goes
 * the way of a call, with the demo model and the service's defaults.
 */
import type { FinalTranscript } from "../src/whisper/utterance-line.ts";
import type { Bench, BenchContext } from "./context.ts";
import { type Ears, openEars } from "./ears.ts";
import { type LineSound, lineSounds, overTelephone } from "./line-sounds.ts";
import { listen } from "./listening.ts";

const minutes = { full: 10, quick: 1 } as const;

export const inventedTexts: Bench = {
  names: ["hearing.invented-texts"],
  isDisturbedByOthers: false,
  async run(context) {
    const ears = await openEars(context.temporaryFolder);
    try {
      let invented = 0;
      for (const sound of lineSounds) {
        context.progress(`${sound.name}, ${lengthOf(context)} minutes`);
        const heard = await hear(sound, ears, context);
        context.note(`${sound.name}: ${describe(heard)}`);
        invented += heard.texts.length;
      }
      return new Map([["hearing.invented-texts", invented]]);
    } finally {
      await ears.close();
    }
  },
};

interface Heard {
  /** What the detector let through. */
  utterances: number;
  /** Decoded to nothing. */
  empty: number;
  /** Why texts were thrown away, and which. */
  readonly thrownAway: string[];
  readonly texts: string[];
  partials: number;
}

async function hear(sound: LineSound, ears: Ears, context: BenchContext): Promise<Heard> {
  const heard: Heard = { utterances: 0, empty: 0, thrownAway: [], texts: [], partials: 0 };
  await listen({
    ears,
    blocks: overTelephone(sound.start(), lengthOf(context) * 60_000),
    onFinal: (final) => count(final, heard),
    onEvent: ({ kind }) => {
      if (kind === "partial") heard.partials += 1;
    },
  });
  return heard;
}

function count(final: FinalTranscript, heard: Heard): void {
  const { text, error, invention } = final;
  if (error !== undefined) throw new Error(`an utterance could not be transcribed: ${error}`);
  heard.utterances += 1;
  if (text !== "") heard.texts.push(text);
  else if (invention === undefined) heard.empty += 1;
  else heard.thrownAway.push(`${invention.reason} (${invention.text})`);
}

function describe({ utterances, empty, thrownAway, texts, partials }: Heard): string {
  const said = texts.length === 0 ? "" : `: ${texts.join(" | ")}`;
  const thrown = thrownAway.length === 0 ? "" : `: ${thrownAway.join(", ")}`;
  return (
    `${utterances} utterances found, ${empty} decoded to nothing, ` +
    `${thrownAway.length} texts thrown away${thrown}, ${partials} shown while it lasted, ` +
    `${texts.length} delivered${said}`
  );
}

function lengthOf({ isQuick }: BenchContext): number {
  return isQuick ? minutes.quick : minutes.full;
}
