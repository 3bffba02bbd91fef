import { describe, expect, test } from "bun:test";
import { callIdOf } from "../../../src/wire/call-id.ts";
import { CallsRig, settled } from "./calls-rig.ts";

const id = callIdOf(111);

describe("a call", () => {
  test("begins with its connection, is greeted once, and ends with BYE", async () => {
    const rig = new CallsRig({ greeting: "Hello, this is Wildfire." });
    rig.signal("register");
    rig.signal("register");
    expect(rig.voice).toEqual([]);
    await rig.connect();
    rig.signal("register");
    await settled();
    expect(rig.voice).toEqual(["111 begins", "111: Hello, this is Wildfire."]);
    rig.calls.ended(id);
    expect(rig.voice.at(-1)).toBe("111 ends");
    expect(rig.kinds().at(-1)).toBe("ended");
    expect(rig.timers).toBe(0);
  });

  test("is answered clause by clause", async () => {
    const rig = new CallsRig();
    await rig.says("When do you open?");
    expect(rig.texts).toEqual(["111: When do you open?"]);
    await rig.asked.answer("We open at 9 in the morning, every day. Is that all?");
    expect(rig.voice).toEqual([
      "111 begins",
      "111: We open at nine in the morning,",
      "111: every day.",
      "111: Is that all?",
    ]);
  });

  test("of the same id that follows knows nothing of the one before", async () => {
    const rig = new CallsRig();
    for (const word of ["first", "second", "third"]) {
      await rig.says(`This is the ${word} caller.`);
      const { messages } = rig.asked.request;
      expect(messages.filter(({ role }) => role === "user")).toHaveLength(1);
      await rig.asked.answer("Yes.");
      rig.calls.ended(id);
    }
    expect(new Set(rig.events.map(({ key }) => key)).size).toBe(3);
    expect(rig.timers).toBe(0);
  });

  test("hears nothing of an answer that comes after its end", async () => {
    const rig = new CallsRig();
    await rig.says("Hello?");
    const question = rig.asked;
    rig.calls.ended(id);
    expect(question.isCancelled).toBe(true);
    await question.answer("Too late.");
    expect(rig.voice).toEqual(["111 begins", "111 ends"]);
  });

  test("does not hear what another one is told", async () => {
    const rig = new CallsRig();
    await rig.says("I am one hundred and eleven.", 111);
    const first = rig.asked;
    await rig.says("I am two hundred and two.", 202);
    const second = rig.asked;
    await second.answer("Hello two.");
    await first.answer("Hello one.");
    expect(rig.voice.filter((line) => line.startsWith("111: "))).toEqual(["111: Hello one."]);
    expect(rig.voice.filter((line) => line.startsWith("202: "))).toEqual(["202: Hello two."]);
  });

  test("is told who calls, on which line", async () => {
    const rig = new CallsRig();
    rig.surroundings = { ...rig.surroundings, caller: "5550199", line: "200@pbx" };
    await rig.says("Hello?");
    expect(rig.asked.system).toBe("Caller 5550199 on 200@pbx.");
  });

  test("begins with REGISTER where the connection is there from the call before", async () => {
    const rig = new CallsRig({ greeting: "Hello." });
    await rig.connect();
    for (let round = 0; round < 3; round += 1) {
      rig.signal("register");
      await settled();
      rig.calls.ended(id);
      rig.signal("bye");
    }
    expect(rig.voice.filter((line) => line === "111: Hello.")).toHaveLength(3);
    expect(rig.calls.status()).toMatchObject({ calls: 3, up: [] });
    expect(rig.timers).toBe(0);
  });

  test("that was announced by a datagram alone holds nothing, and opens nothing", async () => {
    const rig = new CallsRig({ greeting: "Hello." });
    for (let number = 1; number <= 5000; number += 1) rig.signal("register", number);
    await settled();
    expect(rig.voice).toEqual([]);
    expect(rig.calls.status()).toMatchObject({ calls: 0, up: [] });
    await rig.connect();
    expect(rig.voice).toEqual(["111 begins", "111: Hello."]);
  });

  test("whose REGISTER was read behind its BYE ends with the BYE by UDP", async () => {
    const rig = new CallsRig();
    await rig.connect();
    rig.calls.ended(id);
    rig.signal("register");
    rig.signal("bye");
    rig.clock.advance(1000);
    expect(rig.calls.status()).toMatchObject({ up: [] });
    expect(rig.timers).toBe(0);
  });

  test("says what came before its BYE, though that of UDP was read first", async () => {
    const rig = new CallsRig();
    await rig.connect();
    rig.signal("bye");
    await rig.says("Thank you.");
    expect(rig.asked.question).toBe("Thank you.");
    rig.calls.ended(id);
    expect(rig.timers).toBe(0);
  });

  test("that follows while the one before is not quite over is greeted as a call of its own", async () => {
    const rig = new CallsRig({ greeting: "Hello." });
    await rig.connect();
    rig.signal("register");
    rig.signal("bye");
    rig.signal("register");
    rig.signal("bye");
    rig.signal("register");
    rig.calls.ended(id);
    await settled();
    expect(rig.voice).toEqual([
      "111 begins",
      "111: Hello.",
      "111 ends",
      "111 begins",
      "111: Hello.",
    ]);
  });

  test("is over at BYE by UDP when whisper is not connected for it", async () => {
    const rig = new CallsRig();
    await rig.says("Hello?");
    rig.calls.lost(id);
    rig.signal("bye");
    expect(rig.voice.at(-1)).toBe("111 ends");
    expect(rig.timers).toBe(0);
  });

  test("that is under way when this process comes is not greeted once more", async () => {
    const rig = new CallsRig({ greeting: "Hello, this is Wildfire." });
    rig.surroundings = { ...rig.surroundings, isUnderWay: true };
    await rig.connect();
    await rig.says("Where were we?");
    expect(rig.voice).toEqual(["111 begins"]);
    expect(rig.asked.system).toContain("Hello, this is Wildfire.");
  });

  test("that begins while the telephone is still asked loses nothing", async () => {
    const rig = new CallsRig();
    rig.signal("register");
    void rig.connect();
    rig.signal("speech");
    rig.calls.text(id, "Hello?");
    rig.signal("silence");
    await settled();
    expect(rig.asked.question).toBe("Hello?");
  });
});

