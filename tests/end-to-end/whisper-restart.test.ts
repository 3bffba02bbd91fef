/**
 * Whisper is killed in mid-call and started again on its port: inbound registers again and resends
 * what has no transcript yet. Each text arrives once, in order, complete, whatever the moment was.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { testLimitMs } from "./eventually.ts";
import { join } from "node:path";
import { type Inbound, Stage, type Whisper } from "./harness.ts";
import {
  demoCall,
  type Recording,
  sentences,
  sentenceWith,
  shortest,
  writeConversation,
} from "./speech.ts";
import type { WhisperStatus } from "./status.ts";

setDefaultTimeout(testLimitMs);

const ids = { moments: 3400, again: 3440 } as const;

interface Moment {
  readonly when: (call: {
    readonly whisper: Whisper;
    readonly inbound: Inbound;
  }) => Promise<unknown>;
  readonly argv?: readonly string[];
  readonly recording?: (folder: string) => Recording;
}

/** The sentences of the demo call lie at 0.4 to 2.5 s, 4.2 to 6.9 s and 8.7 to 12.1 s. */
const moments: Readonly<Record<string, Moment>> = {
  "before any speech": { when: ({ whisper }) => heardAtLeast(whisper, 300) },
  "in the middle of the first sentence": { when: ({ whisper }) => heardAtLeast(whisper, 1500) },
  "in the silence that ends the first sentence": {
    when: ({ whisper }) => heardAtLeast(whisper, 2700),
  },
  "while the second sentence is being decoded": {
    when: ({ whisper }) => decoding(whisper, 2),
  },
  "in the pause after the second text": {
    when: ({ whisper }) =>
      callReaches(whisper, "two texts delivered", (call) => call.transcripts === 2),
  },
  "in the middle of the last sentence": { when: ({ whisper }) => heardAtLeast(whisper, 10_000) },
  "after the end marker, with the last sentence in work": {
    when: async ({ whisper, inbound }) => {
      await inbound.program.said("end marker sent");
      await callReaches(whisper, "the end marker seen", (call) => call.state === "draining");
    },
    argv: ["--verbose"],
    recording: endingInSpeech,
  },
  "with the second of several whole utterances in work": {
    when: ({ whisper }) => decoding(whisper, 2),
    argv: ["--chunked"],
    recording: (folder) => writeConversation(join(folder, "call.wav"), sentences.slice(0, 4)),
  },
};

describe("whisper killed and started again", () => {
  for (const [index, [name, moment]] of Object.entries(moments).entries()) {
    test(`${name}: each text arrives once, in order`, async () => {
      await using stage = new Stage();
      const llama = await stage.startLlama();
      const first = await stage.startWhisper({ llamaPort: llama.port });
      const callId = ids.moments + index * 2;
      const { argv = [], recording: record = () => demoCall } = moment;
      const recording = record(stage.folder);
      const inbound = stage.startInbound({
        callId,
        recording,
        whisperPort: first.port,
        speed: 6,
        argv,
      });

      await moment.when({ whisper: first, inbound });
      first.program.signal("SIGKILL");
      await first.program.exited();
      await inbound.program.said("whisper went away, registering again");
      const second = await stage.startWhisper({ llamaPort: llama.port, port: first.port });

      expect(await inbound.exited(40_000)).toBe(0);
      await second.isIdle();
      expect(inbound.texts).toEqual([...recording.texts]);
      expect(await llama.hears(callId, recording.texts.length)).toEqual([...recording.texts]);
    });
  }
});

/** Its last sentence is over only because the call is. */
function endingInSpeech(folder: string): Recording {
  const spoken = [shortest, sentenceWith("I'd like to speak with Michael please.")];
  return writeConversation(join(folder, "call.wav"), spoken, { pauseMs: 900, tailMs: 0 });
}

test("killed again and again during one call: still each text once, in order", async () => {
  await using stage = new Stage();
  const llama = await stage.startLlama();
  let whisper = await stage.startWhisper({ llamaPort: llama.port });
  const inbound = stage.startInbound({
    callId: ids.again,
    recording: demoCall,
    whisperPort: whisper.port,
    speed: 6,
  });
  for (const count of [1, 2, 3]) {
    await callReaches(whisper, `speech of sentence ${count}`, ({ audioMs }) => audioMs >= 1500);
    whisper.program.signal("SIGKILL");
    await whisper.program.exited();
    whisper = await stage.startWhisper({ llamaPort: llama.port, port: whisper.port });
    if (count < 3) await llama.hears(ids.again, count);
  }

  expect(await inbound.exited(40_000)).toBe(0);
  expect(inbound.texts).toEqual([...demoCall.texts]);
  expect(await llama.hears(ids.again, 3)).toEqual([...demoCall.texts]);
});

type CallStatus = WhisperStatus["calls"][number];

function callReaches(whisper: Whisper, what: string, condition: (call: CallStatus) => boolean) {
  return whisper.reaches(what, ({ calls }) => calls[0] !== undefined && condition(calls[0]));
}

function heardAtLeast(whisper: Whisper, audioMs: number) {
  return callReaches(whisper, `${audioMs} ms heard`, (call) => call.audioMs >= audioMs);
}

function decoding(whisper: Whisper, utterance: number) {
  return callReaches(
    whisper,
    `utterance ${utterance} in work`,
    (call) =>
      (call.utterances === utterance && call.pendingUtterances > 0) ||
      (call.utterances === utterance - 1 && call.isDecodingAhead),
  );
}
