import { describe, expect, test } from "bun:test";
import {
  insecureProblem,
  lostProblem,
  microphoneProblem,
} from "../../src/web/client/talk-problems.ts";
import {
  idleView,
  nextView,
  type PageHappening,
  type TalkView,
} from "../../src/web/client/talk-states.ts";
import { statusWords, talkLive } from "../../src/web/client/talk-view.ts";
import { talkMain } from "../../src/web/pages/talk-page.ts";
import { parseTalkWish, type TalkEvent } from "../../src/web/talk/talk-events.ts";

type Happening = TalkEvent | PageHappening;

function after(...happenings: readonly Happening[]): TalkView {
  let view = idleView;
  for (const happening of happenings) view = nextView(view, happening);
  return view;
}

const begin: readonly Happening[] = [
  { kind: "call" },
  { kind: "microphone" },
  { kind: "ringing" },
  { kind: "answered", callId: "2", limitS: 600 },
];

describe("the call in words", () => {
  const steps: readonly (readonly [string, readonly Happening[]])[] = [
    ["Not in a call", []],
    ["Waiting for the microphone: allow it in the browser's question", [{ kind: "call" }]],
    ["Calling …", begin.slice(0, 3)],
    ["You are connected: speak", begin],
    ["You speak", [...begin, { kind: "caller", isSpeaking: true }]],
    ["The brain thinks", [...begin, { kind: "said", text: "Hi." }, { kind: "thinking" }]],
    ["The agent speaks", [...begin, { kind: "speaking", waitMs: 3 }]],
    ["You are connected: speak", [...begin, { kind: "said", text: "Hi." }, { kind: "quiet" }]],
    ["No call: no microphone", [{ kind: "call" }, { kind: "left", ending: "no microphone" }]],
    ["The call is over: hung up", [...begin, { kind: "left", ending: "hung up" }]],
    [
      "The call is over: the login is over",
      [...begin, { kind: "ended", by: "us", reason: "the login is over" }],
    ],
  ];

  test.each(steps)("%s", (words, happenings) => {
    expect(statusWords(after(...happenings))).toBe(words);
  });

  test("the end that was told first stands, and a new call forgets the last one", () => {
    const ended: Happening = { kind: "ended", by: "us", reason: "the service stops" };
    const view = after(...begin, ended, {
      kind: "left",
      ending: "connection lost",
    });
    expect(statusWords(view)).toBe("The call is over: the service stops");
    expect(nextView(view, { kind: "call" })).toEqual({ ...idleView, phase: "asking" });
  });
});

describe("what is said", () => {
  test("the clauses of a turn are one line, those of the next turn another", () => {
    const view = after(
      ...begin,
      { kind: "said", text: "Hi." },
      { kind: "answer", turn: 1, text: "Good day." },
      { kind: "answer", turn: 1, text: "How are you?" },
      { kind: "answer", turn: 2, text: "Well." },
    );
    expect(view.lines.map(({ who, text }) => `${who}: ${text}`)).toEqual([
      "caller: Hi.",
      "agent: Good day. How are you?",
      "agent: Well.",
    ]);
  });

  test("a partial text is grey until the final one is there", () => {
    const partial: Happening = { kind: "partial", committed: "call me", tentative: "back" };
    const view = after(...begin, partial);
    expect(talkLive(view).text).toContain('call me <span class="tentative">back …</span>');
    expect(nextView(view, { kind: "said", text: "Call me back." }).partial).toBeUndefined();
  });

  test("an interrupted answer is marked, also when nothing was heard of it", () => {
    const interrupted: Happening = { kind: "interrupted" };
    expect(after(...begin, interrupted).lines).toEqual([]);
    const view = after(...begin, { kind: "answer", turn: 1, text: "Well" }, interrupted);
    expect(talkLive(view).text).toContain("<i>interrupted</i>");
  });

  test("what callers and services say is text, whatever is in it", () => {
    const view = after(
      ...begin,
      { kind: "said", text: "<script>alert(1)</script>" },
      { kind: "notes", notes: ["<b>llama</b> is stopped"] },
    );
    expect(talkLive(view).text).not.toContain("<script>");
    expect(talkLive(view).text).toContain("&lt;b&gt;llama&lt;/b&gt; is stopped");
  });

  test("a thousand lines are not kept", () => {
    let view = after(...begin);
    for (let said = 0; said < 1000; said += 1) view = nextView(view, { kind: "said", text: "Hi." });
    expect(view.lines).toHaveLength(200);
    expect(view.lines.at(-1)?.number).toBe(1000);
  });
});

test("the last turn is a bar, also behind the end of the call", () => {
  const stages = [{ name: "voice", label: "Voice", ms: 80 }] as const;
  const view = after(
    ...begin,
    { kind: "turn", turn: 1, isGreeting: false, totalMs: 420, stages },
    { kind: "left", ending: "hung up" },
  );
  expect(talkLive(view).text).toContain("420 ms");
});

describe("problems say what to do", () => {
  test.each([
    ["NotAllowedError", "The microphone is not allowed."],
    ["NotFoundError", "There is no microphone."],
    ["NotReadableError", "The microphone cannot be read."],
    ["OddError", "The microphone cannot be opened."],
  ])("%s", (name, what) => {
    const problem = microphoneProblem(name, "odd");
    expect(problem.what).toBe(what);
    expect(problem.hint.length).toBeGreaterThan(20);
  });

  test("a page that is not secure says how it becomes so", () => {
    const { hint } = insecureProblem("pbx.example:8081");
    expect(hint).toContain("--tls-cert");
    expect(hint).toContain("ssh -L 8081:localhost:8081 pbx.example");
  });

  test("they stand on the page, and the next call takes them away", () => {
    const view = after(...begin, { kind: "left", ending: "lost", problem: lostProblem });
    expect(talkLive(view).text).toContain(lostProblem.what);
    expect(talkLive(nextView(view, { kind: "call" })).text).not.toContain(lostProblem.what);
  });
});

describe("the page", () => {
  const state = { maxCalls: 2, limitMs: 600_000, calls: 0, notes: [] };

  test("has a button to call and one to hang up, which waits", () => {
    const { text } = talkMain(state, true);
    expect(text).toContain('<button id="talk-call" type="button" class="strong">Call</button>');
    expect(text).toMatch(/id="talk-hang-up"[^>]* hidden/);
    expect(text).toContain("10 minutes");
  });

  test("says why somebody cannot call, and which service is not ready", () => {
    expect(talkMain(state, false).text).toContain("needs the role operator");
    expect(talkMain({ ...state, maxCalls: 0 }, true).text).toContain("max-browser-calls");
    const notes = ["whisper is stopped: it does not hear you"];
    expect(talkMain({ ...state, notes }, true).text).toContain(notes[0] ?? "?");
  });
});

test.each([
  ['{"kind":"hang-up","reason":"the page was left"}', "the page was left"],
  ['{"kind":"hang-up"}', "hung up"],
  ['{"kind":"hang-up","reason":"<b>"}', "hung up"],
  ['{"kind":"call"}', undefined],
  ["null", undefined],
  ["[]", undefined],
  ["{", undefined],
])("what a browser says as %s means %p", (text, reason) => {
  const wish = parseTalkWish(text);
  if (reason === undefined) expect(wish).toBeUndefined();
  else expect(String(wish?.reason)).toBe(reason);
});
