/** What no honest peer sends to the llama service: nothing of it crashes it, or costs another call its answer. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { callIdOf } from "../../src/wire/call-id.ts";
import { encodeReport } from "../../src/wire/reports.ts";
import { byeMarker, encodeText, maxTextBytes } from "../../src/wire/text-frames.ts";
import { says } from "../fakes/scripted-chat-server.ts";
import { until } from "../fakes/until.ts";
import { LlamaRig } from "./llama-rig.ts";

setDefaultTimeout(60_000);

/** Another call is answered meanwhile. */
async function isServing(rig: LlamaRig, id = 222): Promise<void> {
  const before = rig.voice.texts(id).length;
  const call = await rig.call(id);
  rig.answers("At nine.");
  call.turn("When do you open?");
  const texts = await rig.voice.hears(before + 1, id);
  expect(texts.at(-1)).toBe("At nine.");
  call.hangUp();
  await until(() => !rig.up.includes(String(id)), "the end of the call");
}

describe("a text", () => {
  test("of 10 MiB is taken, of which the end is what the model is asked", async () => {
    await using rig = await LlamaRig.open();
    const call = await rig.call();
    call.bytes(encodeText(`${"word ".repeat(maxTextBytes / 5 - 2)}the end?`));
    await isServing(rig);
    await until(() => rig.voice.texts(111).length > 0, "the answer", 20_000);
    const asked = rig.questions.find((question) => question.endsWith("the end?"));
    expect(asked?.length).toBeLessThanOrEqual(4000);
    expect(rig.printed.some((line) => line.includes("the end?"))).toBe(true);
    const [transcript] = rig.of("transcript");
    expect(String(transcript?.["text"]).length).toBeLessThanOrEqual(4000);
  });

  test("of one byte more ends its connection, and no other", async () => {
    await using rig = await LlamaRig.open();
    const call = await rig.call();
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, maxTextBytes + 1);
    call.bytes(length);
    await until(() => call.isClosed, "the end of the connection");
    await isServing(rig);
    expect(rig.complaints).toHaveLength(1);
    expect(rig.complaints[0]).toContain("10485761");
  });

  test("that is no UTF-8, or full of control characters, is a question like another", async () => {
    await using rig = await LlamaRig.open();
    const call = await rig.call();
    call.bytes(Uint8Array.of(0, 0, 0, 4, 0xff, 0xfe, 0x41, 0xc3));
    await rig.voice.hears(1);
    await rig.tells(1, "heard");
    call.text("\u001b[2J\u0000\u0007 hello \u2028 \ud800");
    await rig.voice.hears(2);
    expect(rig.questions[0]).toBe("\ufffd\ufffdA\ufffd");
    await isServing(rig);
  });

  test("of blanks alone is no turn", async () => {
    await using rig = await LlamaRig.open();
    const call = await rig.call();
    call.text(" \n\t ");
    call.text("Now.");
    await rig.voice.hears(1);
    expect(rig.questions).toEqual(["Now."]);
  });
});

describe("a connection", () => {
  const junk: Readonly<Record<string, Uint8Array>> = {
    "with a HELLO that is no id": Buffer.from("\0\0\0\x05hello"),
    "with an id beyond all ports": Buffer.from("\0\0\0\x0599999"),
    "with a HELLO of 4 GiB": Uint8Array.of(0xff, 0xff, 0xff, 0xfe),
    "that speaks HTTP": Buffer.from("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"),
  };
  for (const [name, bytes] of Object.entries(junk)) {
    test(`${name} is closed with a line in the log`, async () => {
      await using rig = await LlamaRig.open();
      const closed = Promise.withResolvers<void>();
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: rig.whisper.port,
        socket: { data: () => undefined, close: () => closed.resolve() },
      });
      socket.write(bytes);
      await closed.promise;
      await isServing(rig);
      expect(rig.complaints).toHaveLength(1);
    });
  }

  test("that says BYE again and again holds nothing", async () => {
    await using rig = await LlamaRig.open();
    const call = await rig.call();
    for (let count = 0; count < 1000; count += 1) call.bytes(byeMarker);
    await until(() => rig.up.length === 0, "no call is up");
    await isServing(rig);
  });
});

