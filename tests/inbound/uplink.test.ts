/** The inbound end of a call against a whisper that tells how far it is, or does not, and dies. */
import { describe, expect, test } from "bun:test";
import { StreamFeed } from "../../src/inbound/audio-feed.ts";
import { CallUplink, type UplinkOutcome } from "../../src/inbound/uplink.ts";
import { callIdOf } from "../../src/wire/call-id.ts";
import {
  byeMarker,
  encodePositionMark,
  encodeReturnedTranscript,
} from "../../src/wire/text-frames.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";
import { RegistrationRecorder, WhisperConnection } from "./scripted-whisper.ts";

const rateHz = 16_000;

/** A caller who speaks a ramp, so that each sample says where it stands in the call. */
class Caller implements Disposable {
  readonly callId;
  readonly transcripts: string[] = [];
  readonly clock = new FakeClock();
  readonly #memory = createMemoryLog(this.clock);
  readonly #registrations: RegistrationRecorder;
  #uplink: CallUplink | undefined;
  #connections = 0;
  #spoken = 0;

  private constructor(id: number, registrations: RegistrationRecorder) {
    this.callId = callIdOf(id);
    this.#registrations = registrations;
  }

  static async calls(id: number, registrations: RegistrationRecorder): Promise<Caller> {
    const caller = new Caller(id, registrations);
    caller.#uplink = await CallUplink.open({
      callId: caller.callId,
      bind: "127.0.0.1",
      whisperAddress: "127.0.0.1",
      whisperPort: registrations.port,
      feed: new StreamFeed(60 * rateHz),
      clock: caller.clock,
      log: caller.#memory.log,
      onTranscript: (text) => caller.transcripts.push(text),
    });
    return caller;
  }

  get #open(): CallUplink {
    if (this.#uplink === undefined) throw new Error("the call is not open");
    return this.#uplink;
  }

  get logged(): string {
    return this.#memory.text();
  }

  speaks(samples: number): void {
    const from = this.#spoken;
    this.#spoken += samples;
    this.#open.write(Float32Array.from({ length: samples }, (_, index) => from + index));
  }

  hangsUp(): Promise<UplinkOutcome> {
    return this.#open.finish();
  }

  /** A whisper that has seen the REGISTER for its connection and connects. */
  async whisper(): Promise<WhisperConnection> {
    this.#connections += 1;
    await this.#registrations.receives(`REGISTER:${this.callId.text}`, this.#connections);
    return await WhisperConnection.open(this.callId);
  }

  async gets(...transcripts: readonly string[]): Promise<void> {
    await until(() => this.transcripts.length >= transcripts.length, "transcripts");
    expect(this.transcripts).toEqual([...transcripts]);
  }

  async says(logged: string): Promise<void> {
    await until(() => this.logged.includes(logged), logged);
  }

  get byes(): number {
    return this.#registrations.datagrams.filter((text) => text === `BYE:${this.callId.text}`)
      .length;
  }

  [Symbol.dispose](): void {
    this.#uplink?.close();
  }
}

/** The stretch of the ramp that was heard, which must have no gap and nothing twice. */
function stretch({ heard }: WhisperConnection): readonly [from: number, to: number] {
  const from = heard[0] ?? 0;
  expect(heard.every((sample, index) => sample === from + index)).toBe(true);
  return [from, from + heard.length];
}

const mark = encodePositionMark;
const transcript = encodeReturnedTranscript;

test("closed by us while whisper is connected, it does not register again", async () => {
  using registrations = await RegistrationRecorder.open();
  using caller = await Caller.calls(7208, registrations);
  const whisper = await caller.whisper();
  caller[Symbol.dispose]();
  await whisper.closed();
  expect(caller.logged).not.toContain("whisper went away");
  expect(caller.logged).not.toContain("REGISTER sent count=2");
});

