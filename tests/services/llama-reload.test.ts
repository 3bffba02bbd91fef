/** `reload` of the llama service: texts, model and tools change under calls that are up. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError } from "../../src/core/errors.ts";
import { chatKeyVariable } from "../../src/services/secret-key.ts";
import { says, ScriptedChatServer } from "../fakes/scripted-chat-server.ts";
import { LlamaRig } from "./llama-rig.ts";

setDefaultTimeout(30_000);

class Files implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));

  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function problem(work: Promise<unknown>): Promise<string> {
  return await work.then(() => "taken", describeError);
}

describe("the llama service", () => {
  test("asks another server, with another key, from the next turn on, in the same conversation", async () => {
    await using rig = await LlamaRig.open();
    using other = new ScriptedChatServer();
    other.script(says(["From the other one."]));
    const call = await rig.call();
    call.turn("First question?");
    await rig.tells(1, "answered");
    process.env[chatKeyVariable] = "new-key";
    try {
      expect(await rig.reload(`--url=${other.url}`, "--temperature=0.5", "--model=large")).toEqual(
        [],
      );
    } finally {
      delete process.env[chatKeyVariable];
    }
    call.turn("Second question?");
    await rig.tells(2, "answered");
    const [asked] = other.answers;
    expect(asked?.contents("user")).toEqual(["First question?", "Second question?"]);
    expect(asked?.headers.get("authorization")).toBe("Bearer new-key");
    expect(asked?.asked).toMatchObject({ model: "large", temperature: 0.5 });
    expect(rig.up).toEqual(["111"]);
    expect(rig.model.answers).toHaveLength(1);
    expect(rig.memory.text()).not.toContain("new-key");
  });

  test("reads files again whose names are the same", async () => {
    using files = new Files();
    const system = files.write("system.txt", "Old prompt.");
    const tools = files.write("tools.toml", "");
    const argv = [`--system=${system}`, `--tools=${tools}`];
    await using rig = await LlamaRig.open({ argv });
    const call = await rig.call();
    call.turn("Hello?");
    await rig.tells(1, "answered");
    expect(await rig.reload(...argv)).toEqual([]);
    files.write("system.txt", "New prompt.");
    files.write(
      "tools.toml",
      '[[http]]\nname = "hours"\ndescription = "Opening hours."\nurl = "http://127.0.0.1:1/"\n',
    );
    expect(await rig.reload(...argv)).toEqual(["text of system", "text of tools"]);
    call.turn("And now?");
    await rig.tells(2, "answered");
    const [first, second] = rig.model.answers;
    expect(first?.contents("system")[0]).toStartWith("Old prompt.");
    expect(second?.contents("system")[0]).toStartWith("New prompt.");
    expect(first?.tools).toEqual([]);
    expect(second?.tools).toEqual(["hours"]);
  });

  test.each([
    ["--system=/nowhere/prompt.txt", "--system"],
    ["--tools=/nowhere/tools.toml", "tool file"],
    ["--transfer=nobody", "--transfer"],
    ["--url=ftp://x", "is no web address"],
  ])("stays as it was when %s cannot be taken, and says why", async (wrong, why) => {
    await using rig = await LlamaRig.open({ argv: ["--model=first"] });
    expect(await problem(rig.reload("--model=second", wrong))).toContain(why);
    const call = await rig.call();
    call.turn("Hello?");
    await rig.tells(1, "answered");
    expect(rig.model.answers[0]?.asked).toMatchObject({ model: "first" });
  });
});
