import {
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Answer,
  cutOff,
  type FileServer,
  serveFiles,
  stalling,
  whole,
} from "../models-store/file-server.ts";
import { until } from "../fakes/until.ts";
import { cheapHash, EventReading, fieldsOf, password, WebRig } from "./web-rig.ts";

setDefaultTimeout(30_000);

type Fields = Readonly<Record<string, unknown>>;

const demoPath = join(import.meta.dir, "../../models/demo/ggml-telephone-tiny.en-q8_0.bin.gz");
const file = "ggml-tiny.en-q8_0.bin";
const path = `/${file}`;
const name = "tiny.en-q8_0";
const variables = ["WILDFIRE_MODELS_DIR", "WILDFIRE_MODEL_MIRROR"] as const;

let demo: Uint8Array<ArrayBuffer>;
let sha256: string;
let rig: WebRig;
let folder: string;
let server: FileServer | undefined;
const readings: EventReading[] = [];

beforeAll(async () => {
  demo = Bun.gunzipSync(await Bun.file(demoPath).bytes());
  sha256 = new Bun.CryptoHasher("sha256").update(demo).digest("hex");
});

beforeEach(() => {
  rig = new WebRig();
  folder = join(rig.stateFolder, "models");
});

afterEach(async () => {
  for (const reading of readings.splice(0)) reading.close();
  await rig.stop();
  await server?.[Symbol.asyncDispose]();
  server = undefined;
});

const hash = (): Answer => () => new Response(`${sha256}  ${file}\n`);

/** Starts the service with models from `answers`, or from a place that nobody finds. */
async function start(
  answers: readonly Answer[] | undefined,
  values: Parameters<WebRig["start"]>[0] = {},
  passwordHash?: string,
  nowhere = "http://nowhere.invalid/models",
): Promise<void> {
  server =
    answers === undefined
      ? undefined
      : serveFiles({ [path]: answers, [`${path}.sha256`]: [hash()] });
  process.env["WILDFIRE_MODELS_DIR"] = folder;
  process.env["WILDFIRE_MODEL_MIRROR"] = server?.place ?? nowhere;
  try {
    const config = join(rig.stateFolder, "wildfire.toml");
    writeFileSync(config, "");
    await rig.start({ config, ...values }, passwordHash);
  } finally {
    for (const variable of variables) delete process.env[variable];
  }
}

async function send(method: string, target: string): Promise<{ status: number; answer: Fields }> {
  const headers = { "x-csrf-token": await rig.csrf() };
  const response = await fetch(rig.url + target.slice(1), { method, headers });
  return { status: response.status, answer: fieldsOf(await response.json()) };
}

const act = (what: string, model = name): ReturnType<typeof send> =>
  send("POST", `/api/v1/models/${model}/${what}`);

async function pullState(): Promise<Fields> {
  return fieldsOf((await rig.json("/api/v1/models"))["pull"]);
}

async function pullEnded(): Promise<Fields> {
  for (;;) {
    const state = await pullState();
    if (state["phase"] !== "running") return state;
    await Bun.sleep(5);
  }
}

async function here(): Promise<Fields[]> {
  const list = (await rig.json("/api/v1/models"))["here"];
  return Array.isArray(list) ? list.map(fieldsOf) : [];
}

async function page(): Promise<string> {
  return await (await rig.get("/ears")).text();
}

