/** Under which conditions recordings are heard: as they are or over a telephone line, and how. */
import { quote, WildfireError } from "../core/errors.ts";
import { PseudoRandom } from "./pseudo-random.ts";
import { type TelephoneLine, throughTelephone } from "./telephone-line.ts";

/** Trimmed to the utterance, as the service decodes, or all positions of the model's encoder. */
export type ContextChoice = "trimmed" | "full";

export interface Sound {
  readonly name: string;
  /** Undefined for the recordings as they are. */
  readonly line: TelephoneLine | undefined;
}

export interface Condition {
  readonly name: string;
  readonly sound: Sound;
  readonly context: ContextChoice;
}

export interface ConditionOptions {
  /** Names out of `soundNames`, in any order. */
  readonly sounds: readonly string[];
  readonly snrsDb: readonly number[];
  readonly lossPercents: readonly number[];
  readonly contexts: readonly ContextChoice[];
}

/** In the order in which they are reported. */
export const soundNames = ["clean", "mu-law", "a-law", "noise", "loss"] as const;
type SoundName = (typeof soundNames)[number];

/** Throws a WildfireError("usage") for a name that there is not. */
export function listConditions(options: ConditionOptions): Condition[] {
  for (const name of options.sounds) requireSoundName(name);
  const sounds = soundNames
    .filter((name) => options.sounds.includes(name))
    .flatMap((name) => soundsNamed(name, options));
  return sounds.flatMap((sound) =>
    options.contexts.map((context) => ({
      name: context === "full" ? `${sound.name}, full context` : sound.name,
      sound,
      context,
    })),
  );
}

/** The same for the same seed, file and sound, whatever else is evaluated beside it. */
export function soundOf(
  samples: Float32Array,
  sound: Sound,
  seed: { readonly seed: number; readonly file: string },
): Float32Array {
  if (sound.line === undefined) return samples;
  const random = new PseudoRandom(`${seed.seed} ${sound.name} ${seed.file}`);
  return throughTelephone(samples, sound.line, random);
}

function soundsNamed(name: SoundName, options: ConditionOptions): Sound[] {
  switch (name) {
    case "clean":
      return [{ name, line: undefined }];
    case "mu-law":
    case "a-law":
      return [{ name, line: { law: name } }];
    case "noise":
      return options.snrsDb.map((snrDb) => ({
        name: `noise ${snrDb} dB`,
        line: { law: "mu-law", snrDb },
      }));
    case "loss":
      return options.lossPercents.map((percent) => ({
        name: `loss ${percent} %`,
        line: { law: "mu-law", lossShare: percent / 100 },
      }));
  }
}

function requireSoundName(name: string): void {
  if (soundNames.some((known) => known === name)) return;
  throw new WildfireError("usage", `--conditions: ${quote(name)} is no condition`, {
    hint: `there are: ${soundNames.join(", ")}`,
  });
}
