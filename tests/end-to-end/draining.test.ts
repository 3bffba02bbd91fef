/** A telephone that is stopped under `wildfire up` while somebody talks: the call ends when its caller wants. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Appliance } from "./appliance-rig.ts";
import { eventually } from "./eventually.ts";
import { sentenceWith } from "./speech.ts";
import { lineSamplesOf } from "./telephone-sound.ts";

setDefaultTimeout(120_000);

async function sipIs(appliance: Appliance, state: string): Promise<void> {
  await eventually({
    what: `a sip that is ${state}`,
    limitMs: 20_000,
    probe: async () => (await appliance.service("sip"))["state"] === state,
    explain: () => appliance.explain(),
  });
}

test("it drains, takes calls again when the stop is taken back, and ends behind its last call", async () => {
  await using appliance = await Appliance.open(["201"]);
  const { pbx } = appliance;
  const call = await pbx.call("201");
  expect(await appliance.command("stop", { service: "sip" })).toMatchObject({ state: "draining" });
  await eventually({
    what: "the line taken back",
    probe: () => pbx.registrar.binding("201") === undefined,
    explain: () => appliance.explain(),
  });
  expect(await appliance.service("sip")).toMatchObject({ state: "draining", calls: 1 });

  expect(await appliance.command("start", { service: "sip" })).toMatchObject({ state: "ready" });
  await pbx.registered("201");
  const second = await pbx.call("201");
  second.hangUp();
  await second.ended;

  // An upgrade: the same, and then the next process takes the calls.
  const { pid } = await appliance.service("sip");
  const restarted = appliance.command("restart", { service: "sip", wait: true });
  await sipIs(appliance, "draining");
  await call.say(lineSamplesOf(sentenceWith("Two four six.")));
  call.hangUp();
  expect(await call.ended).toMatchObject({ by: "us" });
  await restarted;
  await sipIs(appliance, "ready");
  expect((await appliance.service("sip"))["pid"]).not.toBe(pid);
  await pbx.registered("201");
  const next = await pbx.call("201");
  next.hangUp();
  expect(await next.ended).toMatchObject({ by: "us" });

  const history = await eventually({
    what: "all calls in the history",
    limitMs: 20_000,
    async probe() {
      const calls = await appliance.history();
      return calls.length === 3 && calls.every(({ endedMs }) => endedMs !== null) && calls;
    },
    explain: () => appliance.explain(),
  });
  expect(history.at(-1)?.heard).toEqual([{ text: "Two four six." }]);
});
