import { expect, test } from "bun:test";
import { describeHearing } from "../../src/services/hearing-record.ts";
import { finalEvent, finalOf } from "../fakes/final-transcript.ts";

const call = { callId: "111", key: "111-1" };

test.each(["speech-start", "speech", "silence", "pause", "resume"] as const)(
  "%s is told with its place in the call",
  (kind) => {
    const record = describeHearing({ call, event: { kind, atMs: 992 } });
    expect(record).toEqual({ kind, callId: "111", key: "111-1", atMs: 992 });
  },
);

test("a final text says how its turn came to it", () => {
  const event = finalEvent(finalOf("hello"), 200);
  const turn = { silenceMs: 512, textMs: 3.0612 };
  expect(describeHearing({ call, event: { ...event, turn } })).toEqual({
    ...describeHearing({ call, event }),
    silenceMs: 512,
    textMs: 3.1,
  });
});

test("a final text of which that is not known leaves it out", () => {
  const record = describeHearing({ call, event: finalEvent(finalOf("hello")) });
  expect(record).toMatchObject({ kind: "final", text: "hello" });
  expect(record).not.toHaveProperty("silenceMs");
});