describe("an answer", () => {
  test("of 100,000 characters is spoken up to its bound, and the server is told to stop", async () => {
    await using rig = await LlamaRig.open({ argv: ["--max-answer=500"] });
    rig.model.script(async (answer) => {
      answer.head();
      const piece = "Here is one more sentence of my answer. ".repeat(25);
      for (let count = 0; count < 100; count += 1) answer.delta({ content: piece });
      await answer.closed;
    });
    const call = await rig.call();
    call.turn("Tell me everything.");
    const [answered] = await rig.tells(1, "answered");
    expect(answered).toMatchObject({ outcome: "cancelled" });
    await until(() => rig.of("heard").some(({ isAll }) => isAll === true), "all of it heard");
    const spoken = rig.voice.texts(111).join(" ");
    expect(spoken.length).toBeLessThanOrEqual(500);
    expect(spoken).toEndWith("answer.");
    await isServing(rig);
  });

  test("in one piece of 100,000 characters without a blank is bounded too", async () => {
    await using rig = await LlamaRig.open({ argv: ["--max-answer=500"] });
    rig.answers("x".repeat(100_000));
    const call = await rig.call();
    call.turn("Tell me.");
    await until(() => rig.of("heard").some(({ isAll }) => isAll === true), "all of it heard");
    expect(rig.voice.texts(111).join("").length).toBeLessThanOrEqual(600);
    await isServing(rig);
  });

  test("that looks like SSML is no command to the voice", async () => {
    await using rig = await LlamaRig.open();
    rig.answers(
      '<speak><break time="9999s"/>We open at <say-as interpret-as="x">nine</say-as>.</speak> Bye.',
    );
    const call = await rig.call();
    call.turn("When do you open?");
    await until(() => rig.of("heard").some(({ isAll }) => isAll === true), "all of it heard");
    const spoken = rig.voice.texts(111).join(" ");
    expect(spoken).toContain("nine");
    expect(spoken).not.toMatch(/[<>]/);
  });

  test("full of control characters and half characters is spoken without them", async () => {
    await using rig = await LlamaRig.open();
    rig.answers("We\u0000 open\u0007 at\u001b[31m nine\ud83d.\u2028 Good\u200b bye\ufeff.");
    const call = await rig.call();
    call.turn("When do you open?");
    await until(() => rig.of("heard").some(({ isAll }) => isAll === true), "all of it heard");
    const spoken = rig.voice.texts(111).join(" ");
    expect(spoken).toContain("nine");
    // oxlint-disable-next-line no-control-regex -- these are what must not come through
    expect(spoken).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028]/);
    expect(spoken.isWellFormed()).toBe(true);
  });

  test("of nothing but thoughts that never ends is given up when the caller speaks", async () => {
    await using rig = await LlamaRig.open();
    let pieces = 0;
    rig.model.script(
      async (answer) => {
        answer.head();
        const timer = setInterval(() => {
          pieces += 1;
          answer.delta(pieces % 2 === 0 ? { reasoning_content: "hm" } : { content: "" });
        }, 1);
        await answer.closed;
        clearInterval(timer);
      },
      says(["Yes."]),
    );
    const call = await rig.call();
    call.turn("Are you there?");
    await until(() => pieces > 50, "an answer without words");
    call.turn("Hello?");
    expect(await rig.voice.hears(1)).toEqual(["Yes."]);
    await isServing(rig);
  });

  test("that never ends does not speak for ever", async () => {
    await using rig = await LlamaRig.open({ argv: ["--max-answer=300"] });
    rig.model.script(async (answer) => {
      answer.head();
      const timer = setInterval(() => answer.delta({ content: "And one more thing. " }), 1);
      await answer.closed;
      clearInterval(timer);
    });
    const call = await rig.call();
    call.turn("Tell me everything.");
    await until(() => rig.of("heard").some(({ isAll }) => isAll === true), "all of it heard");
    expect(rig.voice.texts(111).join(" ").length).toBeLessThanOrEqual(320);
    await until(() => rig.model.openConnections === 0, "the connection is closed");
  });
});

describe("datagrams", () => {
  const absurd: readonly string[] = [
    "",
    "HELLO:111",
    "SPEECH:",
    "SPEECH:111 and more",
    "SPEECH:99999",
    `SPEECH:${"1".repeat(300)}`,
    "HEARD:111 text=999999999999 samples=999999999999 of=0 voice=0 wait=0",
    "HEARD:111 text=0 samples=0 of=0 voice=0 wait=0",
    "HEARD:111 text=1 samples=-5 of=1e308 voice=NaN wait=Infinity",
    "HEARD:111 text=7 samples=5 of=1 voice=999999999999 wait=999999999999",
    "HEARD:333 text=1 samples=1 of=1 voice=1 wait=1",
    "PLAYED:111 stream=1 samples=1 wait=1 over=1",
    "TURN:111 silence=999999999999 text=999999999999",
    "TURN:111",
    "PAUSE:111",
    "RESUME:111",
  ];

  test("with absurd numbers and for unknown calls change nothing", async () => {
    await using rig = await LlamaRig.open({ reports: "never" });
    rig.answers("We open at nine. And we close at five.");
    const call = await rig.call();
    call.turn("When do you open?");
    await rig.voice.hears(2);
    for (const datagram of absurd) rig.whisper.datagram(datagram);
    await until(() => rig.datagrams >= absurd.length, "the datagrams");
    rig.voice.heard(1);
    rig.voice.heard(2);
    await until(() => rig.of("heard").some(({ isAll }) => isAll === true), "all of it heard");
    expect(rig.voice.texts(111)).toEqual(["We open at nine.", "And we close at five."]);
    await isServing(rig);
  });

  test("in floods cost no call its answer, and leave nothing behind", async () => {
    await using rig = await LlamaRig.open();
    const call = await rig.call();
    call.turn("Hello?");
    await rig.voice.hears(1);
    const kinds = ["register", "speech", "silence", "bye", "pause", "resume"] as const;
    for (let count = 0; count < 10_000; count += 1) {
      const id = 1000 + (count % 5000);
      const kind = kinds[count % kinds.length] ?? "speech";
      rig.whisper.signal(kind, id);
      if (count % 10 === 0)
        rig.whisper.datagram(crypto.getRandomValues(new Uint8Array(count % 300)));
      const values = { text: count, samples: count, of: 1, voice: count, wait: count };
      rig.whisper.datagram(encodeReport({ kind: "heard", callId: callIdOf(111), values }));
      // So that the kernel's buffer does not overflow.
      if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await isServing(rig);
    expect(rig.up).toEqual(["111"]);
    expect(rig.voice.links.size).toBe(2);
    expect(rig.datagrams).toBeGreaterThan(10_000);
    expect(rig.memory.records.length).toBeLessThan(100);
  });

  test("that say of a call that it is over end that call only", async () => {
    await using rig = await LlamaRig.open();
    await rig.call(111);
    await rig.call(333);
    for (let count = 0; count < 100; count += 1) rig.whisper.signal("bye", 111);
    await until(() => !rig.up.includes("111"), "the end of the call");
    expect(rig.up).toEqual(["333"]);
    await isServing(rig);
  });
});
