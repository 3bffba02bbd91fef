import { describe } from "bun:test";
import { judgeTestCall, type TestCallFacts } from "../../src/doctor/test-call-verdict.ts";
import { check } from "./judgement-cases.ts";

describe("a test call is stuck where it is stuck", () => {
  const good: TestCallFacts = {
    inboundCode: 0,
    inboundWords: "",
    transcripts: 3,
    llamaTexts: 3,
    answers: 3,
    failedAnswer: "",
    voiceTexts: 3,
    speaking: 2,
    replyMs: 4000,
  };
  check([
    ["nowhere", judgeTestCall(good), "ok", "the caller heard 4.0 s of voice"],
    [
      "whisper",
      judgeTestCall({ ...good, transcripts: 0, inboundWords: "whisper never connected" }),
      "fault",
      "whisper returned no transcript: whisper never connected",
    ],
    [
      "no end",
      judgeTestCall({ ...good, transcripts: 0, inboundCode: undefined }),
      "fault",
      "the call did not end",
    ],
    [
      "between whisper and llama",
      judgeTestCall({ ...good, llamaTexts: 0 }),
      "fault",
      "none came to llama",
    ],
    [
      "llama",
      judgeTestCall({ ...good, answers: 0, failedAnswer: "failed: unreachable" }),
      "fault",
      "no answer: failed: unreachable",
    ],
    [
      "between llama and voice",
      judgeTestCall({ ...good, voiceTexts: 0 }),
      "fault",
      "no text came to the voice",
    ],
    ["voice", judgeTestCall({ ...good, speaking: 0 }), "fault", "did not speak"],
    ["outbound", judgeTestCall({ ...good, replyMs: 0 }), "fault", "the caller heard nothing"],
  ]);
});
