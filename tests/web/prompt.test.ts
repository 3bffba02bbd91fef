/** The system prompt in the browser's form: shown, saved exactly, tried before it is saved. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { says, ScriptedChatServer } from "../fakes/scripted-chat-server.ts";
import { holding, SettingsRig } from "./settings-rig.ts";

setDefaultTimeout(20_000);

const prompt = `  You are "Ada" of <b>Bright & Sons</b>.\n\n\tSay """hello""" to {caller}: \\o/ 😀\n`;

let rig: SettingsRig;

beforeEach(() => {
  rig = new SettingsRig();
});

afterEach(async () => await rig.free());

async function brainPage(): Promise<string> {
  return await (await rig.web.get("/brain")).text();
}

/** What the browser makes of the field. */
function typedText(page: string): string | undefined {
  const [, written] =
    /<textarea[^>]*id="setting-llama-prompt"[^>]*>\n([^<]*)<\/textarea>/.exec(page) ?? [];
  return written
    ?.replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

describe("the prompt", () => {
  test("is saved as it was typed, and shown as it was saved", async () => {
    await rig.start('[llama]\nbackend = "echo"\n');
    expect(await rig.change("llama", "prompt", prompt)).toMatchObject({ status: 200 });
    expect(await rig.setting("llama", "prompt")).toMatchObject({ value: prompt });
    expect(rig.configText).toStartWith(
      '[llama]\nbackend = "echo"\nprompt = """\n  You are "Ada" of',
    );
    expect(typedText(await brainPage())).toBe(prompt);
    await rig.change("llama", "prompt", null);
    expect(rig.configText).toBe('[llama]\nbackend = "echo"\n');
    expect(typedText(await brainPage())).toBe("");
  });

  test("stands first on the page Brain, with its places and what counts without it", async () => {
    await rig.start("[llama]\n");
    const page = await brainPage();
    for (const place of ["{caller}", "{line}", "{date}", "{time}", "{language}"]) {
      expect(page).toContain(`<dt><code>${place}</code></dt>`);
    }
    expect(page).toContain('<p id="usual-prompt" class="spoken">You answer the telephone.');
    expect(page.indexOf("setting-llama-prompt")).toBeLessThan(page.indexOf("Try a prompt"));
    expect(page.indexOf("Try a prompt")).toBeLessThan(page.indexOf("Chat server"));
  });

  test("with an unknown place is refused beside its field", async () => {
    await rig.start("[llama]\n");
    const answer = await rig.change("llama", "prompt", "It is {colour}.\nYes.");
    expect(answer).toMatchObject({
      problems: [{ field: "llama.prompt", message: holding('unknown place "{colour}"') }],
    });
    expect(rig.configText).toBe("[llama]\n");
  });

  test("is a text or a file: the second one is refused, and one change may swap them", async () => {
    const file = join(rig.folder, "prompt.txt");
    writeFileSync(file, "From the file.");
    await rig.start(`[llama]\nsystem = "${file}"\n`);
    const answer = await rig.change("llama", "prompt", "You are Ada.");
    expect(answer).toMatchObject({
      problems: [{ field: "llama.prompt", hint: "empty system first, or this one" }],
    });
    const changes = [
      { section: "llama", key: "prompt", value: "You are Ada." },
      { section: "llama", key: "system", value: null },
    ];
    expect(await rig.post({ changes })).toMatchObject({ status: 200 });
    expect(rig.configText).toBe('[llama]\nprompt = "You are Ada."\n');
    const again = await rig.change("llama", "system", file);
    expect(again).toMatchObject({ problems: [{ field: "llama.system" }] });
  });
});

describe("a trial of the chat server", () => {
  test.each([
    ["with the saved prompt", {}, "You are Ada."],
    [
      "with one that is not saved yet",
      { system: "You are Bob.\nIt is {language}." },
      "You are Bob.\nIt is en.",
    ],
    ["with the usual one where the field was emptied", { system: "" }, "You answer the telephone."],
  ])("asks %s", async (_, wish, told) => {
    using chat = new ScriptedChatServer();
    chat.script(says(["Yes."]));
    await rig.start(`[llama]\nbackend = "openai"\nurl = "${chat.url}"\nprompt = "You are Ada."\n`);
    const headers = {
      "x-csrf-token": await rig.web.csrf(),
      "content-type": "application/json",
    };
    const body = JSON.stringify({ prompt: "Hello?", ...wish });
    await (await rig.web.post("/api/v1/tries/chat", headers, body)).text();
    expect(chat.answers[0]?.contents("system")[0]).toStartWith(told);
  });

  test("with an unknown place says so", async () => {
    await rig.start("[llama]\n");
    const headers = {
      "x-csrf-token": await rig.web.csrf(),
      "content-type": "application/json",
    };
    const body = JSON.stringify({ prompt: "Hello?", system: "{colour}" });
    const response = await rig.web.post("/api/v1/tries/chat", headers, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: holding('"{colour}"') });
  });
});
