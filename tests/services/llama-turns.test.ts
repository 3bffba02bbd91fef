/** A thousand turns over fifty calls: none lost, none doubled, none answered to another call. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { scriptedTurns } from "../fakes/scripted-turns.ts";
import { until } from "../fakes/until.ts";
import { LlamaRig } from "./llama-rig.ts";

setDefaultTimeout(120_000);

test("a thousand turns over fifty calls: none lost, none doubled, none answered to another call", async () => {
  await using rig = await LlamaRig.open();
  const { whisper, voice, model } = rig;
  const calls = { lines: 25, callsOfLine: 2, turnsOfCall: 20 };
  const tally = await scriptedTurns({ whisper, voice, model, ...calls });
  expect(tally).toEqual({ turns: 1000, lost: [], doubled: [], misplaced: [] });
  expect(rig.of("began")).toHaveLength(50);
  await until(() => rig.up.length === 0, "no call is up");
  expect(rig.complaints).toEqual([]);
});
