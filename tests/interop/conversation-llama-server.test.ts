/** A caller of a real Asterisk talks with a real llama-server, which is interrupted, killed and restarted. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { sentenceWith } from "../end-to-end/speech.ts";
import { LlamaServer, whyNoLlamaServer } from "../llama-bridge/chat/llama-server.ts";
import { lines } from "./accounts.ts";
import { Asterisk } from "./asterisk.ts";
import { AsteriskCaller } from "./asterisk-caller.ts";
import { timesHeard, transcribed, wordsMissing } from "./heard-words.ts";
import { describeWithPeers } from "./interop-suite.ts";
import { storeRecording } from "./sounds.ts";
import { TalkingLine } from "./talking-line.ts";

setDefaultTimeout(testLimitMs);

const account = lines.muLaw;
const greeting = "Good morning. How can I help you?";
const apology = "Please call back on Wednesday.";
const said = "Monday, five.";

await describeWithPeers("A conversation with llama-server", (root) => {
  const reason = whyNoLlamaServer(root);
  if (reason !== undefined) {
    test.skip(reason, () => undefined);
    return;
  }

  test("stops when the caller speaks, survives the death of the server with one apology, and goes on", async () => {
    // A clause takes the tiny model 10 ms, all that it would say more than a second.
    const words = new TextEncoder().encode(`${said}\n`);
    await using server = await LlamaServer.start(root, { answer: words, after: "repeats" });
    await using pbx = await Asterisk.start(root);
    const llamaArgv = [`--apology=${apology}`];
    await using talk = await TalkingLine.start(pbx, {
      account,
      url: server.url,
      greeting,
      llamaArgv,
    });
    const question = storeRecording(pbx, "question", sentenceWith("Two four six.")).name;
    const answers = (turn: number) => talk.tells(1, "clause", (event) => event["turn"] === turn);
    const outcome = async (turn: number): Promise<unknown> => {
      const [answered] = await talk.tells(1, "answered", (event) => event["turn"] === turn);
      return answered?.["outcome"];
    };

    const caller = await AsteriskCaller.dial(pbx, { number: account.user });
    await talk.said(0);
    await caller.say(question);
    await answers(1);
    // So that it is in mid-answer for sure when the caller interrupts.
    server.pause();
    await talk.textsHeard(3);
    await caller.say(question);
    expect(await outcome(1)).toBe("cancelled");
    server.resume();
    await server.isIdle();

    await answers(2);
    await server.kill();
    expect(await outcome(2)).toStartWith("failed");
    await talk.said(2);
    await server.run();
    await caller.say(question);
    await answers(3);
    await talk.tells(1, "turn", ({ turn }) => turn === 3);
    await caller.hangUp();
    const [heard = ""] = await transcribed(talk.stage, [await caller.recorded()]);
    expect(wordsMissing(`${greeting} ${said}`, heard)).toEqual([]);
    expect(timesHeard(apology, heard)).toBe(1);
    await talk.isIdle();
  });
});
