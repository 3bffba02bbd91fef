import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { refuses, says } from "../../fakes/scripted-chat-server.ts";
import { until } from "../../fakes/until.ts";
import { apology, TurnRig } from "./turn-rig.ts";

setDefaultTimeout(30_000);

describe("a turn", () => {
  test("is asked when a transcript comes, spoken as it comes, over when it was heard", async () => {
    using rig = new TurnRig();
    rig.server.script((answer) => {
      answer.head();
      answer.delta({ content: "We open " });
    });
    rig.machine.transcript("When do you open?");
    expect(rig.machine.state).toBe("asking");
    await rig.reaches("answering");
    expect(rig.said).toEqual(["1: We open "]);
    const answer = await rig.asked(0);
    answer.delta({ content: "at nine." });
    answer.finish("stop");
    answer.done();
    await rig.reaches("speaking");
    rig.machine.played(1, 8, false);
    expect(rig.machine.state).toBe("speaking");
    rig.playAll();
    expect(rig.machine.state).toBe("idle");
    expect(rig.said).toEqual(["1: We open at nine.", "finish 1"]);
    expect(rig.history()).toEqual(["user: When do you open?", "assistant: We open at nine."]);
    expect(rig.clock.timers).toBe(0);
  });

  test("takes in what is said before its answer begins, and asks anew", async () => {
    using rig = new TurnRig();
    rig.server.script((answer) => void answer.closed, says(["At nine."]));
    rig.machine.transcript("When");
    const first = await rig.asked(0);
    rig.machine.transcript("do you open?");
    await first.closed;
    await rig.reaches("speaking");
    expect((await rig.asked(1)).contents("user")).toEqual(["When do you open?"]);
    expect(rig.said).toEqual(["2: At nine.", "finish 2"]);
    expect(rig.reports.map((report) => [report.turn, report.end.kind])).toEqual([
      [1, "cancelled"],
      [2, "complete"],
    ]);
  });

  test("waits while the caller talks", async () => {
    using rig = new TurnRig();
    rig.server.script(says(["At nine."]));
    rig.machine.speech();
    rig.machine.speech();
    rig.machine.transcript("When");
    rig.machine.transcript("do you open?");
    expect(rig.machine.state).toBe("gathering");
    rig.machine.silence();
    rig.machine.silence();
    expect(rig.machine.state).toBe("asking");
    await rig.reaches("speaking");
    expect(rig.server.answers).toHaveLength(1);
  });

  test("begins with the text where the silence was told first", async () => {
    using rig = new TurnRig();
    rig.server.script(says(["At nine."]));
    rig.machine.speech();
    rig.machine.silence();
    expect(rig.machine.state).toBe("gathering");
    rig.machine.transcript("When?");
    await rig.reaches("speaking");
  });

  test("greeting first: it may be interrupted like any answer", () => {
    using rig = new TurnRig({ greeting: "Good day, how can I help?" });
    rig.machine.greet("Good day, how can I help?");
    expect(rig.machine.state).toBe("speaking");
    rig.machine.played(0, 9, false);
    rig.machine.speech();
    expect(rig.said).toEqual(["0: Good day, how can I help?", "finish 0", "cancel 0"]);
    expect(rig.conversation.messages()[0]?.content).toEndWith('these words: "Good day…"');
  });

  test("blank transcripts are none, and after the end of the call nothing happens", async () => {
    using rig = new TurnRig();
    rig.server.script((answer) => void answer.closed);
    rig.machine.transcript(" \n");
    expect(rig.machine.state).toBe("idle");
    rig.machine.transcript("Hello");
    const answer = await rig.asked(0);
    rig.machine.close();
    await answer.closed;
    rig.machine.transcript("Hello?");
    rig.machine.speech();
    rig.machine.silence();
    rig.machine.played(1, 5, true);
    rig.machine.greet("Hello.");
    expect(rig.machine.state).toBe("closed");
    expect(rig.clock.timers).toBe(0);
    expect(rig.said).toEqual([]);
  });
});

describe("a caller who speaks", () => {
  test("ends generating and speaking at once; what they heard stays in the history", async () => {
    using rig = new TurnRig();
    rig.server.script(
      (answer) => {
        answer.head();
        answer.delta({ content: "We open at nine in the" });
      },
      says(["Yes."]),
    );
    rig.machine.transcript("When?");
    await rig.reaches("answering");
    rig.machine.played(1, 7, false);
    rig.machine.speech();
    expect(rig.machine.state).toBe("gathering");
    expect(rig.said).toEqual(["1: We open at nine in the", "cancel 1"]);
    await (
      await rig.asked(0)
    ).closed;
    rig.machine.played(1, 15, true);
    rig.machine.silence();
    rig.machine.transcript("On Sunday?");
    await rig.reaches("speaking");
    expect(rig.history()).toEqual([
      "user: When?",
      "assistant: We open at nine…",
      "user: On Sunday?",
      "assistant: Yes.",
    ]);
    expect(rig.reports[0]).toMatchObject({ turn: 1, cancelMs: 0, end: { kind: "cancelled" } });
  });

  test("and says nothing after all: a question without an answer is asked again", async () => {
    using rig = new TurnRig();
    rig.server.script((answer) => void answer.closed, says(["At nine."]));
    rig.machine.transcript("When?");
    await rig.asked(0);
    rig.machine.speech();
    rig.machine.silence();
    rig.clock.advance(250);
    await rig.reaches("speaking");
    expect((await rig.asked(1)).contents("user")).toEqual(["When?"]);
  });

  test("is answered also where no speech is ever told", async () => {
    using rig = new TurnRig();
    rig.server.script(says(["We open at nine."]), says(["At ten."]));
    rig.machine.transcript("When?");
    await rig.reaches("speaking");
    rig.machine.transcript("And on Sunday?");
    expect(rig.said.at(-1)).toBe("cancel 1, untold");
    await rig.reaches("speaking");
    expect(rig.said.slice(-2)).toEqual(["2: At ten.", "finish 2"]);
  });
});

