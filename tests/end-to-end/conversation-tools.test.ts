/** What the model does to a call, at a PBX: it hangs up when its last words were heard, transfers, presses keys. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { calls, says } from "../fakes/scripted-chat-server.ts";
import { Conversation } from "./conversation-rig.ts";
import { eventually, testLimitMs } from "./eventually.ts";
import { sentenceWith } from "./speech.ts";

setDefaultTimeout(testLimitMs);

const question = sentenceWith("Two four six.");
const destinations = ["--transfer=sales=600"];

test("the model hangs up, and the caller has heard its last words", async () => {
  await using talk = await Conversation.open({ llamaArgv: destinations });
  talk.model.script(calls("hang_up", {}, "Good bye, and have a nice day."));
  const call = await talk.call();
  await talk.say(call, question);
  await call.ended;
  const last = talk.events("heard", ({ service }) => service === "kokoro").at(-1);
  expect(last?.["samples"]).toBe(last?.["of"]);
  const [played] = await talk.telephone.tells(1, "played");
  const [ended] = await talk.telephone.tells(1, "ended");
  expect(Number(played?.["playedMs"])).toBeGreaterThan(1000);
  expect(ended).toMatchObject({ by: "us" });
  await talk.telephone.isIdle();
});

test("the model presses keys and transfers the caller, as the PBX sees it", async () => {
  await using talk = await Conversation.open({ llamaArgv: destinations });
  talk.model.script(
    calls("send_digits", { digits: "12#" }),
    says(["Done."]),
    calls("transfer", { to: "sales" }, "One moment."),
  );
  const call = await talk.call();
  await talk.say(call, question);
  await eventually({
    what: "the keys",
    probe: () => call.digits === "12#",
    explain: () => talk.explain(),
  });
  await talk.tells(1, "heard", ({ service, isAll }) => service === "llama" && isAll === true);
  await talk.say(call, question);
  const { transfers } = talk.telephone.pbx;
  await eventually({
    what: "REFER",
    probe: () => transfers.length === 1,
    explain: () => talk.explain(),
  });
  expect(transfers[0]?.referTo).toContain("sip:600@");
});
