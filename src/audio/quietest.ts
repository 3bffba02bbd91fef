/** Where to cut sound that has to be cut: in the middle of its quietest 20 ms. */

/** 20 ms at 16 kHz. */
const windowSamples = 320;
const hopSamples = windowSamples / 2;

/**
 * The sample in the middle of the quietest window within `from`..`to`, the latest of equals; the
 * middle of the range when it is shorter than a window. A constant offset does not count as sound.
 */
function quietestSample(samples: Float32Array, from: number, to: number): number {
  let quietest = Number.POSITIVE_INFINITY;
  let cut = Math.floor((from + to) / 2);
  for (let start = from; start + windowSamples <= to; start += hopSamples) {
    const energy = energyWithoutOffset(samples, start);
    if (energy > quietest) continue;
    quietest = energy;
    cut = start + windowSamples / 2;
  }
  return cut;
}

/** Where to cut sound of the greatest length: in the quietest place of its last third. */
export function cutWithin(samples: Float32Array): number {
  return quietestSample(samples, Math.floor((samples.length * 2) / 3), samples.length);
}

function energyWithoutOffset(samples: Float32Array, start: number): number {
  let sum = 0;
  let squares = 0;
  for (let index = start; index < start + windowSamples; index += 1) {
    const sample = samples[index] ?? 0;
    sum += sample;
    squares += sample * sample;
  }
  return squares - (sum * sum) / windowSamples;
}

/**
 * Cuts 16 kHz sound into views of at most `maxSamples` (at least 3), each cut in the quietest place
 * of the last third that it may reach. Joined they are the input again.
 */
export function splitAtQuietest(samples: Float32Array, maxSamples: number): Float32Array[] {
  const pieces: Float32Array[] = [];
  let start = 0;
  while (samples.length - start > maxSamples) {
    const end = start + cutWithin(samples.subarray(start, start + maxSamples));
    pieces.push(samples.subarray(start, end));
    start = end;
  }
  pieces.push(samples.subarray(start));
  return pieces;
}
