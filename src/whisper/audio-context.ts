/** How many encoder positions an utterance needs: the encoder's work grows with them. */

/** What a model needs to hear well. */
export interface AudioContextRule {
  /** Least positions; beyond the model's own it is always the full context. */
  readonly floor: number;
  /** Positions of silence behind the sound, so that the model hears it end. */
  readonly margin: number;
}

/** Encoder positions for a second of audio. */
const positionsPerSecond = 50;

/** What the native library pads keys and values to, with zeros that nothing masks: here there are none. */
const bucketPositions = 128;

/** Positions to compute for `audioMs` of sound; 0, the model's full context, when less is not enough. */
export function audioContextFor(
  audioMs: number,
  modelAudioContext: number,
  { floor, margin }: AudioContextRule,
): number {
  const needed = Math.ceil((audioMs * positionsPerSecond) / 1000) + margin;
  const buckets = Math.ceil(Math.max(needed, floor) / bucketPositions);
  const positions = buckets * bucketPositions;
  return positions < modelAudioContext ? positions : 0;
}

/** The rule with the floor that somebody asked for. */
export function withFloor(rule: AudioContextRule, floor: number | undefined): AudioContextRule {
  return floor === undefined ? rule : { ...rule, floor };
}
