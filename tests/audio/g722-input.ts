/** Sound that takes a G.722 encoder through all of its states, the same on every machine. */
import { SeededRandom } from "../fuzz/seeded-random.ts";

const rateHz = 16_000;
const partSamples = rateHz / 5;
const fullScale = 32_768;

/** Samples that are whole multiples of 1 / 32768: silence, noise from soft to clipped, and square waves. */
export function g722Input(): Float32Array {
  const random = new SeededRandom(16);
  const parts: ((at: number) => number)[] = [() => 0];
  for (let bits = 2; bits <= 16; bits += 2) {
    const most = 2 ** (bits - 1) - 1;
    parts.push(() => random.between(-most, most));
  }
  for (const period of [2, 3, 16, 160]) {
    parts.push((at) => (at % period < period / 2 ? 32_767 : -32_768));
  }
  return Float32Array.from({ length: parts.length * partSamples }, (_, at) => {
    const part = parts[Math.floor(at / partSamples)];
    return (part?.(at) ?? 0) / fullScale;
  });
}