describe("the watchdog", () => {
  test("goes on when the end of speech is never told", async () => {
    using rig = new TurnRig();
    rig.server.script(says(["At nine."]));
    rig.machine.speech();
    rig.clock.advance(14_000);
    rig.machine.transcript("When?");
    rig.clock.advance(14_999);
    expect(rig.machine.state).toBe("gathering");
    rig.clock.advance(1);
    await rig.reaches("speaking");
    expect(rig.memory.text()).toContain("the caller's silence was never told");
  });

  test("goes on when the end of playing is never told", async () => {
    using rig = new TurnRig();
    rig.server.script(says(["At nine."]));
    rig.machine.transcript("When?");
    await rig.reaches("speaking");
    rig.clock.advance(10_000 + 8 * 120);
    expect(rig.machine.state).toBe("idle");
    expect(rig.history()).toEqual(["user: When?", "assistant: At nine."]);
  });

  test("gives up an answer that never ends, with an apology", async () => {
    using rig = new TurnRig();
    rig.server.script((answer) => void answer.closed);
    rig.machine.transcript("When?");
    const answer = await rig.asked(0);
    rig.clock.advance(130_000);
    expect(rig.said).toEqual([`1: ${apology}`, "finish 1"]);
    await answer.closed;
    rig.playAll();
    expect(rig.machine.state).toBe("idle");
  });
});

describe("a failure", () => {
  test("is apologised for once, and the next turn works", async () => {
    using rig = new TurnRig();
    rig.server.script(refuses(500, { error: "no memory" }), says(["At nine."]));
    rig.machine.transcript("When?");
    await rig.reaches("speaking");
    expect(rig.said).toEqual([`1: ${apology}`, "finish 1"]);
    rig.playAll();
    rig.machine.transcript("When do you open?");
    await rig.reaches("speaking");
    expect(rig.said.slice(2)).toEqual(["2: At nine.", "finish 2"]);
    expect(rig.memory.text()).toContain("no memory");
  });

  test("in mid-answer keeps what was said", async () => {
    using rig = new TurnRig();
    rig.server.script((answer) => {
      answer.head();
      answer.delta({ content: "We open" });
      setTimeout(() => answer.breakOff(), 5);
    });
    rig.machine.transcript("When?");
    await rig.reaches("speaking");
    expect(rig.said).toEqual([`1: We open\n${apology}`, "finish 1"]);
    expect(rig.server.answers).toHaveLength(1);
  });

  test("an empty answer is one; without an apology, nothing is said", async () => {
    using rig = new TurnRig();
    rig.server.script(says([]));
    rig.machine.transcript("When?");
    await rig.reaches("speaking");
    expect(rig.said).toEqual([`1: ${apology}`, "finish 1"]);
    using quiet = new TurnRig({ apology: "" });
    quiet.server.script(says([]), says(["At nine."]));
    quiet.machine.transcript("When?");
    await quiet.reaches("idle");
    quiet.machine.transcript("Hello?");
    await quiet.reaches("speaking");
    expect((await quiet.asked(1)).contents("user")).toEqual(["When? Hello?"]);
    expect(quiet.said).toEqual(["2: At nine.", "finish 2"]);
  });

  test("a conversation that is too long for the server is shortened and asked again", async () => {
    using rig = new TurnRig({ budgetTokens: 100_000 });
    for (let count = 0; count < 4; count += 1) {
      rig.conversation.hear(`${count} ${"word ".repeat(50)}`);
      rig.conversation.say(rig.conversation.beginTurn(), "Yes.");
    }
    const tooLong = refuses(400, { error: { type: "exceed_context_size_error", message: "no" } });
    rig.server.script(tooLong, says(["At nine."]));
    rig.machine.transcript("When?");
    await rig.reaches("speaking");
    expect(rig.said).toEqual(["5: At nine.", "finish 5"]);
    const [long, short] = rig.server.answers.map((answer) => answer.messages.length);
    expect(short ?? 0).toBeLessThan(long ?? 0);
  });
});

describe("an answer that is too long", () => {
  test("is cut at the end of a sentence, over all rounds, and its generating ends", async () => {
    using rig = new TurnRig({ maxTurnChars: 60 });
    rig.server.script((answer) => {
      answer.head();
      for (let count = 1; count < 20; count += 1) answer.delta({ content: `This is ${count}. ` });
      return answer.closed;
    });
    rig.machine.transcript("Count.");
    await rig.reaches("speaking");
    const words = "This is 1. This is 2. This is 3. This is 4. This is 5.";
    expect(rig.said).toEqual([`1: ${words}`, "finish 1"]);
    await until(() => rig.reports.length > 0, "the report");
    expect(rig.reports[0]?.end.kind).toBe("cancelled");
    expect(rig.memory.text()).toContain("an answer is too long");
    rig.playAll();
    expect(rig.machine.state).toBe("idle");
    expect(rig.history().at(-1)).toBe(`assistant: ${words}`);
  });
});

test("the server's count of tokens is believed", async () => {
  using rig = new TurnRig({ budgetTokens: 400 });
  for (let count = 0; count < 4; count += 1) {
    rig.conversation.hear(`${count} ${"word ".repeat(50)}`);
    rig.conversation.say(rig.conversation.beginTurn(), "Yes.");
  }
  const before = rig.history().length;
  rig.server.script(says(["At nine."], { promptTokens: 2000 }));
  rig.machine.transcript("When?");
  await rig.reaches("speaking");
  expect(rig.history().length).toBeLessThan(before);
});
