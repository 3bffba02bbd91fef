import { describe, expect, test } from "bun:test";
import { callIdOf, highestCallNumber, isCallNumber, parseCallId } from "../../src/wire/call-id.ts";
import { callerAudioPort, readySignalPort, replyAudioPort } from "../../src/wire/ports.ts";

describe("parseCallId", () => {
  test.each([
    ["111", 111],
    ["0", 0],
    ["007", 7],
    ["00111", 111],
    ["52535", 52_535],
  ])("%p is call %i, its text kept as sent", (text, number) => {
    expect(parseCallId(text)).toEqual({ ok: true, callId: { number, text } });
  });

  test.each([
    ["", 'call id "" is not one to five digits'],
    ["-1", 'call id "-1" is not one to five digits'],
    ["12abc", 'call id "12abc" is not one to five digits'],
    ["../x", 'call id "../x" is not one to five digits'],
    [" 12", 'call id " 12" is not one to five digits'],
    ["12\n", 'call id "12\\n" is not one to five digits'],
    ["1.5", 'call id "1.5" is not one to five digits'],
    ["1e3", 'call id "1e3" is not one to five digits'],
    ["123456", 'call id "123456" is not one to five digits'],
    ["\u0661\u0662", 'call id "\u0661\u0662" is not one to five digits'],
    ["9".repeat(500), `call id "${"9".repeat(40)}…" is not one to five digits`],
    ["52536", 'call id "52536" is too large: port 65536 does not exist; the largest id is 52535'],
    ["99999", 'call id "99999" is too large: port 112999 does not exist; the largest id is 52535'],
  ])("%p is refused in one line that quotes it", (text, refusal) => {
    expect(parseCallId(text)).toEqual({ ok: false, refusal });
  });
});

test("a call's ports are counted from its number", () => {
  const callId = callIdOf(111);
  expect(callId).toEqual({ number: 111, text: "111" });
  expect(callerAudioPort(callId)).toBe(9_112);
  expect(replyAudioPort(callId)).toBe(9_113);
  expect(readySignalPort(callId)).toBe(13_111);
});

test("exactly the numbers whose ports all exist are calls", () => {
  expect(highestCallNumber).toBe(52_535);
  for (const number of [0, 1, 998, highestCallNumber]) expect(isCallNumber(number)).toBe(true);
  for (const number of [-1, highestCallNumber + 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(isCallNumber(number)).toBe(false);
    expect(() => callIdOf(number)).toThrow(RangeError);
  }
});
