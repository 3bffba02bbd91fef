import { expect, test } from "bun:test";
import { ChangingEngine } from "../../src/voice/changing-engine.ts";
import { ScriptedEngine } from "./scripted-engine.ts";

const { signal } = new AbortController();
const sink = { samples: () => undefined };

function manual(name: string): ScriptedEngine {
  const engine = new ScriptedEngine({ name });
  engine.isManual = true;
  return engine;
}

test("what is being spoken is spoken to its end, and only then is the old engine closed", async () => {
  const [old, next] = [manual("old"), manual("new")];
  const changing = new ChangingEngine(old);
  const first = changing.speak({ text: "One." }, sink, signal);
  const second = changing.speak({ text: "Two." }, sink, signal);
  changing.replace(next);
  expect([changing.name, changing.current]).toEqual(["new", next]);
  const third = changing.speak({ text: "Three." }, sink, signal);
  expect([old.texts, next.texts]).toEqual([["One.", "Two."], ["Three."]]);
  old.utterances[0]?.finish();
  await first;
  expect(old.isClosed).toBe(false);
  old.utterances[1]?.finish();
  await second;
  expect(old.isClosed).toBe(true);
  next.utterances[0]?.finish();
  await third;
  expect(next.isClosed).toBe(false);
});

test("an engine that speaks nothing is closed at once, and a failure counts as an end", async () => {
  const [first, second, third] = [manual("a"), new ScriptedEngine({ name: "b" }), manual("c")];
  const changing = new ChangingEngine<ScriptedEngine>(first);
  changing.replace(second);
  expect(first.isClosed).toBe(true);
  second.failure = "out of breath";
  const failing = changing.speak({ text: "One." }, sink, signal);
  changing.replace(third);
  expect(second.isClosed).toBe(false);
  expect(String(await failing.catch((error: unknown) => error))).toContain("out of breath");
  expect(second.isClosed).toBe(true);
});

test("close ends all of them", async () => {
  const [old, next] = [manual("old"), manual("new")];
  const changing = new ChangingEngine(old);
  const speaking = changing.speak({ text: "One." }, sink, signal).catch(() => "ended");
  changing.replace(next);
  await changing.close();
  expect(await speaking).toBe("ended");
  expect([old.isClosed, next.isClosed]).toEqual([true, true]);
});
