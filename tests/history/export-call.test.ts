import { expect, test } from "bun:test";
import type { CallRecord, TurnRecord, UtteranceRecord } from "../../src/history/call-record.ts";
import { exportCall } from "../../src/history/export-call.ts";

const atMs = Date.UTC(2026, 0, 1, 9);

const utterance: UtteranceRecord = {
  service: "whisper",
  atMs: atMs + 4000,
  startMs: 2500,
  endMs: 4000,
  text: '=SUM(A1), she said "hi"',
  language: "en",
  averageLogProbability: -0.2,
  noSpeechProbability: 0.01,
  speechProbability: 0.9,
  silenceMs: 500,
  textMs: 2,
  queuedMs: 1,
  decodeMs: 100,
  error: "",
  invention: "",
};

const turn: TurnRecord = {
  service: "llama",
  turn: 1,
  atMs: atMs + 4500,
  question: utterance.text,
  answer: "First line.\nSecond \u001B[31mline.",
  heardCharacters: 5,
  isAllHeard: 0,
  isInterrupted: 1,
  outcome: "cancelled",
  rounds: 1,
  tokens: 7,
  tokensPerSecond: 50,
  modelMs: 140,
  cancelMs: 4,
  silenceMs: 500,
  recognitionMs: 2,
  gatherMs: 1,
  firstTokenMs: 90,
  clauseMs: 27,
  voiceMs: 60,
  lineMs: null,
  totalMs: 680,
};

const call: CallRecord = {
  id: 12,
  key: "sip-7-x/3",
  service: "sip",
  callId: "42",
  direction: "incoming",
  line: "200@pbx",
  remote: "0301234567",
  name: "Ann",
  language: "en",
  startedMs: atMs,
  answeredMs: atMs + 1000,
  endedMs: atMs + 31_000,
  endedBy: "remote",
  endReason: "BYE",
  status: null,
  codec: "PCMA",
  meanOpinionScore: 4.2,
  jitterMs: 1.5,
  lossFraction: 0,
  utterances: 1,
  turns: 1,
  answerMs: 680,
  parts: [{ service: "sip", pid: 7, key: "3", startedMs: atMs, endedMs: atMs + 31_000 }],
  heard: [
    { ...utterance, atMs: atMs + 9000, text: "", invention: '{"reason":"silence"}' },
    utterance,
  ],
  said: [turn],
  events: [{ atMs: atMs + 5000, service: "sip", kind: "digit", fields: '{"digit":"5"}' }],
  audio: [],
};

test("JSON holds everything, as values and not as texts of JSON", () => {
  const { fileName, contentType, text } = exportCall(call, "json");
  expect(fileName).toBe("call-20260101T090000-12.json");
  expect(contentType).toBe("application/json");
  expect(JSON.parse(text)).toMatchObject({
    key: "sip-7-x/3",
    started: "2026-01-01T09:00:00.000Z",
    remote: "0301234567",
    heard: [{ invention: { reason: "silence" } }, { text: utterance.text }],
    said: [{ isInterrupted: true, isAllHeard: false, totalMs: 680 }],
    events: [{ kind: "digit", fields: { digit: "5" } }],
  });
});

test("CSV holds who said what and how long it took, and no formula of a caller", () => {
  const { fileName, text } = exportCall(call, "csv");
  expect(fileName).toBe("call-20260101T090000-12.csv");
  expect(text.split("\r\n")).toEqual([
    "time,who,text,startMs,endMs,language,interrupted,turn,outcome,silenceMs,recognitionMs," +
      "gatherMs,firstTokenMs,clauseMs,voiceMs,lineMs,totalMs,tokens",
    '2026-01-01T09:00:04.000Z,caller,"\'=SUM(A1), she said ""hi""",2500,4000,en,,,,,,,,,,,,',
    '2026-01-01T09:00:04.500Z,agent,"First line.\nSecond \u001B[31mline.",,,,yes,1,cancelled,500,2,' +
      "1,90,27,60,,680,7",
    "",
  ]);
});

test("text is what people read, a line for each, without control characters", () => {
  expect(exportCall(call, "text").text).toBe(
    [
      "Call from Ann 0301234567 on 200@pbx",
      "Began 2026-01-01T09:00:00.000Z",
      "Ended 2026-01-01T09:00:31.000Z after 30 s (remote: BYE)",
      "",
      '09:00:04 Caller: =SUM(A1), she said "hi"',
      "09:00:04 Agent: First line. Second  [31mline. [interrupted]",
      "",
    ].join("\n"),
  );
});

test("a call that goes on, from nobody known, is exported too", () => {
  const open = { ...call, remote: "", name: "", line: "", endedMs: null, heard: [], said: [] };
  expect(exportCall(open, "text").text).toBe(
    "Call from unknown\nBegan 2026-01-01T09:00:00.000Z\nNot ended\n\n",
  );
  expect(exportCall(open, "csv").text.trimEnd().split("\r\n")).toHaveLength(1);
  expect(JSON.parse(exportCall(open, "json").text)).toMatchObject({ ended: null });
});

test("a call by AudioSocket has a short name for people, and its UUID for the exchange", () => {
  const remote = "6ca881af-497c-4b1e-9a53-0c6f1f1f1f1f";
  const exchange = { ...call, service: "audiosocket", remote, name: "", line: "AudioSocket" };
  const lines = exportCall(exchange, "text").text.split("\n");
  expect(lines.slice(0, 2)).toEqual(["AudioSocket call 6ca881af", `UUID ${remote}`]);
  expect(JSON.parse(exportCall(exchange, "json").text)).toMatchObject({
    remote,
    line: "AudioSocket",
  });
});
