import { describe, expect, test } from "bun:test";
import { SpokenLedger } from "../../../src/llama-bridge/call/spoken-ledger.ts";

const first = { text: "We open at nine,", start: 0, end: 16 };
const second = { text: "and close at five.", start: 16, end: 35 };

/** Two clauses of turn 1, numbered 4 and 5 on the connection. */
function written(): SpokenLedger {
  const ledger = new SpokenLedger();
  ledger.give(1, first)(4, 0);
  ledger.give(1, second)(5, 10);
  return ledger;
}

describe("a voice that reports", () => {
  test("tells which share of which clause was heard", () => {
    const ledger = written();
    expect(ledger.hasReports).toBe(false);
    expect(ledger.report({ text: 4, samples: 0, of: 24_000 })?.characters).toBe(0);
    expect(ledger.hasReports).toBe(true);
    expect(ledger.report({ text: 4, samples: 12_000, of: 24_000 })).toEqual({
      turn: 1,
      characters: 8,
      isAll: false,
    });
  });

  test("has played what stands before the text that it tells of", () => {
    const ledger = written();
    expect(ledger.report({ text: 5, samples: 0, of: 1000 })?.characters).toBe(16);
    const all = ledger.report({ text: 5, samples: 1000, of: 1000 });
    expect(all).toEqual({ turn: 1, characters: 35, isAll: true });
  });

  test("may correct what it guessed of an interrupted text, and the one before it stays as told", () => {
    const ledger = written();
    ledger.report({ text: 4, samples: 600, of: 600 });
    ledger.report({ text: 5, samples: 900, of: 1000 });
    expect(ledger.report({ text: 5, samples: 500, of: 1000 })?.characters).toBe(26);
    expect(ledger.heard(1).isAll).toBe(false);
  });

  test("takes back what it had guessed to be heard, by telling of an earlier text", () => {
    const ledger = written();
    ledger.report({ text: 4, samples: 600, of: 600 });
    ledger.report({ text: 5, samples: 100, of: 1000 });
    expect(ledger.report({ text: 4, samples: 300, of: 600 })?.characters).toBe(8);
  });

  test("tells nothing about an interrupted turn when it speaks in the next one", () => {
    const ledger = written();
    ledger.report({ text: 4, samples: 300, of: 600 });
    ledger.give(2, { text: "Yes.", start: 0, end: 4 })(6, 50);
    ledger.report({ text: 6, samples: 500, of: 500 });
    expect(ledger.heard(1).characters).toBe(8);
  });

  test("ends a text that it could not speak with nothing heard of it", () => {
    const ledger = written();
    ledger.report({ text: 4, samples: 0, of: 0 });
    const all = ledger.report({ text: 5, samples: 0, of: 0 });
    expect(all).toEqual({ turn: 1, characters: 0, isAll: true });
  });

  test("is not believed about texts that were never sent", () => {
    const ledger = written();
    expect(ledger.report({ text: 9, samples: 1, of: 1 })).toBeUndefined();
    expect(ledger.hasReports).toBe(false);
    expect(ledger.turnOf(9)).toBeUndefined();
    expect(ledger.turnOf(5)).toBe(1);
  });

  test("that is connected anew numbers its texts anew, and has told nothing yet", () => {
    const ledger = written();
    ledger.report({ text: 4, samples: 0, of: 1000 });
    ledger.give(2, { text: "Yes.", start: 0, end: 4 })(1, 50);
    expect(ledger.hasReports).toBe(false);
    expect(ledger.report({ text: 4, samples: 1000, of: 1000 })).toBeUndefined();
    expect(ledger.report({ text: 1, samples: 500, of: 500 })).toEqual({
      turn: 2,
      characters: 4,
      isAll: true,
    });
  });

  test("is not asked about earlier turns for ever", () => {
    const ledger = written();
    ledger.forgetBefore(2);
    expect(ledger.report({ text: 5, samples: 1, of: 1 })).toBeUndefined();
    expect(ledger.heard(1)).toEqual({ turn: 1, characters: 0, isAll: true });
  });
});

describe("a voice that reports nothing", () => {
  test("is thought to speak at the usual pace, one clause after the other", () => {
    const ledger = written();
    expect(ledger.estimate(1, 150).characters).toBe(0);
    expect(ledger.estimate(1, 150 + 8 * 65).characters).toBe(8);
    expect(ledger.estimate(1, 150 + 16 * 65).characters).toBe(16);
    expect(ledger.expectedEndMs(1)).toBe(150 + 34 * 65);
    const end = ledger.estimate(1, ledger.expectedEndMs(1));
    expect(end).toEqual({ turn: 1, characters: 35, isAll: true });
    expect(ledger.estimate(1, ledger.expectedEndMs(1) - 1).isAll).toBe(false);
  });

  test("begins a later clause when that was given", () => {
    const ledger = written();
    ledger.give(1, { text: "Bye.", start: 35, end: 39 })(6, 10_000);
    expect(ledger.estimate(1, 10_100).characters).toBe(35);
    expect(ledger.estimate(1, 10_150 + 2 * 65).characters).toBe(37);
  });

  test("says nothing of what was not written to it", () => {
    const ledger = written();
    const writtenLate = ledger.give(1, { text: "Bye.", start: 35, end: 39 });
    expect(ledger.expectedEndMs(1)).toBe(Number.POSITIVE_INFINITY);
    expect(ledger.estimate(1, 60_000)).toEqual({ turn: 1, characters: 35, isAll: false });
    writtenLate(6, 60_000);
    expect(ledger.expectedEndMs(1)).toBe(60_150 + 4 * 65);
  });

  test("begins a turn without saying the rest of an interrupted one", () => {
    const ledger = written();
    ledger.give(2, { text: "Yes.", start: 0, end: 4 })(6, 300);
    expect(ledger.expectedEndMs(2)).toBe(450 + 4 * 65);
    expect(ledger.estimate(2, 450 + 2 * 65).characters).toBe(2);
  });
});
