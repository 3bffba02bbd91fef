/** What a caller says is answered, call after call: the whole way through four processes and back. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Conversation } from "./conversation-rig.ts";
import { testLimitMs } from "./eventually.ts";
import { sentences } from "./speech.ts";
import { soundOf } from "./telephone-sound.ts";

setDefaultTimeout(testLimitMs);

test("a caller is greeted, understood and answered, in the first call and in the third", async () => {
  await using talk = await Conversation.open({ llamaArgv: ["--greeting=Hello."] });
  const [question] = sentences;
  if (question === undefined) throw new Error("no recording");
  for (let round = 1; round <= 3; round += 1) {
    talk.answers("We are open on Monday.");
    const call = await talk.call();
    await talk.tells(round, "heard", ({ turn, isAll }) => turn === 0 && isAll === true);
    await talk.say(call, question);
    await talk.tells(round, "heard", ({ turn, isAll }) => turn === 1 && isAll === true);
    const [turn] = (await talk.tells(round, "turn")).slice(-1);
    expect(turn).toMatchObject({ turn: 1 });
    expect(soundOf(call.packets ?? []).length).toBeGreaterThan(8000);
    call.hangUp();
    await call.ended;
  }
  expect(talk.model.answers.map((answer) => answer.contents("user"))).toEqual(
    Array.from({ length: 3 }, () => [...question.texts]),
  );
  await talk.telephone.isIdle();
});
