import { describe, expect, test } from "bun:test";
import { SteadySpeaker } from "../../bench/steady-speaker.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

const samples = Float32Array.from({ length: 1000 }, (_, index) => index);

describe("a steady speaker", () => {
  test("sends a packet when its last sample is spoken, the rest as a short one, and ends", async () => {
    const clock = new FakeClock();
    const sent: Float32Array[] = [];
    const speaker = new SteadySpeaker({ samples, clock, send: (packet) => sent.push(packet) });
    clock.advance(19);
    expect(sent).toHaveLength(0);
    clock.advance(1);
    expect(sent).toEqual([samples.subarray(0, 320)]);
    clock.advance(80);
    await speaker.done;
    expect(sent.map(({ length }) => length)).toEqual([320, 320, 320, 40]);
    expect(clock.timers).toBe(0);
  });

  test("knows when each sample was sent, and nothing of those that were not", () => {
    const clock = new FakeClock();
    const speaker = new SteadySpeaker({ samples, clock, send: () => undefined });
    clock.advance(45);
    const times = [0, 319, 320, 639, 640].map((sample) => speaker.sentAtMs(sample));
    expect(times).toEqual([20, 20, 40, 40, undefined]);
  });

  test("that cannot send stops and says why", async () => {
    const clock = new FakeClock();
    const speaker = new SteadySpeaker({
      samples,
      clock,
      send() {
        throw new Error("whisper does not take it");
      },
    });
    clock.advance(100);
    expect(clock.timers).toBe(0);
    const failure = await speaker.done.then(() => undefined, String);
    expect(failure).toBe("Error: whisper does not take it");
  });
});
