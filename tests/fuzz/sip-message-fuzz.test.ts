import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSipMessage, type ParsedSip } from "../../src/call/sip/message/parse-sip-message.ts";
import { serialiseSip } from "../../src/call/sip/message/serialise-sip.ts";
import type { SipMessage } from "../../src/call/sip/message/sip-message.ts";
import { SipStreamFramer } from "../../src/call/sip/message/sip-stream-framer.ts";
import { SeededRandom } from "./seeded-random.ts";
import { mutateSip, type Corpus } from "./sip-mutator.ts";

/** WILDFIRE_FUZZ_INPUTS=10000000 for a long run, WILDFIRE_FUZZ_SEED for another one. */
const inputs = Number(process.env["WILDFIRE_FUZZ_INPUTS"] ?? 6_000);
const seed = Number(process.env["WILDFIRE_FUZZ_SEED"] ?? 1);

setDefaultTimeout(10_000 + inputs);

const folder = join(import.meta.dir, "corpus/sip");

function readCorpus(): Corpus {
  const names = readdirSync(folder).toSorted();
  const [first, ...others] = names.map((name) => new Uint8Array(readFileSync(join(folder, name))));
  if (first === undefined) throw new Error("no corpus");
  return [first, ...others];
}

const corpus = readCorpus();

/** Messages are equal to themselves after a way over the wire; the first difference is thrown. */
function checkRoundTrip(message: SipMessage): void {
  const wire = serialiseSip(message);
  const again = parseSipMessage(wire);
  if (again.kind === "message" && Bun.deepEquals(again.message, message, true)) return;
  const problem = again.kind === "refused" ? again.problem : again.kind;
  throw new Error(`not stable (${problem}): ${JSON.stringify(new TextDecoder().decode(wire))}`);
}

function checkRefusal(parsed: Extract<ParsedSip, { kind: "refused" }>): void {
  const isOneLine = parsed.problem.length > 0 && !/[\r\n]/.test(parsed.problem);
  if (!isOneLine || parsed.problem.length > 500) throw new Error(`problem: ${parsed.problem}`);
  if (parsed.response !== undefined) checkRoundTrip(parsed.response);
}

function check(bytes: Uint8Array): string {
  const parsed = parseSipMessage(bytes);
  if (parsed.kind === "message") checkRoundTrip(parsed.message);
  if (parsed.kind === "refused") checkRefusal(parsed);
  return parsed.kind === "refused" && parsed.response !== undefined ? "answered" : parsed.kind;
}

/** Runs a check; what fails it is shown with its bytes, so that it can join the corpus. */
function checkOrShow(bytes: Uint8Array): string {
  try {
    return check(bytes);
  } catch (error) {
    const shown = Buffer.from(bytes).toString("latin1");
    throw new Error(`input ${JSON.stringify(shown)}: ${String(error)}`, { cause: error });
  }
}

function countOutcomes(count: number, make: () => Uint8Array): Map<string, number> {
  const outcomes = new Map<string, number>();
  for (let round = 0; round < count; round += 1) {
    const outcome = checkOrShow(make());
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  return outcomes;
}

test("every message of the corpus is read, all but the STUN request", () => {
  const kinds = corpus.map((bytes) => checkOrShow(bytes));
  expect(kinds.filter((kind) => kind === "message")).toHaveLength(corpus.length - 1);
});

test("a damaged message is read, refused or answered, and what is read survives the wire", () => {
  const random = new SeededRandom(seed);
  const outcomes = countOutcomes(inputs, () => mutateSip(random, corpus));
  for (const kind of ["message", "refused", "answered"]) {
    expect(outcomes.get(kind)).toBeGreaterThan(inputs / 20);
  }
});

test("random bytes are never a message", () => {
  const random = new SeededRandom(seed + 1);
  const outcomes = countOutcomes(inputs / 10, () => random.bytes(random.between(0, 600)));
  expect(outcomes.get("message")).toBeUndefined();
});

function frame(pieces: readonly Uint8Array[]): readonly string[] {
  const framer = new SipStreamFramer();
  const records: string[] = [];
  const sink = {
    message: (bytes: Uint8Array) => void records.push(Buffer.from(bytes).toString("latin1")),
    ping: () => void records.push("ping"),
    pong: () => void records.push("pong"),
    violation: (reason: string) => void records.push(reason.slice(0, 8)),
  };
  for (const piece of pieces) framer.push(piece, sink);
  return records;
}

test("a damaged stream gives the same, however it is cut", () => {
  const random = new SeededRandom(seed + 2);
  let violations = 0;
  for (let round = 0; round < inputs / 10; round += 1) {
    const stream = Buffer.concat([mutateSip(random, corpus), mutateSip(random, corpus)]);
    const whole = frame([stream]);
    expect(frame(random.split(stream, random.between(1, 60)))).toEqual([...whole]);
    if (whole.some((record) => record === "Content-")) violations += 1;
  }
  expect(violations).toBeGreaterThan(inputs / 1_000);
});
