/** How many encoder positions an utterance needs: the encoder's work grows with them. */

/** Encoder positions for a second of audio. */
const positionsPerSecond = 50;

/**
 * Flash attention pads keys and values to a multiple of this with zeros that it does not mask; at
 * the multiples themselves there is nothing to pad.
 */
const bucketPositions = 256;

/** Half a second of silence after the utterance, so that the model hears it end. */
const marginPositions = 25;

/**
 * Positions to compute for `audioMs` of sound, at least `floor`; 0, the model's full context, when
 * nothing less is enough.
 */
export function audioContextFor(audioMs: number, modelAudioContext: number, floor: number): number {
  const needed = Math.ceil((audioMs * positionsPerSecond) / 1000) + marginPositions;
  const buckets = Math.ceil(Math.max(needed, floor) / bucketPositions);
  const positions = buckets * bucketPositions;
  return positions < modelAudioContext ? positions : 0;
}
