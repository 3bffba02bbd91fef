/** Whole conversations with callers of a real Asterisk: what they say is answered, and they hear it. */
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { sentenceWith } from "../end-to-end/speech.ts";
import { calls, type ChatScript, says, ScriptedChatServer } from "../fakes/scripted-chat-server.ts";
import { lines } from "./accounts.ts";
import { Asterisk } from "./asterisk.ts";
import { AsteriskCaller } from "./asterisk-caller.ts";
import { numbers } from "./asterisk-config.ts";
import { contentWords, transcribed, wordsFound, wordsMissing } from "./heard-words.ts";
import { describeWithPeers } from "./interop-suite.ts";
import { storeRecording } from "./sounds.ts";
import { speakText } from "./spoken-text.ts";
import { TalkingLine } from "./talking-line.ts";

setDefaultTimeout(testLimitMs);

const longTestMs = 120_000;

const account = lines.muLaw;
const greeting = "Good morning. How can I help you?";
const greetingTexts = 2;
const openingHours = "What are your opening hours?";

/** Question and answer; the words of an answer are in no other one. */
const answers: ReadonlyMap<string, string> = new Map([
  [openingHours, "We are open from Monday to Friday."],
  ["When do you close?", "The office is closed until Tuesday."],
  ["How much is it?", "The price is forty dollars."],
  ["Where is the station?", "The delivery is on Thursday at ten."],
]);

/** Recorded, not synthesised for these tests. */
const forMichael = "I'd like to speak with Michael please.";
const digits = "Two four six.";

const farewell = "Thank you very much, goodbye.";

