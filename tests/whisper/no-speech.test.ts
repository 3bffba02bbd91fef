/** Whatever a line carries while nobody speaks is no text. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { lineSounds, overTelephone } from "../../bench/line-sounds.ts";
import { CallUnderTest, type EarsUnderTest, openEarsUnderTest } from "./ears-under-test.ts";

const longTestMs = 60_000;
const soundMs = 20_000;

let ears: EarsUnderTest;

beforeAll(async () => {
  ears = await openEarsUnderTest();
});

afterAll(async () => {
  await ears.close();
});

test.each(lineSounds)(
  "nothing is heard in $name",
  async ({ start }) => {
    const call = new CallUnderTest(ears);
    await call.hear(overTelephone(start(), soundMs));
    await call.end();
    expect(call.texts.filter((text) => text !== "")).toEqual([]);
  },
  longTestMs,
);
