/** Callers who speak over an answer, or seem to: driven by the signals that whisper sends. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { says } from "../fakes/scripted-chat-server.ts";
import { LlamaRig } from "./llama-rig.ts";

setDefaultTimeout(30_000);

const answer = ["We open at nine in the morning. ", "And we close at five. ", "Is that all?"];

describe.concurrent("a caller who speaks over an answer", () => {
  test("ends generating at once, and the model is told only what they heard", async () => {
    await using rig = await LlamaRig.open({ reports: "never" });
    rig.model.script(
      async (reply) => {
        reply.head();
        for (const piece of answer) reply.delta({ content: piece });
        await reply.closed;
      },
      says(["Good."]),
    );
    const call = await rig.call();
    call.turn("When do you open?");
    await rig.voice.hears(2);
    rig.voice.heard(1);
    rig.voice.heard(2, { samples: 12_000 });
    await rig.tells(2, "heard");
    call.signal("speech");
    await rig.model.answers[0]?.closed;
    const [cancelled] = await rig.tells(1, "answered");
    expect(cancelled).toMatchObject({ turn: 1, outcome: "cancelled" });
    expect(Number(cancelled?.["cancelMs"])).toBeLessThanOrEqual(50);
    call.text("Thank you.");
    call.signal("silence");
    await rig.asks(2);
    const [, second] = rig.model.answers;
    expect(second?.contents("assistant")).toEqual(["We open at nine in the morning. And we…"]);
    expect(second?.contents("user").at(-1)).toBe("Thank you.");
    expect((await rig.voice.hears(3)).at(-1)).toBe("Good.");
  });

  test("and says nothing hears the rest, as a turn of its own", async () => {
    await using rig = await LlamaRig.open({ reports: "never" });
    rig.answers(answer.join(""));
    const call = await rig.call();
    call.turn("When do you open?");
    await rig.voice.hears(3);
    rig.voice.heard(1);
    rig.voice.heard(2, { samples: 2400 });
    await rig.tells(2, "heard");
    call.signal("speech");
    call.signal("silence");
    const [resumed] = await rig.tells(1, "resumed");
    expect(resumed).toMatchObject({ turn: 2 });
    const rest = ["And we close at five.", "Is that all?"];
    expect(await rig.voice.hears(5)).toEqual([...answer.map((text) => text.trim()), ...rest]);
    expect(rig.model.answers).toHaveLength(1);
  });

  test("is answered to all that they said before the answer began", async () => {
    await using rig = await LlamaRig.open();
    const call = await rig.call();
    call.signal("speech");
    await rig.reaches("gathering");
    call.text("I have a question.");
    call.text("When do you open?");
    call.signal("silence");
    expect(await rig.voice.hears(1)).toEqual(["Yes."]);
    expect(rig.questions.at(-1)).toBe("I have a question. When do you open?");
  });
});
