import { expect, test } from "bun:test";
import {
  type CallerInput,
  type CallerState,
  nextCallerStep,
} from "../../src/whisper/caller-activity-states.ts";

const states: readonly CallerState[] = ["quiet", "hushed", "talking", "closing"];
const inputs: readonly CallerInput[] = [
  ...(["onset", "voice", "length", "lull"] as const),
  ...(["over", "settled", "end"] as const),
];

/** The whole table: what is not here means nothing. */
const rows: Readonly<Record<CallerState, Readonly<Partial<Record<CallerInput, string>>>>> = {
  quiet: { onset: "hushed, pause", voice: "hushed, pause", length: "talking, speech" },
  hushed: { length: "talking, speech", lull: "quiet, resume", end: "quiet, resume" },
  talking: { over: "closing", end: "quiet, silence" },
  closing: {
    voice: "talking",
    length: "talking",
    settled: "quiet, silence",
    end: "quiet, silence",
  },
};

test.each(states.flatMap((state) => inputs.map((input) => [state, input] as const)))(
  "%s, %s",
  (state, input) => {
    const step = nextCallerStep(state, input);
    const text = step && [step.state, step.tell].filter((part) => part !== undefined).join(", ");
    expect(text).toBe(rows[state][input]);
  },
);

test("whoever was told of a beginning is told of its end, in whichever state the call ends", () => {
  const open = { pause: "resume", speech: "silence" } as const;
  for (const state of states) {
    const end = nextCallerStep(state, "end");
    if (state === "quiet") expect(end).toBeUndefined();
    else
      expect(end).toEqual({ state: "quiet", tell: state === "hushed" ? open.pause : open.speech });
  }
});
