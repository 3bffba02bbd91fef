/**
 * How good a call sounds, estimated from loss and delay by the E-model.
 *
 * ITU-T G.107: R = (Ro - Is) - Id - Ie,eff + A. With its default values Ro - Is is 93.2, and no
 * advantage A is given. Id is the delay impairment in the well-known two-piece form for echo-free
 * paths: 0.024 d + 0.11 (d - 177.3) for the part above 177.3 ms, with d one way in ms.
 * Ie,eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl), with the loss Ppl in per cent, BurstR 1 for
 * losses at random, and from G.113 appendix I for G.711 with packet loss concealment Ie 0 and Bpl
 * 25.1. MOS = 1 + 0.035 R + R (R - 60) (100 - R) 7e-6 (G.107 annex B).
 */

export interface QualityInputs {
  /** 0..1, what was lost or came too late to be played. */
  readonly lossFraction: number;
  /** From mouth to ear. */
  readonly oneWayDelayMs: number;
}

const unimpairedRating = 93.2;
const robustness = 25.1;
const worstImpairment = 95;

/** Transmission rating factor R; may be below 0 for a hopeless call. */
export function ratingFactor({ lossFraction, oneWayDelayMs }: QualityInputs): number {
  const lossPercent = lossFraction * 100;
  const delayImpairment = 0.024 * oneWayDelayMs + 0.11 * Math.max(0, oneWayDelayMs - 177.3);
  const lossImpairment = (worstImpairment * lossPercent) / (lossPercent + robustness);
  return unimpairedRating - delayImpairment - lossImpairment;
}

/** Mean opinion score, 1..4.5. */
export function meanOpinionScore(inputs: QualityInputs): number {
  const rating = ratingFactor(inputs);
  if (rating <= 0) return 1;
  if (rating >= 100) return 4.5;
  const score = 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6;
  return Math.max(1, score);
}
