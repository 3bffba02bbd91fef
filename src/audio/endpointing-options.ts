/** The settings of the energy detector, with their units and defaults. */
import { WildfireError } from "../core/errors.ts";

export interface EndpointingOptions {
  readonly sampleRateHz: number;
  /** Levels are judged frame by frame. */
  readonly frameMs: number;
  /** Unbroken time above the threshold that may be the start of speech. */
  readonly startMs: number;
  /** Less speech than this, in all, was a click: nothing is reported of it. */
  readonly minSpeechMs: number;
  /** Silence after which the utterance is over. */
  readonly endSilenceMs: number;
  /** Sound kept from before the start, where soft consonants are. */
  readonly preRollMs: number;
  /** Silence kept after the last speech. */
  readonly trailingMs: number;
  /** Longest utterance, pre-roll and trailing silence included. */
  readonly maxUtteranceMs: number;
  /** How far above the noise floor speech begins. */
  readonly aboveFloorDb: number;
  /** Once begun, speech goes on down to this much below that: words end softly. */
  readonly hysteresisDb: number;
  /** The threshold never falls below this, however quiet the line. */
  readonly lowestThresholdDbfs: number;
  /** The noise floor is the quietest frame of this time. */
  readonly floorWindowMs: number;
  readonly floorStartDbfs: number;
  readonly floorRiseDbPerSecond: number;
}

export const defaultEndpointing: EndpointingOptions = {
  sampleRateHz: 16_000,
  frameMs: 20,
  startMs: 60,
  minSpeechMs: 100,
  endSilenceMs: 500,
  preRollMs: 350,
  trailingMs: 200,
  maxUtteranceMs: 9_000,
  aboveFloorDb: 9,
  hysteresisDb: 3,
  lowestThresholdDbfs: -50,
  floorWindowMs: 1_500,
  floorStartDbfs: -60,
  floorRiseDbPerSecond: 10,
};

/** Throws a WildfireError for settings that leave no room to cut an utterance. */
export function requireSensibleEndpointing(options: EndpointingOptions): void {
  const { frameMs, endSilenceMs, preRollMs, startMs, maxUtteranceMs } = options;
  const least = 3 * (preRollMs + startMs) + endSilenceMs;
  if (frameMs > 0 && maxUtteranceMs >= least) return;
  throw new WildfireError("config", `an utterance limit of ${maxUtteranceMs} ms is too short`, {
    hint: `set it to ${least} ms or more`,
  });
}
