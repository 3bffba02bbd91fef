import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readByteRange } from "../../src/web/byte-range.ts";
import { newServices, scriptCall, startMs } from "../history/event-scripts.ts";
import { CallsRig } from "./calls-rig.ts";
import { cheapHash } from "./web-rig.ts";

setDefaultTimeout(20_000);

const sound = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7) & 0xff);
const address = "/api/v1/history/1/audio/1";
let rig: CallsRig;
let path: string;

beforeEach(() => {
  rig = new CallsRig();
  path = rig.addRecording(1, sound);
});

afterEach(async () => {
  await rig.stop();
});

/** A call whose recording is told to be there. */
async function start(told = path, hash?: string): Promise<void> {
  const { sip } = newServices();
  scriptCall({ sip }, { number: 1, callId: "2", atMs: startMs, turns: 1 });
  const note = { key: "1", path: told, startedMs: startMs, durationMs: 9, problem: "" };
  sip.tell(startMs + 20_000, "recorded", { ...note, bytes: sound.length });
  rig.fill(sip.events);
  await rig.start({}, hash);
}

const bytesOf = async (response: Response): Promise<Uint8Array> =>
  new Uint8Array(await response.arrayBuffer());

describe("a recording", () => {
  test("is played on the page of its call, and sent whole", async () => {
    await start();
    expect(await rig.page("/calls/1")).toContain(`src="${address}"`);
    const response = await rig.get(address);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("audio/wav");
    expect(response.headers.get("accept-ranges")).toBe("bytes");
    expect(response.headers.get("content-security-policy")).toContain("media-src 'self'");
    expect(Buffer.from(await bytesOf(response)).equals(Buffer.from(sound))).toBe(true);
  });

  test.each([
    ["bytes=0-0", 0, 1],
    ["bytes=0-99", 0, 100],
    ["bytes=100-", 100, 300_000],
    ["bytes=-5", 299_995, 300_000],
    ["bytes=-999999999", 0, 300_000],
    ["bytes=299999-999999999", 299_999, 300_000],
    ["bytes=65535-65536", 65_535, 65_537],
  ])("is sent in parts: %s", async (range, from, to) => {
    await start();
    const response = await rig.get(address, { range });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${from}-${to - 1}/300000`);
    const part = Buffer.from(await bytesOf(response));
    expect(part.equals(Buffer.from(sound.subarray(from, to)))).toBe(true);
  });

  test.each(["bytes=300000-", "bytes=999999999-", "bytes=-0"])("ends before %s", async (range) => {
    await start();
    const response = await rig.get(address, { range });
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toBe("bytes */300000");
  });

  test.each(["bytes=9-1", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=-", "bytes 0-1"])(
    "is sent whole when %s makes no sense or asks for several parts",
    async (range) => {
      await start();
      const response = await rig.get(address, { range });
      expect(response.status).toBe(200);
      expect((await bytesOf(response)).length).toBe(300_000);
    },
  );

  test("that has changed since its first part is sent whole", async () => {
    await start();
    const etag = (await rig.get(address)).headers.get("etag") ?? "";
    const headers = { range: "bytes=0-9", "if-range": etag };
    expect((await rig.get(address, headers)).status).toBe(206);
    writeFileSync(path, "shorter");
    expect((await rig.get(address, headers)).status).toBe(200);
  });

  test("says its length to whoever asks for the head only", async () => {
    await start();
    const response = await fetch(rig.url + address.slice(1), { method: "HEAD" });
    expect(response.status).toBe(200);
    expect((await bytesOf(response)).length).toBe(0);
  });

  test("needs a login where there is a password", async () => {
    await start(path, await cheapHash());
    expect((await rig.get(address)).status).toBe(401);
  });
});

describe("nothing else is sent", () => {
  test.each(["/etc/passwd", "../calls.sqlite", "/proc/self/environ", "x.wav", ""])(
    "when the history names %s",
    async (told) => {
      await start(told === "../calls.sqlite" ? join(rig.audioFolder, told) : told);
      expect((await rig.get(address)).status).toBe(404);
    },
  );

  test("through a link, or when the file is gone", async () => {
    const secret = join(rig.stateFolder, "secret");
    writeFileSync(secret, "secret");
    rmSync(path);
    symlinkSync(secret, path);
    await start();
    expect((await rig.get(address)).status).toBe(404);
    rmSync(path);
    expect((await rig.get(address)).status).toBe(404);
    expect(await rig.page("/calls/1")).toContain("The recording is gone from its disk.");
  });

  test.each(["0", "2", "-1", "1e0", "01x", "..%2f..%2f1", "99999999999"])(
    "as number %s",
    async (number) => {
      await start();
      expect((await rig.get(`/api/v1/history/1/audio/${number}`)).status).toBe(404);
    },
  );

  test("nor where it lies", async () => {
    await start();
    for (const told of [
      "/api/v1/history/1",
      "/api/v1/history/1/export?format=json",
      "/api/v1/history/export?format=json",
      "/calls/1",
    ])
      expect(await rig.page(told)).not.toContain(rig.stateFolder);
  });
});

test("a range of an empty file is none of it", () => {
  expect(readByteRange("bytes=0-", 0)).toEqual({ kind: "none" });
  expect(readByteRange("bytes=-1", 0)).toEqual({ kind: "none" });
  expect(readByteRange(null, 0)).toEqual({ kind: "all" });
});
