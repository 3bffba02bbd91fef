/** The chat server is away, refuses, is slow or breaks off: an apology, a line in the log, and the call goes on. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChatScript, refuses, says } from "../fakes/scripted-chat-server.ts";
import { until } from "../fakes/until.ts";
import { type Fields, LlamaRig } from "./llama-rig.ts";

setDefaultTimeout(30_000);

const apology = "Sorry about that.";
const key = "sk-tulip-8141-secret";
const secretWords = "my code is four two seven nine";

let folder = "";
let keyFile = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
  keyFile = join(folder, "key");
  writeFileSync(keyFile, `${key}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Failure {
  readonly script: ChatScript;
  /** What the log says, besides that there was no answer. */
  readonly says: string;
  readonly argv?: readonly string[];
  /** Heard before the apology. */
  readonly heard?: readonly string[];
}

const failures: Readonly<Record<string, Failure>> = {
  "refuses the key": {
    script: refuses(401, { error: { message: `wrong key ${key} for: ${secretWords}` } }),
    says: "check the key in WILDFIRE_LLAMA_KEY",
  },
  "has an error of its own": {
    script: refuses(500, { error: { message: `cannot answer ${secretWords}` } }),
    says: "look into the server's own log",
  },
  "has too much to do": {
    script: refuses(429, { error: { message: "busy" } }, { "retry-after": "7" }),
    says: "wants 7 s of rest",
  },
  "is slow to begin": {
    script: () => undefined,
    says: "timeout",
    argv: ["--first-token-limit=0.2"],
  },
  "ends its stream in the middle": {
    script: (answer) => {
      answer.head();
      answer.delta({ content: "We open at nine. And we " });
      answer.end();
    },
    says: "hasBegun=true",
    heard: ["We open at nine.", "And we"],
  },
  "says nothing": { script: says([]), says: "the model gave an empty answer" },
  "says blanks": { script: says([" ", "\n"]), says: "the model gave an empty answer" },
  "is no chat server": {
    script: (answer) => {
      answer.head({ headers: { "content-type": "text/html" } });
      answer.write("<html>hello</html>");
      answer.end();
    },
    says: "content of type text/html",
  },
};

describe.concurrent("a chat server that", () => {
  for (const [name, failure] of Object.entries(failures)) {
    test(`${name} is apologised for once, and the next turn is answered`, async () => {
      await using rig = await LlamaRig.open({
        argv: [`--apology=${apology}`, `--key-file=${keyFile}`, ...(failure.argv ?? [])],
      });
      rig.model.script(failure.script, failure.script, says(["Now it works."]));
      const call = await rig.call();
      const heard = [...(failure.heard ?? []), apology];
      for (let round = 1; round <= 2; round += 1) {
        call.turn(`${secretWords}, ${round}`);
        expect(await rig.voice.hears(round * heard.length)).toEqual(
          Array.from({ length: round }, () => heard).flat(),
        );
        const isHeard = (event: Fields): boolean =>
          event["isAll"] === true && event["turn"] === round;
        await until(() => rig.of("heard").some(isHeard), "the end of the turn");
      }
      call.turn("And now?");
      expect((await rig.voice.hears(2 * heard.length + 1)).at(-1)).toBe("Now it works.");
      expect(rig.complaints).toHaveLength(2);
      expect(rig.complaints[0]).toContain(failure.says);
      expect(rig.memory.text()).not.toContain(secretWords);
      expect(rig.memory.text()).not.toContain(key);
    });
  }

  test("is away is apologised for in each turn, and answers when it is back", async () => {
    await using rig = await LlamaRig.open({ argv: [`--apology=${apology}`] });
    rig.model.stop();
    const call = await rig.call();
    call.turn("Is anybody there?");
    expect(await rig.voice.hears(1)).toEqual([apology]);
    rig.model.restart();
    call.turn("And now?");
    expect(await rig.voice.hears(2)).toEqual([apology, "Yes."]);
    expect(rig.complaints).toHaveLength(1);
    expect(rig.complaints[0]).toContain("unreachable");
  });

  test("breaks off in the middle is not asked again, and what it said stays said", async () => {
    await using rig = await LlamaRig.open({ argv: [`--apology=${apology}`] });
    rig.model.script(
      async (answer) => {
        answer.head();
        answer.delta({ content: "We open at nine. And we " });
        await rig.voice.hears(1);
        answer.breakOff();
      },
      says(["At five."]),
    );
    const call = await rig.call();
    call.turn("When do you open?");
    await rig.voice.hears(3);
    await until(() => rig.of("heard").some(({ isAll }) => isAll === true), "the end of the turn");
    call.turn("And close?");
    const texts = await rig.voice.hears(4);
    expect(texts).toEqual(["We open at nine.", "And we", apology, "At five."]);
    expect(rig.model.answers).toHaveLength(2);
    expect(rig.complaints).toHaveLength(1);
  });

  test("fails says nothing where the apology is empty, and the call goes on", async () => {
    await using rig = await LlamaRig.open({ argv: ["--apology="] });
    rig.model.script(refuses(500, {}), says(["Here I am."]));
    const call = await rig.call();
    call.turn("One.");
    await rig.tells(1, "answered");
    call.turn("Two.");
    expect(await rig.voice.hears(1)).toEqual(["Here I am."]);
  });

  test("fails in one call is no matter of another", async () => {
    await using rig = await LlamaRig.open({ argv: [`--apology=${apology}`] });
    rig.model.script(() => undefined, says(["Hello two."]));
    const first = await rig.call(111);
    first.turn("One.");
    await rig.asks(1);
    const second = await rig.call(222);
    second.turn("Two.");
    expect(await rig.voice.hears(1, 222)).toEqual(["Hello two."]);
    expect(rig.voice.texts(111)).toEqual([]);
    rig.model.answers[0]?.breakOff();
    expect(await rig.voice.hears(1, 111)).toHaveLength(1);
  });
});
