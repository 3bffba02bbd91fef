/** The llama service beside peers of other makes: a whisper without signals, a voice that tells nothing. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { says } from "../fakes/scripted-chat-server.ts";
import { until } from "../fakes/until.ts";
import { LlamaRig } from "./llama-rig.ts";

setDefaultTimeout(30_000);

describe.concurrent("a whisper that sends texts and no signals", () => {
  test("has a call greeted when it connects, and answered", async () => {
    await using rig = await LlamaRig.open({ argv: ["--greeting=Hello."] });
    const call = await rig.whisper.connect();
    expect(await rig.voice.hears(1)).toEqual(["Hello."]);
    call.text("When do you open?");
    expect(await rig.voice.hears(2)).toEqual(["Hello.", "Yes."]);
  });

  test("has several texts before the answer begins taken as one turn", async () => {
    await using rig = await LlamaRig.open();
    rig.model.script((answer) => answer.closed, says(["Yes."]));
    const call = await rig.whisper.connect();
    call.text("I have a question.");
    await rig.asks(1);
    call.text("When do you open?");
    await rig.asks(2);
    expect(await rig.voice.hears(1)).toEqual(["Yes."]);
    expect(rig.questions.at(-1)).toBe("I have a question. When do you open?");
  });

  test("interrupts with a text, and the voice is told to be quiet before it hears the next answer", async () => {
    await using rig = await LlamaRig.open({ reports: "never" });
    rig.answers("We open at nine in the morning. And we close at five.", "All day.");
    const call = await rig.whisper.connect();
    call.text("When do you open?");
    await rig.voice.hears(2);
    call.text("And on Sundays?");
    expect((await rig.voice.hears(3)).at(-1)).toBe("All day.");
    expect(rig.voice.signals).toEqual(["SPEECH:111", "SPEECH:111", "SILENCE:111", "SILENCE:111"]);
  });

  test("has its next call with the same id on the same connection answered, as a new one", async () => {
    await using rig = await LlamaRig.open();
    const call = await rig.whisper.connect();
    for (let round = 1; round <= 3; round += 1) {
      call.text(`This is caller ${round}.`);
      await rig.voice.hears(round);
      call.bye();
      await until(() => rig.up.length === 0, "no call is up");
    }
    expect(rig.model.answers.map((answer) => answer.contents("user"))).toEqual([
      ["This is caller 1."],
      ["This is caller 2."],
      ["This is caller 3."],
    ]);
    await until(() => rig.voice.byes.length === 3, "all three ends at the voice");
    expect(rig.voice.links.size).toBe(1);
  });

  test("may come by a second connection for an id, and the call goes on there", async () => {
    await using rig = await LlamaRig.open();
    const first = await rig.whisper.connect();
    first.text("My name is Ada.");
    await rig.voice.hears(1);
    await rig.tells(1, "heard");
    const second = await rig.whisper.connect();
    await until(() => first.isClosed, "the end of the first connection");
    second.text("Who am I?");
    await rig.voice.hears(2);
    expect(rig.model.answers[1]?.contents("user")).toEqual(["My name is Ada.", "Who am I?"]);
    expect(rig.up).toEqual(["111"]);
  });

  test("may leave without a BYE, and the call is there when it comes back", async () => {
    await using rig = await LlamaRig.open({ argv: ["--greeting=Hello."] });
    const first = await rig.whisper.connect();
    await rig.voice.hears(1);
    first.text("My name is Ada.");
    await rig.voice.hears(2);
    await until(() => rig.of("heard").some(({ turn }) => turn === 1), "the answer was heard");
    first.breakOff();
    const second = await rig.whisper.connect();
    second.text("Who am I?");
    expect(await rig.voice.hears(3)).toEqual(["Hello.", "Yes.", "Yes."]);
    expect(rig.model.answers[1]?.contents("user")).toEqual(["My name is Ada.", "Who am I?"]);
  });
});

describe.concurrent("with --out-port 0", () => {
  test("answers come back by the connection that texts came by, call after call", async () => {
    await using rig = await LlamaRig.open({ isReturning: true, argv: ["--greeting=Hello."] });
    const call = await rig.whisper.connect();
    for (let round = 1; round <= 2; round += 1) {
      call.text("When do you open?");
      await until(() => call.returned.length >= 2 * round, "greeting and answer");
      call.bye();
      await until(() => rig.up.length === 0, "no call is up");
    }
    expect(call.returned.slice(0, 2)).toEqual(["Hello.", "Yes."]);
    expect(call.returned.toSorted()).toEqual(["Hello.", "Hello.", "Yes.", "Yes."]);
    expect(rig.voice.said).toEqual([]);
  });

  test("they follow a call to its new connection, and each call hears its own", async () => {
    await using rig = await LlamaRig.open({ isReturning: true });
    rig.model.script((answer) => {
      const [name = ""] = answer.contents("user").slice(-1);
      return says([`Hello ${name}`])(answer);
    });
    const other = await rig.whisper.connect(222);
    const first = await rig.whisper.connect(111);
    const second = await rig.whisper.connect(111);
    await until(() => first.isClosed, "the end of the first connection");
    second.text("Ada.");
    other.text("Bob.");
    await until(() => second.returned.length + other.returned.length >= 2, "both answers");
    expect(second.returned).toEqual(["Hello Ada."]);
    expect(other.returned).toEqual(["Hello Bob."]);
  });
});

describe.concurrent("a voice", () => {
  test("that tells nothing is thought to speak at the usual pace", async () => {
    await using rig = await LlamaRig.open({ reports: "never" });
    rig.answers("Yes.");
    const call = await rig.call();
    call.turn("Really?");
    const [heard] = await rig.tells(1, "heard");
    expect(heard).toMatchObject({ turn: 1, characters: 4, isAll: true });
  });

  test("that answers with sound on the same connection is read, and not believed", async () => {
    await using rig = await LlamaRig.open({ reports: "never" });
    const junk = crypto.getRandomValues(new Uint8Array(65_536));
    rig.voice.onConnection = (link) => {
      for (let count = 0; count < 8; count += 1) link.write(junk);
    };
    const call = await rig.call();
    for (let round = 1; round <= 3; round += 1) {
      call.turn("Really?");
      await rig.voice.hears(round);
    }
    expect(rig.voice.links.size).toBe(1);
    expect(rig.complaints).toEqual([]);
  });

  test("that is away when a call begins hears the greeting when it comes", async () => {
    await using rig = await LlamaRig.open({ argv: ["--greeting=Hello."] });
    rig.voice.stop();
    const call = await rig.call();
    rig.voice.restart();
    expect(await rig.voice.hears(1)).toEqual(["Hello."]);
    call.turn("When do you open?");
    expect(await rig.voice.hears(2)).toEqual(["Hello.", "Yes."]);
  });

  test("that comes back says nothing that the caller has stopped waiting for", async () => {
    await using rig = await LlamaRig.open();
    rig.answers("The first answer.", "The second answer.");
    const call = await rig.call();
    rig.voice.stop();
    call.turn("One?");
    await rig.tells(1, "clause");
    call.turn("Two?");
    await rig.tells(2, "clause");
    rig.voice.restart();
    expect(await rig.voice.hears(1)).toEqual(["The second answer."]);
    const [, second] = rig.model.answers;
    expect(second?.contents("assistant")).toEqual([]);
    expect(second?.contents("user")).toEqual(["One? Two?"]);
  });
});
