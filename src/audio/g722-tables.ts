/** The tables of ITU-T G.722: quantisers, their adaptation, and the filter that splits the bands. */

/**
 * Every other one of the 24 taps of the quadrature mirror filter. The filter is symmetric, so the rest
 * are these from behind.
 */
export const qmfTaps = Int32Array.of(3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11);

/** Inverse logarithms: 32 steps of an octave. */
export const inverseLog = Int32Array.from([
  2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
  2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
]);

/** Lower band, 6 bits: decision levels of the encoder; level `i` ends interval `i`. */
export const lowDecisions = Int32Array.from([
  0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023,
  1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
]);

/** What each 6-bit code of the lower band stands for, in units of the scale factor / 32768. */
export const lowOutput6 = Int32Array.from([
  -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232,
  -9360, -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400,
  -2032, -1688, -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232,
  9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688,
  1360, 1040, 728, 432, 136, -432, -136,
]);

/** The same for the upper 4 bits of the code, which alone drive the predictor. */
export const lowOutput4 = Int32Array.from([
  0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200,
  0,
]);

/** How the logarithmic scale factor of the lower band moves with each 4-bit code. */
export const lowScaleSteps = Int32Array.from([
  -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60,
]);

/** Higher band: what each 2-bit code stands for, and how it moves the scale factor. */
export const highOutput = Int32Array.of(-7408, -1616, 7408, 1616);
export const highScaleSteps = Int32Array.of(798, -214, 798, -214);

/** Decision level of the higher band, in units of the scale factor / 4096. */
export const highDecision = 564;