describe("after a break", () => {
  test("the sound behind the last mark is sent again, and no text comes twice", async () => {
    using registrations = await RegistrationRecorder.open();
    using caller = await Caller.calls(7210, registrations);
    const first = await caller.whisper();
    caller.speaks(50_000);
    await first.hears(50_000);
    first.send(mark(0), mark(7000), transcript("one", 30_000));
    await caller.gets("one");
    first.kill();

    const second = await caller.whisper();
    await second.hears(20_000);
    expect(stretch(second)).toEqual([30_000, 50_000]);
    second.send(mark(0), transcript("two", 15_000));
    await caller.gets("one", "two");
    second.kill();

    const third = await caller.whisper();
    caller.speaks(1000);
    await third.hears(6000);
    expect(stretch(third)).toEqual([45_000, 51_000]);
  });

  test("a mark in silence or in mid-utterance counts without a transcript", async () => {
    using registrations = await RegistrationRecorder.open();
    using caller = await Caller.calls(7212, registrations);
    const first = await caller.whisper();
    caller.speaks(50_000);
    await first.hears(50_000);
    first.send(mark(12_345), transcript("marks are read"));
    await caller.gets("marks are read");
    first.kill();

    const second = await caller.whisper();
    await second.hears(50_000 - 12_345);
    expect(stretch(second)).toEqual([12_345, 50_000]);
  });

  test("a mark lost with the connection costs nothing: its sound is sent again", async () => {
    using registrations = await RegistrationRecorder.open();
    using caller = await Caller.calls(7214, registrations);
    const first = await caller.whisper();
    caller.speaks(20_000);
    await first.hears(20_000);
    first.send(transcript("one", 10_000), mark(20_000).subarray(0, 11));
    await caller.gets("one");
    first.kill();

    const second = await caller.whisper();
    await second.hears(10_000);
    expect(stretch(second)).toEqual([10_000, 20_000]);
  });

  test("without marks the last transcript stands for all that was sent before it", async () => {
    using registrations = await RegistrationRecorder.open();
    using caller = await Caller.calls(7216, registrations);
    const first = await caller.whisper();
    caller.speaks(30_000);
    await first.hears(30_000);
    first.send(transcript("one"));
    await caller.gets("one");
    caller.speaks(5000);
    await first.hears(35_000);
    first.kill();

    const second = await caller.whisper();
    await second.hears(5000);
    expect(stretch(second)).toEqual([30_000, 35_000]);
  });

  test("everything is sent again when nothing came back", async () => {
    using registrations = await RegistrationRecorder.open();
    using caller = await Caller.calls(7218, registrations);
    const first = await caller.whisper();
    caller.speaks(30_000);
    await first.hears(30_000);
    first.kill();

    const second = await caller.whisper();
    await second.hears(30_000);
    expect(stretch(second)).toEqual([0, 30_000]);
  });

  test("a whisper that connects while its predecessor hangs takes over from the last mark", async () => {
    using registrations = await RegistrationRecorder.open();
    using caller = await Caller.calls(7220, registrations);
    const first = await caller.whisper();
    caller.speaks(30_000);
    await first.hears(30_000);
    first.send(transcript("one", 20_000));
    await caller.gets("one");

    const second = await WhisperConnection.open(caller.callId);
    await first.closed();
    await second.hears(10_000);
    expect(stretch(second)).toEqual([20_000, 30_000]);
  });
});

describe("a mark that cannot be true", () => {
  interface Lie {
    readonly id: number;
    readonly marks: readonly Uint8Array[];
    readonly reason: string;
    /** What the marks before the lie have settled. */
    readonly settled: number;
  }

  const noExactNumber = encodePositionMark(0).fill(255, 4);
  const lies: Readonly<Record<string, Lie>> = {
    "beyond what was sent": {
      id: 7222,
      marks: [mark(10_000), mark(30_001)],
      reason: "position 30001 is beyond what was sent",
      settled: 10_000,
    },
    "beyond any call": {
      id: 7224,
      marks: [mark(Number.MAX_SAFE_INTEGER)],
      reason: "position 9007199254740991 is beyond what was sent",
      settled: 0,
    },
    "that is no exact number": {
      id: 7226,
      marks: [mark(9000), noExactNumber],
      reason: "position 18446744073709551615 is more than any call has samples",
      settled: 9000,
    },
    "behind an earlier one": {
      id: 7228,
      marks: [mark(10_000), mark(9999)],
      reason: "position 9999 came after position 10000",
      settled: 10_000,
    },
  };

  for (const [name, { id, marks, reason, settled }] of Object.entries(lies)) {
    test(`${name} is logged, and ends what that connection can settle`, async () => {
      using registrations = await RegistrationRecorder.open();
      using caller = await Caller.calls(id, registrations);
      const first = await caller.whisper();
      caller.speaks(30_000);
      await first.hears(30_000);
      first.send(...marks, transcript("ignored", 30_000));
      await caller.says(reason);
      expect(caller.logged).toContain("whisper sent something that is no transcript");
      first.kill();

      const second = await caller.whisper();
      await second.hears(30_000 - settled);
      expect(stretch(second)).toEqual([settled, 30_000]);
      second.send(transcript("counted", 30_000 - settled));
      await caller.gets("counted");
    });
  }
});