describe("a caller who interrupts", () => {
  test("stops the model, and what they did not hear is not in the history", async () => {
    const rig = new CallsRig();
    rig.signal("register");
    await rig.says("When do you open?");
    await rig.asked.answer("We open at nine in the morning. And we close at five.");
    rig.heard(1, 24_000, 24_000);
    rig.heard(2, 0, 24_000);
    rig.signal("speech");
    rig.heard(2, 12_000, 24_000);
    expect(rig.voice).not.toContain("111 is hushed");
    await rig.says("Thank you.");
    rig.signal("silence");
    const said = rig.asked.request.messages.find(({ role }) => role === "assistant");
    expect(said?.content).toBe("We open at nine in the morning. And we…");
  });

  test("and of whom nobody has told that they speak, has the voice hushed", async () => {
    const rig = new CallsRig();
    await rig.says("When do you open?");
    await rig.asked.answer("We open at nine in the morning, and we close at five.");
    rig.clock.advance(1000);
    await rig.says("And on Sundays?");
    expect(rig.voice).toContain("111 is hushed");
    expect(rig.asked.question).toBe("And on Sundays?");
  });

  test("with a short sound is not answered, where the recogniser tells when they speak", async () => {
    const rig = new CallsRig();
    rig.signal("register");
    await rig.says("When do you open?");
    await rig.asked.answer("We open at nine in the morning.");
    rig.clock.advance(1100);
    await rig.says("Mhm.");
    expect(rig.questions).toHaveLength(1);
    expect(rig.kinds()).toContain("back-channel");
    expect(rig.texts).toContain("111: Mhm.");
  });

  test("and says nothing hears the rest", async () => {
    const rig = new CallsRig();
    rig.signal("register");
    await rig.says("When do you open?");
    await rig.asked.answer("We open at nine in the morning. And we close at five.");
    rig.heard(2, 0, 24_000);
    rig.signal("speech");
    rig.signal("silence");
    rig.clock.advance(1000);
    await settled();
    expect(rig.kinds()).toContain("resumed");
    expect(rig.voice.at(-1)).toBe("111: And we close at five.");
  });
});

