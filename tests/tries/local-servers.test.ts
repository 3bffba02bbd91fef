import { expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { findChatServers, findSpeechServers } from "../../src/tries/local-servers.ts";
import { ScriptedSpeechServer } from "../fakes/scripted-speech-server.ts";

setDefaultTimeout(20_000);

type Answers = Readonly<Record<string, unknown>>;

/** Answers these paths with JSON, `never` never, and all others with a page. */
function serve(answers: Answers): Bun.Server<undefined> {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (!(pathname in answers)) return new Response("<html></html>", { status: 404 });
      if (answers[pathname] === "never") await new Promise(() => undefined);
      return Response.json(answers[pathname]);
    },
  });
}

const places = (...servers: readonly Bun.Server<undefined>[]) =>
  servers.map(({ port = 0 }) => ({ port, kind: "unknown" }));

const common = { clock: systemClock, signal: new AbortController().signal };

const models = (owner: string, ...ids: readonly string[]): Answers => ({
  "/v1/models": { object: "list", data: ids.map((id) => ({ id, owned_by: owner })) },
});

test("chat servers are told apart by what they say of themselves, with their models", async () => {
  using llama = serve(models("llamacpp", "qwen.gguf"));
  using ollama = serve(models("library", "llama3:8b", "phi3"));
  using vllm = serve(models("vllm", "mistral"));
  using studio = serve(models("organization_owner", "gemma"));
  using other = serve(models("somebody", "x"));
  const found = await findChatServers({
    ...common,
    places: places(llama, ollama, vllm, studio, other),
  });
  expect(found.map(({ kind, models: names }) => [kind, ...names])).toEqual([
    ["llama-server", "qwen.gguf"],
    ["Ollama", "llama3:8b", "phi3"],
    ["vLLM", "mistral"],
    ["LM Studio", "gemma"],
    ["unknown", "x"],
  ]);
  expect(found[0]?.url).toBe(`http://127.0.0.1:${llama.port}`);
});

test("what is no chat server is left out, and one that hangs holds up nobody", async () => {
  using page = serve({});
  using hung = serve({ "/v1/models": "never" });
  using speech = serve(models("somebody", "tts-1", "whisper-1"));
  using good = serve(models("llamacpp", "a"));
  const all = [...places(page, hung, speech, good), { port: 1, kind: "nobody" }];
  const found = await findChatServers({ ...common, places: all, limitMs: 400 });
  expect(found.map(({ kind }) => kind)).toEqual(["llama-server"]);
});

test("speech servers are known by their voices or by the document of what they can do", async () => {
  using kokoro = new ScriptedSpeechServer();
  kokoro.voices = JSON.stringify({ voices: ["af_bella", "am_adam"] });
  using documented = serve({ "/openapi.json": { paths: { "/v1/audio/speech": {} } } });
  using chat = serve({ "/openapi.json": { paths: { "/v1/chat/completions": {} } } });
  const seen = [{ port: kokoro.port, kind: "Kokoro-FastAPI" }, ...places(documented, chat)];
  expect(await findSpeechServers({ ...common, places: seen })).toEqual([
    { kind: "Kokoro-FastAPI", url: kokoro.url, voices: ["af_bella", "am_adam"] },
    { kind: "unknown", url: `http://127.0.0.1:${documented.port}`, voices: [] },
  ]);
});

test("whoever stops the search gets what there is at once", async () => {
  using hung = serve({ "/v1/models": "never" });
  const stop = new AbortController();
  const search = findChatServers({
    clock: systemClock,
    signal: stop.signal,
    places: places(hung),
    limitMs: 60_000,
  });
  stop.abort();
  expect(await search).toEqual([]);
});

test("a server that calls itself by a name of the language is of the kind that its port tells", async () => {
  using odd = serve(models("constructor", "x"));
  expect(await findChatServers({ ...common, places: places(odd) })).toMatchObject([
    { kind: "unknown", models: ["x"] },
  ]);
});