describe("at the end of the call", () => {
  test("it is complete when a mark has settled all that was sent", async () => {
    using registrations = await RegistrationRecorder.open();
    using caller = await Caller.calls(7230, registrations);
    const whisper = await caller.whisper();
    caller.speaks(30_000);
    const finished = caller.hangsUp();
    await whisper.hearsEnd();
    whisper.send(transcript("one", 20_000));
    await caller.gets("one");
    expect(caller.byes).toBe(0);
    whisper.send(mark(30_000));
    await registrations.receives(`BYE:${caller.callId.text}`);
    whisper.end();
    expect(await finished).toEqual({
      isComplete: true,
      connects: 1,
      transcripts: 1,
      droppedSamples: 0,
    });
  });

  test("it is complete when whisper says that all transcripts are out, wherever its marks are", async () => {
    using registrations = await RegistrationRecorder.open();
    using caller = await Caller.calls(7232, registrations);
    const whisper = await caller.whisper();
    caller.speaks(30_000);
    const finished = caller.hangsUp();
    await whisper.hearsEnd();
    whisper.send(transcript("one", 20_000), byeMarker);
    await registrations.receives(`BYE:${caller.callId.text}`);
    whisper.end();
    expect((await finished).isComplete).toBe(true);
  });

  test("what was not settled goes to the next whisper, with an end marker of its own", async () => {
    using registrations = await RegistrationRecorder.open();
    using caller = await Caller.calls(7234, registrations);
    const first = await caller.whisper();
    caller.speaks(30_000);
    const finished = caller.hangsUp();
    await first.hearsEnd();
    first.send(transcript("one", 20_000));
    await caller.gets("one");
    first.end();

    const second = await caller.whisper();
    await second.hearsEnd();
    expect(stretch(second)).toEqual([20_000, 30_000]);
    second.send(mark(0), transcript("two", 9000), byeMarker);
    second.end();
    expect(await finished).toMatchObject({ isComplete: true, connects: 2, transcripts: 2 });
  });

  test("a whisper without marks that closes after its last transcript has heard it all", async () => {
    using registrations = await RegistrationRecorder.open();
    using caller = await Caller.calls(7236, registrations);
    const whisper = await caller.whisper();
    caller.speaks(30_000);
    const finished = caller.hangsUp();
    await whisper.hearsEnd();
    whisper.send(transcript("one"), transcript("two"));
    await caller.gets("one", "two");
    // Nobody knows yet that this was the last one, and BYE would make a legacy whisper drop the rest.
    expect(caller.logged).not.toContain("BYE sent");
    whisper.end();
    expect(await finished).toMatchObject({ isComplete: true, connects: 1, transcripts: 2 });
  });

  test("two whispers that settle nothing are enough: the call is over, incomplete", async () => {
    using registrations = await RegistrationRecorder.open();
    using caller = await Caller.calls(7238, registrations);
    caller.speaks(30_000);
    const finished = caller.hangsUp();
    for (let count = 0; count < 2; count += 1) {
      const whisper = await caller.whisper();
      await whisper.hearsEnd();
      expect(stretch(whisper)).toEqual([0, 30_000]);
      whisper.send(mark(0));
      whisper.end();
    }
    expect(await finished).toMatchObject({ isComplete: false, connects: 2 });
  });
});

test("a second call with the id counts its positions from its own beginning", async () => {
  using registrations = await RegistrationRecorder.open();
  for (const round of [0, 1]) {
    using caller = await Caller.calls(7240, registrations);
    const whisper = await WhisperConnection.open(caller.callId);
    caller.speaks(20_000 - round * 10_000);
    const finished = caller.hangsUp();
    await whisper.hearsEnd();
    whisper.send(transcript("one", 10_000 - round * 5000), byeMarker);
    whisper.end();
    expect((await finished).isComplete).toBe(true);
    await caller.gets("one");
    expect(caller.logged).not.toContain("is no transcript");
  }
});