describe("a download", () => {
  test("comes with progress to whoever looks, and is checked", async () => {
    let rest: ReadableStreamDefaultController | undefined;
    const slow: Answer = () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(demo.subarray(0, 5_000_000));
            rest = controller;
          },
        }),
      );
    await start([slow]);
    const live = await EventReading.open(`${rig.url}live/ears`);
    readings.push(live);
    const pieces = (): string[] =>
      live.events
        .filter(({ data }) => data["id"] === "models-pull")
        .map(({ data }) => String(data["html"]));
    expect(await act("pull")).toMatchObject({
      status: 202,
      answer: { message: `${name} is being downloaded.` },
    });
    await until(
      () => pieces().some((piece) => /class="hint figures"\s*>\s*5 MB/.test(piece)),
      "some progress",
    );
    rest?.enqueue(demo.subarray(5_000_000));
    rest?.close();
    expect(await pullEnded()).toMatchObject({ phase: "done", note: "its SHA-256 is right" });
    await until(() => pieces().some((piece) => piece.includes("its SHA-256 is right")), "the end");
    expect(await here()).toMatchObject([
      { name: "built-in" },
      { name, type: "tiny", isOurs: true },
    ]);
    expect(await page()).toContain(`id="remove-${name}"`);
  });

  test("goes on where it broke off, also with nobody looking", async () => {
    await start([cutOff(demo, 5_000_000), whole(demo)]);
    await act("pull");
    expect(await pullEnded()).toMatchObject({ phase: "done" });
    expect(server?.requests.at(-1)).toMatch(/bytes=[1-9]\d+-$/);
  });

  test("that is cancelled keeps what is here, and goes on from there", async () => {
    await start([stalling(demo, 4_000_000), whole(demo)]);
    await act("pull");
    while (Number((await pullState())["doneBytes"]) === 0) await Bun.sleep(5);
    expect((await act("cancel")).status).toBe(202);
    expect(await pullEnded()).toMatchObject({ phase: "cancelled" });
    expect(readdirSync(folder)).toEqual([`.${file}.partial`]);
    const shown = await page();
    expect(shown).toContain(`aria-label="Go on ${name}"`);
    expect(shown).toContain("are here");
    expect(await act("cancel")).toMatchObject({ status: 409 });
    await act("pull");
    expect(await pullEnded()).toMatchObject({ phase: "done" });
    expect(server?.requests.at(-1)).toMatch(/bytes=[1-9]\d+-$/);
  });

  test("that came damaged is thrown away, and that is said", async () => {
    const damaged = demo.slice();
    damaged[9_000_000] = (damaged[9_000_000] ?? 0) ^ 1;
    await start([whole(damaged)]);
    await act("pull");
    const state = await pullEnded();
    expect(state["phase"]).toBe("failed");
    expect(state["note"]).toContain("came damaged");
    expect(readdirSync(folder)).toEqual([]);
    expect(await page()).toContain("Nothing was kept: say it again, or try another mirror.");
  });

  test("comes from a mirror whose password nobody is shown", async () => {
    await start(undefined, {}, undefined, "http://user:hunter2@nowhere.invalid/models");
    expect(await page()).toContain("http://user:(hidden)@nowhere.invalid/models");
    expect((await rig.json("/api/v1/models"))["source"]).not.toContain("hunter2");
  });

  test("without a way to the server names the ways out", async () => {
    await start(undefined);
    await act("pull");
    expect(await pullEnded()).toMatchObject({ phase: "failed" });
    const shown = await page();
    expect(shown).toContain("nowhere.invalid gives no model");
    expect(shown).toContain("use --mirror or a proxy (HTTPS_PROXY), or copy the file here");
    expect(shown).toContain("WILDFIRE_MODEL_MIRROR");
  });

  test("is one at a time, and the one that runs is not removed", async () => {
    await start([stalling(demo, 4_000_000)]);
    await act("pull");
    const second = await act("pull", "base.en");
    expect(second).toMatchObject({ status: 409, answer: { error: `${name} is being downloaded` } });
    for (const called of [name, file]) {
      expect(await send("DELETE", `/api/v1/models/${called}`)).toMatchObject({ status: 409 });
    }
    expect(await page()).toContain(`aria-label="Download base.en: ${name} is being downloaded"`);
  });

  test("ends with the service, which does not wait for the server", async () => {
    await start([stalling(demo, 4_000_000)]);
    await act("pull");
    while (Number((await pullState())["doneBytes"]) === 0) await Bun.sleep(5);
    await rig.stop();
    expect(rig.logText).toContain("the download of a model ended");
    rig = new WebRig();
  });

  test.each([
    {
      what: "a model that nobody knows",
      model: "base.ne",
      body: {},
      words: "did you mean base.en?",
    },
    {
      what: "a mirror that is none",
      model: name,
      body: { mirror: "ftp://x" },
      words: "https://mirror",
    },
    { what: "a hash that is none", model: name, body: { sha256: "abc" }, words: "64 hexadecimal" },
  ])("of $what is refused", async ({ model, body, words }) => {
    await start([whole(demo)]);
    const headers = { "x-csrf-token": await rig.csrf(), "content-type": "application/json" };
    const response = await rig.post(`/api/v1/models/${model}/pull`, headers, JSON.stringify(body));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(words);
    expect(await pullState()).toMatchObject({ phase: "none" });
  });
});