await describeWithPeers("Conversations with callers of Asterisk", (root) => {
  const held = new AsyncDisposableStack();
  const spoken = new Map<string, string>();
  const recorded = { michael: "", digits: "" };
  let model: ScriptedChatServer;
  let pbx: Asterisk;
  let talk: TalkingLine;

  beforeAll(async () => {
    model = held.use(new ScriptedChatServer());
    pbx = held.use(await Asterisk.start(root));
    for (const text of answers.keys()) {
      const { samples, rateHz } = await speakText(text);
      spoken.set(text, pbx.storeSound(`question-${spoken.size}`, samples, rateHz));
    }
    recorded.michael = storeRecording(pbx, "michael", sentenceWith(forMichael)).name;
    recorded.digits = storeRecording(pbx, "digits", sentenceWith(digits)).name;
    talk = held.use(
      await TalkingLine.start(pbx, {
        account,
        url: model.url,
        greeting,
        llamaArgv: [`--transfer=Michael=${numbers.department}`],
      }),
    );
  });

  beforeEach(() => {
    pbx.manager.forget();
    talk.forget();
    model.answers.length = 0;
  });

  afterEach(async () => await talk.isIdle());

  afterAll(async () => await held.disposeAsync());

  async function dial(): Promise<AsteriskCaller> {
    return await AsteriskCaller.dial(pbx, { number: account.user, department: recorded.digits });
  }

  async function heardBy(...callers: readonly AsteriskCaller[]): Promise<string[]> {
    const recordings = await Promise.all(callers.map(async (caller) => await caller.recorded()));
    return await transcribed(talk.stage, recordings);
  }

  function question(text: string): string {
    return spoken.get(text) ?? "";
  }

  test("a question is answered, and the caller hears the words of the answer", async () => {
    const [[asked = "", answer = ""] = []] = answers;
    model.script(says([answer]));
    const caller = await dial();
    await talk.said(0);
    await caller.say(question(asked));
    await talk.said(1);
    expect(talk.callPorts).not.toEqual([]);
    await caller.hangUp();
    const [heard = ""] = await heardBy(caller);
    expect(wordsMissing(greeting, heard)).toEqual([]);
    expect(wordsMissing(answer, heard)).toEqual([]);
    expect(model.answers.map((answered) => answered.contents("user"))).toEqual([[asked]]);
  });

  test("a caller who speaks over an answer hears no more of it, and the model knows how far they heard", async () => {
    const sentences = [...answers.values()];
    const [first = "", second = "", ...unheard] = sentences;
    model.script(says([sentences.join(" ")]), says([farewell]));
    const caller = await dial();
    await talk.said(0);
    await caller.say(question(openingHours));
    await talk.textsHeard(greetingTexts + 1);
    await caller.say(recorded.digits);
    await talk.said(2);
    await caller.hangUp();
    const [heard = ""] = await heardBy(caller);
    expect(wordsMissing(first, heard)).toEqual([]);
    expect(wordsFound(unheard.join(" "), heard)).toEqual([]);
    expect(wordsMissing(farewell, heard)).toEqual([]);

    const [, next] = model.answers;
    expect(next?.contents("user")).toEqual([openingHours, digits]);
    const [told = ""] = next?.contents("assistant") ?? [];
    expect(told).toEndWith("…");
    expect(sentences.join(" ")).toStartWith(told.slice(0, -1));
    expect(wordsMissing(first, told)).toEqual([]);
    expect(`${first} ${second}`.length).toBeGreaterThanOrEqual(told.length - 1);
  });

  test("hung up on in mid-answer, the next call is greeted and answered, and hears nothing of the first", async () => {
    const [first = "", second = "", third = "", last = ""] = answers.values();
    model.script(says([`${first} ${second} ${third}`]), says([last]));
    const interrupted = await dial();
    await talk.said(0);
    await interrupted.say(question(openingHours));
    await talk.textsHeard(greetingTexts + 1);
    await interrupted.hangUp();
    talk.forget();
    const next = await dial();
    await talk.said(0);
    await next.say(question(openingHours));
    await talk.said(1);
    await next.hangUp();
    const [before = "", after = ""] = await heardBy(interrupted, next);
    expect(wordsMissing(first, before)).toEqual([]);
    expect(wordsFound(third, before)).toEqual([]);
    expect(wordsMissing(`${greeting} ${last}`, after)).toEqual([]);
    expect(wordsFound(`${first} ${second} ${third}`, after)).toEqual([]);
    expect(model.answers.at(-1)?.contents("user")).toEqual([openingHours]);
  });

  test("four callers at once each hear their own answer", async () => {
    model.script(answerByQuestion);
    const callers = await Promise.all([...answers].map(async () => await dial()));
    await talk.said(0, callers.length);
    const asked = [...answers.keys()];
    await Promise.all(
      callers.map(async (caller, at) => await caller.say(question(asked[at] ?? ""))),
    );
    await talk.said(1, callers.length);
    await Promise.all(callers.map(async (caller) => await caller.hangUp()));
    const heard = await heardBy(...callers);
    const found = heard.map((words) =>
      [...answers.values()].flatMap((answer) => wordsFound(answer, words)),
    );
    expect(found).toEqual([...answers.values()].map(contentWords));
  });

  test(
    "of twenty calls in a row each is greeted, and every fifth has its question answered",
    async () => {
      model.script(answerByQuestion);
      const recordings: string[] = [];
      const expected: string[] = [];
      for (let count = 1; count <= 20; count += 1) {
        talk.forget();
        const caller = await dial();
        const [asked, answer = ""] = [...answers][count / 5 - 1] ?? [];
        if (asked === undefined) {
          await talk.textsHeard(1);
          expected.push("Good morning.");
        } else {
          await talk.said(0);
          await caller.say(question(asked));
          await talk.said(1);
          expected.push(`${greeting} ${answer}`);
        }
        await caller.hangUp();
        recordings.push(await caller.recorded());
      }
      const heard = await transcribed(talk.stage, recordings);
      const missing = expected.map((text, at) => wordsMissing(text, heard[at] ?? ""));
      expect(missing.flat()).toEqual([]);
    },
    longTestMs,
  );

  test("the model hangs up when the caller has heard its good-bye", async () => {
    model.script(calls("hang_up", {}, farewell));
    const caller = await dial();
    await talk.said(0);
    await caller.say(recorded.digits);
    const byFarEnd = await pbx.manager.event("HangupRequest", undefined, 20_000);
    expect(byFarEnd.get("Channel")).toStartWith(`PJSIP/${account.user}-`);
    const [heard = ""] = await heardBy(caller);
    expect(wordsMissing(farewell, heard)).toEqual([]);
    expect(model.answers).toHaveLength(1);
  });

  test("the model transfers, and the caller hears who takes the call there", async () => {
    const announced = "Please hold on.";
    model.script(calls("transfer", { to: "Michael" }, announced));
    const caller = await dial();
    await talk.said(0);
    await caller.say(recorded.michael);
    const transfer = await pbx.manager.event("BlindTransfer", undefined, 20_000);
    expect(transfer.get("Extension")).toBe(numbers.department);
    expect(transfer.get("Result")).toBe("Success");
    const [heard = ""] = await heardBy(caller);
    expect(wordsMissing(`${announced} ${digits}`, heard)).toEqual([]);
    expect(model.answers.map((answer) => answer.contents("user"))).toEqual([[forMichael]]);
  });
});

/** As a model answers that knows the answers. */
const answerByQuestion: ChatScript = (answer) => {
  const asked = answer.contents("user").at(-1) ?? "";
  return says([answers.get(asked) ?? `I do not understand ${asked}`])(answer);
};
