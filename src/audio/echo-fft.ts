/** Fourier transform of 512 real samples and back, without allocation: the echo guard's only size. */

/** Samples of a transform. */
export const transformSamples = 512;
/** Frequencies from 0 to half the sample rate, both included. */
export const spectrumBins = transformSamples / 2 + 1;

/** A transform of half the size does the work: even samples are its real part, odd ones its imaginary part. */
const half = transformSamples / 2;
const stages = Math.log2(half);

const order = Uint16Array.from({ length: half }, (_, index) => reverseBits(index));
/** Of the half transform. */
const cosines = Float64Array.from({ length: half / 2 }, (_, k) =>
  Math.cos((2 * Math.PI * k) / half),
);
const sines = Float64Array.from(
  { length: half / 2 },
  (_, k) => -Math.sin((2 * Math.PI * k) / half),
);
/** Of the whole transform, which take the even and the odd samples apart. */
const splitCosines = Float64Array.from({ length: half + 1 }, (_, k) =>
  Math.cos((Math.PI * k) / half),
);
const splitSines = Float64Array.from(
  { length: half + 1 },
  (_, k) => -Math.sin((Math.PI * k) / half),
);

/** Work space, shared by all calls: nothing of it outlives a transform. */
const real = new Float64Array(half);
const imaginary = new Float64Array(half);

/** One spectrum: bin k is `re[k] + i im[k]`. */
export class Spectrum {
  readonly re = new Float64Array(spectrumBins);
  readonly im = new Float64Array(spectrumBins);

  clear(): void {
    this.re.fill(0);
    this.im.fill(0);
  }
}

/** The spectrum of the first 512 samples. */
export function transform(samples: Float64Array, out: Spectrum): void {
  for (let index = 0; index < half; index += 1) {
    const from = 2 * (order[index] ?? 0);
    real[index] = samples[from] ?? 0;
    imaginary[index] = samples[from + 1] ?? 0;
  }
  runButterflies();
  for (let k = 0; k <= half / 2; k += 1) split(k, out);
}

/** The 512 samples of a spectrum. */
export function transformBack(spectrum: Spectrum, out: Float64Array): void {
  for (let index = 0; index < half; index += 1) join(order[index] ?? 0, index, spectrum);
  // The inverse is the transform of the conjugate, conjugated: `join` has left the conjugate.
  runButterflies();
  for (let index = 0; index < half; index += 1) {
    out[2 * index] = (real[index] ?? 0) / half;
    out[2 * index + 1] = -(imaginary[index] ?? 0) / half;
  }
}

/** Bins k and half - k of the real samples from the same bins of the half transform. */
function split(k: number, { re, im }: Spectrum): void {
  const mirror = (half - k) % half;
  const a = real[k % half] ?? 0;
  const b = imaginary[k % half] ?? 0;
  const c = real[mirror] ?? 0;
  const d = imaginary[mirror] ?? 0;
  const evenRe = 0.5 * (a + c);
  const evenIm = 0.5 * (b - d);
  const oddRe = 0.5 * (b + d);
  const oddIm = 0.5 * (c - a);
  const cos = splitCosines[k] ?? 0;
  const sin = splitSines[k] ?? 0;
  const turnedRe = cos * oddRe - sin * oddIm;
  const turnedIm = cos * oddIm + sin * oddRe;
  re[k] = evenRe + turnedRe;
  im[k] = evenIm + turnedIm;
  re[half - k] = evenRe - turnedRe;
  im[half - k] = turnedIm - evenIm;
}

/** Bin k of the half transform, conjugated, to place `at`. */
function join(k: number, at: number, { re, im }: Spectrum): void {
  const a = re[k] ?? 0;
  const b = im[k] ?? 0;
  const c = re[half - k] ?? 0;
  const d = im[half - k] ?? 0;
  const differenceRe = 0.5 * (a - c);
  const differenceIm = 0.5 * (b + d);
  const cos = splitCosines[k] ?? 0;
  const sin = splitSines[k] ?? 0;
  const oddRe = cos * differenceRe + sin * differenceIm;
  const oddIm = cos * differenceIm - sin * differenceRe;
  real[at] = 0.5 * (a + c) - oddIm;
  imaginary[at] = -(0.5 * (b - d) + oddRe);
}

/** Decimation in time; the input is in bit-reversed order already. */
function runButterflies(): void {
  for (let size = 2; size <= half; size *= 2) {
    const wing = size / 2;
    const step = half / size;
    for (let first = 0; first < half; first += size) {
      for (let k = 0, turn = 0; k < wing; k += 1, turn += step) {
        const top = first + k;
        const bottom = top + wing;
        const cos = cosines[turn] ?? 0;
        const sin = sines[turn] ?? 0;
        const re = real[bottom] ?? 0;
        const im = imaginary[bottom] ?? 0;
        const turnedRe = cos * re - sin * im;
        const turnedIm = cos * im + sin * re;
        const topRe = real[top] ?? 0;
        const topIm = imaginary[top] ?? 0;
        real[bottom] = topRe - turnedRe;
        imaginary[bottom] = topIm - turnedIm;
        real[top] = topRe + turnedRe;
        imaginary[top] = topIm + turnedIm;
      }
    }
  }
}

function reverseBits(index: number): number {
  let reversed = 0;
  for (let bit = 0; bit < stages; bit += 1) reversed |= ((index >> bit) & 1) << (stages - 1 - bit);
  return reversed;
}