describe("words behind the beginning of an answer", () => {
  test("belong to the question, also where the voice tells nothing", async () => {
    const rig = new CallsRig();
    await rig.connect();
    rig.signal("register");
    await rig.says("Hello.");
    await rig.asked.answer("Good morning, what can I do for you?");
    rig.clock.advance(300);
    await rig.says("It is Ada.");
    expect(rig.kinds()).not.toContain("back-channel");
    expect(rig.asked.question).toContain("It is Ada.");
  });

  test("do not cost the answer its times", async () => {
    const rig = new CallsRig();
    await rig.connect();
    rig.signal("register");
    await rig.says("When do you open?");
    await rig.asked.answer("We open at nine in the morning. And we close at five.");
    rig.heard(1, 0, 24_000);
    rig.clock.advance(1500);
    await rig.says("Mhm.");
    rig.heard(1, 24_000, 24_000);
    expect(rig.kinds()).toContain("back-channel");
    const turns = rig.events.filter(({ kind }) => kind === "turn");
    expect(turns).toMatchObject([{ turn: 1, voiceMs: 40, lineMs: 10 }]);
  });
});

describe("the times of a turn", () => {
  test("are told when its first sound was heard, stage by stage, and once", async () => {
    const rig = new CallsRig();
    const callId = callIdOf(111);
    await rig.connect();
    rig.signal("register");
    rig.calls.report({ kind: "turn", callId, values: { silence: 500, text: 12 } });
    await rig.says("When do you open?");
    rig.clock.advance(40);
    await rig.asked.answer("At nine.");
    expect(rig.kinds()).not.toContain("turn");
    rig.heard(1, 0, 9000);
    rig.heard(1, 9000, 9000);
    const turns = rig.events.filter(({ kind }) => kind === "turn");
    expect(turns).toHaveLength(1);
    expect(turns[0]).toMatchObject({
      turn: 1,
      silenceMs: 500,
      recognitionMs: 12,
      gatherMs: 0,
      firstTokenMs: 40,
      clauseMs: 0,
      voiceMs: 40,
      lineMs: 10,
      totalMs: 602,
    });
  });

  test("are told also where the voice tells nothing", async () => {
    const rig = new CallsRig();
    await rig.says("When do you open?");
    await rig.asked.answer("At nine.");
    rig.clock.advance(5000);
    const [turn] = rig.events.filter(({ kind }) => kind === "turn");
    expect(turn).toMatchObject({ turn: 1, voiceMs: undefined });
  });
});

describe("a whisper that went away", () => {
  test("is waited for, with the conversation as it was", async () => {
    const rig = new CallsRig();
    await rig.says("My name is Ada.");
    await rig.asked.answer("Hello Ada.");
    rig.clock.advance(3000);
    rig.calls.lost(id);
    rig.signal("register");
    await settled();
    await rig.says("Who am I?");
    expect(rig.asked.request.messages.map(({ content }) => content)).toContain("My name is Ada.");
  });

  test("is not waited for longer than a minute", async () => {
    const rig = new CallsRig();
    await rig.says("Hello?");
    rig.calls.lost(id);
    rig.clock.advance(60_000);
    expect(rig.voice.at(-1)).toBe("111 ends");
    expect(rig.timers).toBe(0);
  });
});

test("a thousand calls are up at most, and the next one is refused with a line in the log", async () => {
  const rig = new CallsRig();
  for (let number = 1; number <= 1001; number += 1) await rig.connect(number);
  expect(rig.calls.status()).toMatchObject({ calls: 1000, refused: 1 });
  expect(rig.memory.text()).toContain("call refused: too many");
  rig.calls.close();
  expect(rig.calls.status()).toMatchObject({ up: [] });
});
