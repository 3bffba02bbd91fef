import { expect, setDefaultTimeout, test } from "bun:test";
import { SeededRandom } from "../../fuzz/seeded-random.ts";
import { FuzzCall } from "./turn-fuzz-call.ts";

/** WILDFIRE_FUZZ_INPUTS=1000000 for a long run, WILDFIRE_FUZZ_SEED for another one. */
const inputs = Number(process.env["WILDFIRE_FUZZ_INPUTS"] ?? 20_000);
const firstSeed = Number(process.env["WILDFIRE_FUZZ_SEED"] ?? 1);
const steps = 150;

setDefaultTimeout(60_000 + inputs * 5);

test("whatever happens in a call, its turns come to rest, and no text is lost or doubled", async () => {
  let resumptions = 0;
  let ignored = 0;
  const calls = Math.ceil(inputs / steps);
  for (let seed = firstSeed; seed < firstSeed + calls; seed += 1) {
    const call = new FuzzCall(new SeededRandom(seed));
    try {
      await call.run(steps);
    } catch (error) {
      throw new Error(`in the call of seed ${seed}`, { cause: error });
    }
    resumptions += call.resumptions;
    ignored += call.ignored;
  }
  expect(resumptions).toBeGreaterThan(calls / 2);
  expect(ignored).toBeGreaterThan(calls / 2);
});
