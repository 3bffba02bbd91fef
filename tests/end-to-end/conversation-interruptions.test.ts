/** A caller who speaks over the agent, hums while it speaks, or seems to speak: heard at the telephone. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { says } from "../fakes/scripted-chat-server.ts";
import { Conversation } from "./conversation-rig.ts";
import { testLimitMs } from "./eventually.ts";
import type { JsonRecord } from "./program.ts";
import { sentenceWith } from "./speech.ts";
import { lineSamplesOf } from "./telephone-sound.ts";

setDefaultTimeout(testLimitMs);

const question = sentenceWith("I'd like to speak with Michael please.");
const interruption = sentenceWith("Sorry may I speak with John please?");
const shortAnswer =
  "Michael is not here this morning. He comes back in the afternoon. Then you can speak with him.";
const longAnswer = `${shortAnswer} ${"And there is one more thing that I have to tell you about him. ".repeat(12)}`;

/** A hum: the loudest part of a recording, of that length. */
function hum(ms: number): Float32Array {
  const samples = lineSamplesOf(question);
  const length = ms * 8;
  let [best, loudest] = [0, 0];
  for (let at = 0; at + length <= samples.length; at += 80) {
    const energy = samples.subarray(at, at + length).reduce((sum, value) => sum + value * value, 0);
    if (energy > loudest) [best, loudest] = [at, energy];
  }
  return samples.subarray(best, best + length);
}

test("who speaks over a long answer ends it, and the next one knows what they heard of it", async () => {
  await using talk = await Conversation.open();
  talk.model.script(
    async (answer) => {
      answer.head();
      answer.delta({ content: longAnswer });
      await answer.closed;
    },
    says(["John is here."]),
  );
  const call = await talk.call();
  await talk.say(call, question);
  await talk.sounds(call, 1500);
  await talk.say(call, interruption);
  await talk.tells(
    1,
    "heard",
    ({ service, turn, isAll }) => service === "llama" && turn === 2 && isAll === true,
  );
  const [cancelled] = talk.events("answered", ({ turn }) => turn === 1);
  expect(cancelled).toMatchObject({ outcome: "cancelled" });
  expect(Number(cancelled?.["cancelMs"])).toBeLessThanOrEqual(50);
  const [, second] = talk.model.answers;
  const [said = ""] = second?.contents("assistant") ?? [];
  expect(said).toEndWith("…");
  expect(longAnswer).toStartWith(said.slice(0, -1));
  expect(said.length).toBeLessThan(longAnswer.length / 2);
  expect(second?.contents("user")).toEqual([...question.texts, ...interruption.texts]);
  const [first] = await talk.telephone.tells(2, "played");
  // What the first answer has in all is more than half a minute.
  expect(Number(first?.["playedMs"])).toBeLessThan(10_000);
  call.hangUp();
  await call.ended;
  await talk.telephone.isIdle();
});

test("who hums while the agent speaks makes it wait, and hears all of it", async () => {
  await using talk = await Conversation.open();
  talk.answers(shortAnswer);
  const call = await talk.call();
  await talk.say(call, question);
  await talk.sounds(call, 1500);
  await call.say(hum(200));
  await talk.tells(
    1,
    "heard",
    ({ service, turn, isAll }) => service === "llama" && turn === 1 && isAll === true,
  );
  expect(await talk.told()).toMatchObject({ speech: 1, pause: 2, resume: 1 });
  expect(talk.model.answers).toHaveLength(1);
  expect(talk.events("answered")).toMatchObject([{ turn: 1, outcome: "stop" }]);
  expect(talk.events("interrupted")).toEqual([]);
  expect(talk.events("resumed")).toEqual([]);
  const ends = talk.events("heard", ({ service }) => service === "kokoro");
  expect(unheard(ends)).toEqual([]);
  const [played] = await talk.telephone.tells(1, "played");
  const spoken = samplesOfTexts(ends);
  // The line plays at least what the voice has; pauses between its texts come on top.
  expect(Number(played?.["playedMs"])).toBeGreaterThanOrEqual((spoken * 1000) / 24_000 - 100);
});

test("who seems to speak and says nothing hears the rest", async () => {
  await using talk = await Conversation.open();
  talk.answers(shortAnswer);
  const call = await talk.call();
  await talk.say(call, question);
  await talk.sounds(call, 1500);
  talk.signal("speech", talk.callId);
  talk.signal("silence", talk.callId);
  await talk.tells(1, "resumed");
  await talk.tells(
    1,
    "heard",
    ({ service, turn, isAll }) => service === "llama" && turn === 2 && isAll === true,
  );
  expect(talk.model.answers).toHaveLength(1);
  const spoken = talk.events("clause", ({ turn }) => turn === 2).map(({ text }) => String(text));
  expect(shortAnswer).toEndWith(spoken.join(" "));
});

/** Texts of which the last report says that the caller has not heard all. */
function unheard(reports: readonly JsonRecord[]): JsonRecord[] {
  const last = new Map(reports.map((report) => [report["number"], report]));
  return [...last.values()].filter(({ samples, of }) => samples !== of);
}

function samplesOfTexts(reports: readonly JsonRecord[]): number {
  const last = new Map(reports.map((report) => [report["number"], Number(report["of"])]));
  return [...last.values()].reduce((sum, samples) => sum + samples, 0);
}