describe("models on disk", () => {
  test("that were copied there are shown, and what is none with its reason", async () => {
    await start(undefined);
    mkdirSync(folder);
    writeFileSync(join(folder, file), demo);
    writeFileSync(join(folder, "junk.bin"), "<html>");
    const models = await here();
    expect(models).toMatchObject([
      { name: "built-in", isChosen: true },
      { name, quantisation: "q8_0", isMultilingual: false, problem: "" },
      { name: "junk.bin" },
    ]);
    expect(models[2]?.["problem"]).toContain("not a whisper.cpp ggml model");
    const shown = await page();
    expect(shown).toContain("Chosen");
    expect(shown).toContain("fluent");
    expect(await act("use", "junk.bin")).toMatchObject({ status: 400 });
  });

  test("one is chosen for the configuration, and is not removed then", async () => {
    await start(undefined);
    mkdirSync(folder);
    writeFileSync(join(folder, file), demo);
    const used = await act("use");
    expect(used.status).toBe(200);
    expect(String(used.answer["message"])).not.toBe("");
    const text = await Bun.file(join(rig.stateFolder, "wildfire.toml")).text();
    expect(text).toContain(`model = "${join(folder, file)}"`);
    expect(await here()).toMatchObject([{ isChosen: false }, { name, isChosen: true }]);
    const refused = await send("DELETE", `/api/v1/models/${name}`);
    expect(refused).toMatchObject({
      status: 409,
      answer: { error: `${file} is not removed: the configuration names it` },
    });
    expect(await page()).toContain("The configuration names it: choose another one first");
    expect((await act("use", "built-in")).status).toBe(200);
    expect((await send("DELETE", `/api/v1/models/${name}`)).status).toBe(200);
    expect(existsSync(join(folder, file))).toBe(false);
  });

  test("the one that is heard with is not removed, wherever it lies", async () => {
    await start(undefined);
    mkdirSync(folder);
    writeFileSync(join(folder, file), demo);
    rig.play("whisper", {
      describe: () => ({ model: { name: `${join(folder, file)} (tiny, q8_0)`, cpu: "avx2" } }),
    });
    expect(await here()).toMatchObject([{ isRunning: false }, { name, isRunning: true }]);
    expect(await send("DELETE", `/api/v1/models/${name}`)).toMatchObject({
      status: 409,
      answer: { error: `${file} is not removed: the ears hear with it now` },
    });
    expect(await page()).toContain("In use");
  });

  test.each(["..%2Fsecrets.bin", "%2Fetc%2Fpasswd", "ggml-none.bin", "base.en", ".x.bin"])(
    "%s is not removed, since it is no model here",
    async (target) => {
      await start(undefined);
      writeFileSync(join(rig.stateFolder, "secrets.bin"), "keep");
      expect((await send("DELETE", `/api/v1/models/${target}`)).status).toBe(400);
      expect(existsSync(join(rig.stateFolder, "secrets.bin"))).toBe(true);
    },
  );
});

test("viewers look, operators download from the usual place, administrators choose and remove", async () => {
  await start([stalling(demo, 1000)], {}, await cheapHash());
  const admin = await rig.browser(password);
  const codes: Record<string, number[]> = {};
  for (const role of ["viewer", "operator"]) {
    const body = JSON.stringify({ name: role, role });
    const made = await rig.post(
      "/api/v1/tokens",
      { ...admin, "content-type": "application/json" },
      body,
    );
    const token = String(fieldsOf(await made.json())["secret"]);
    const headers = { authorization: `Bearer ${token}` };
    const json = { ...headers, "content-type": "application/json" };
    const target = `/api/v1/models/${name}`;
    codes[role] = [
      (await rig.get("/api/v1/models", headers)).status,
      (await rig.post(`${target}/pull`, json, '{"mirror":"http://127.0.0.1:1/"}')).status,
      (await rig.post(`${target}/pull`, headers)).status,
      (await rig.post(`${target}/cancel`, headers)).status,
      (await rig.post(`${target}/use`, headers)).status,
      (await fetch(rig.url + target.slice(1), { method: "DELETE", headers })).status,
    ];
  }
  expect(codes).toEqual({
    viewer: [200, 403, 403, 403, 403, 403],
    operator: [200, 403, 202, 202, 403, 403],
  });
});
