/** A service that dies in the middle of a conversation costs at most the answer that it was busy with. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Conversation } from "./conversation-rig.ts";
import { testLimitMs } from "./eventually.ts";
import { sentenceWith } from "./speech.ts";

setDefaultTimeout(testLimitMs);

const question = sentenceWith("Two four six.");
const greeting = "Hello.";
const longAnswer =
  "Michael is not here this morning. He comes back in the afternoon. Then you can speak with him.";

/** All of the answer to a question was heard, by what the LLaMA is told. */
async function hearsAll(talk: Conversation, count: number): Promise<void> {
  await talk.tells(
    count,
    "heard",
    ({ service, turn, isAll }) => service === "llama" && turn !== 0 && isAll === true,
  );
}

function clauses(talk: Conversation): string[] {
  return talk.events("clause").map(({ text }) => String(text));
}

test("a LLaMA that dies in mid-answer answers the next turn, and greets nobody twice", async () => {
  await using talk = await Conversation.open({ llamaArgv: [`--greeting=${greeting}`] });
  const call = await talk.call();
  await talk.tells(1, "heard", ({ turn, isAll }) => turn === 0 && isAll === true);
  for (let round = 1; round <= 2; round += 1) {
    talk.answers(longAnswer);
    await talk.say(call, question);
    await talk.sounds(call, round * 1500);
    talk.answers("Yes.");
    await talk.crash("llama");
    await talk.say(call, question);
    await hearsAll(talk, round);
  }
  expect(talk.model.answers.map((answer) => answer.contents("user").at(-1))).toEqual(
    Array.from({ length: 4 }, () => "Two four six."),
  );
  expect(clauses(talk).filter((text) => text === greeting)).toHaveLength(1);
  expect(clauses(talk).filter((text) => text === "Yes.")).toHaveLength(2);
  call.hangUp();
  await call.ended;
  await talk.telephone.isIdle();
});

test("a voice that dies in mid-answer speaks the next one", async () => {
  await using talk = await Conversation.open();
  const call = await talk.call();
  for (let round = 1; round <= 2; round += 1) {
    talk.answers(longAnswer);
    await talk.say(call, question);
    await talk.sounds(call, round * 1500);
    await talk.crash("kokoro");
    talk.answers("Yes.");
    const before = talk.events("speaking", ({ service }) => service === "kokoro").length;
    await talk.say(call, question);
    await talk.tells(before + 1, "speaking", ({ service }) => service === "kokoro");
    await hearsAll(talk, round);
  }
  expect(talk.model.answers).toHaveLength(4);
  expect(clauses(talk).filter((text) => text === "Yes.")).toHaveLength(2);
  call.hangUp();
  await call.ended;
  await talk.telephone.isIdle();
});

test("a whisper that dies costs the conversation nothing of its history", async () => {
  await using talk = await Conversation.open({ llamaArgv: [`--greeting=${greeting}`] });
  talk.answers("Yes.");
  const call = await talk.call();
  await talk.say(call, question);
  await hearsAll(talk, 1);
  for (let round = 2; round <= 3; round += 1) {
    await talk.crash("whisper");
    await talk.say(call, question);
    await hearsAll(talk, round);
  }
  const [, , last] = talk.model.answers;
  expect(last?.contents("user")).toEqual(Array.from({ length: 3 }, () => "Two four six."));
  expect(last?.contents("assistant")).toEqual(["Yes.", "Yes."]);
  expect(clauses(talk).filter((text) => text === greeting)).toHaveLength(1);
  call.hangUp();
  await call.ended;
  await talk.telephone.isIdle();
});
