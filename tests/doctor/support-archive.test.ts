import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { conclusion, reportAsJson, resultAsText } from "../../src/doctor/doctor-report.ts";
import { fault, ok, warning } from "../../src/doctor/finding.ts";
import { redact, redactRecord, redactText } from "../../src/doctor/redaction.ts";
import { archiveFiles, writeSupportArchive } from "../../src/doctor/support-archive.ts";
import { openSurroundings } from "../../src/doctor/surroundings.ts";

const plainColors = {
  green: (text: string) => text,
  yellow: (text: string) => text,
  red: (text: string) => text,
  dim: (text: string) => text,
};

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wildfire-archive-"));
});

afterEach(() => rm(folder, { recursive: true }));

describe("redaction", () => {
  test("words, people, numbers and secrets go; counters, addresses and times stay", () => {
    const status = {
      texts: 3,
      calls: [
        { key: "1", remote: '"Ann" <sip:+4930123456@pbx>', text: "my name is Ann", seconds: 4 },
      ],
      llama: { url: "http://me:secret@10.0.0.5:8080/v1", apiKey: "abc" },
      time: "2026-11-23T09:00:00.000Z",
      address: "192.168.100.200:13000",
      ports: "16384-17383",
      note: "call from 0171 234 5678 ended",
    };
    const text = JSON.stringify(redact(status));
    for (const secret of ["Ann", "4930123456", "secret@", "abc", "0171", "5678"])
      expect(text).not.toContain(secret);
    expect(redact(status)).toMatchObject({
      texts: 3,
      time: status.time,
      address: status.address,
      ports: status.ports,
      note: "call from (number) ended",
      calls: [{ key: "1", remote: "(hidden)", text: "(hidden)", seconds: 4 }],
    });
  });

  test("a number is one however it is written", () => {
    for (const number of ["+49 (30) 1234-5678", "004930123456", "030 123 456"]) {
      expect(redactText(`to ${number}.`)).toBe("to (number).");
    }
  });

  test("of a log record only what machines say stays", () => {
    const record = {
      wallMs: Date.UTC(2026, 0, 1),
      level: "info",
      service: "whisper",
      message: "call ended",
      fields: {
        text: "hello Ann",
        digit: "5",
        utterances: 3,
        peer: "127.0.0.1:9003",
        whatever: "words",
      },
    } as const;
    const line = redactRecord(record);
    expect(JSON.parse(line)).toEqual({
      time: "2026-01-01T00:00:00.000Z",
      level: "info",
      service: "whisper",
      message: "call ended",
      utterances: 3,
      peer: "127.0.0.1:9003",
    });
  });

  test("what a service prints is left out, how it died is kept", () => {
    const record = { wallMs: 0, level: "info", service: "llama", message: "output" } as const;
    expect(
      redactRecord({ ...record, fields: { text: "call 2: hello", stream: "stdout" } }),
    ).not.toContain("hello");
    expect(
      redactRecord({ ...record, fields: { text: "panic: heap", stream: "stderr" } }),
    ).toContain("panic: heap");
  });
});

describe("the archive", () => {
  test("has configuration, log and findings without passwords, and is never written over a file", async () => {
    const configPath = join(folder, "wildfire.toml");
    await Bun.write(configPath, '[llama]\ngreeting = "Hello Ann"\nurl = "http://u:pw123@x:1"\n');
    await mkdir(join(folder, "logs"));
    const line = {
      time: "2026-01-01T00:00:00.000Z",
      level: "warn",
      service: "sip",
      message: "slow",
      text: "Ann",
    };
    await Bun.write(join(folder, "logs/wildfire.log"), `${JSON.stringify(line)}\nbroken\n`);
    const surroundings = await openSurroundings({
      configPath,
      stateFolder: folder,
      env: { WILDFIRE_LLAMA_KEY: "key-of-mine" },
      clock: systemClock,
      randomBytes: (count) => new Uint8Array(count),
    });
    const results = [
      { name: "llama", title: "LLaMA", level: "ok", findings: [ok("fine")], tookMs: 3 },
    ] as const;
    const files = await archiveFiles(surroundings, results);
    expect(Object.keys(files)).toEqual([
      "machine.json",
      "doctor.json",
      "configuration.json",
      "log.jsonl",
    ]);
    const all = Object.values(files).join("");
    for (const secret of ["Ann", "pw123", "key-of-mine"]) expect(all).not.toContain(secret);
    expect(files["doctor.json"]).toContain("fine");
    expect(files["log.jsonl"]).toContain("slow");
    const path = join(folder, "a.tar.gz");
    await writeSupportArchive(path, surroundings, results);
    const again = writeSupportArchive(path, surroundings, results);
    expect(again).rejects.toThrow("EEXIST");
    await again.catch(() => undefined);
  });
});

describe("the report", () => {
  const findings = [ok("it works"), fault("port\u001B[2J taken", "stop that one")];
  const result = { name: "ports", title: "Ports", level: "fault", findings, tookMs: 1 } as const;

  test("has a line for each finding, the fix below, and cannot steer the terminal", () => {
    expect(resultAsText(result, plainColors)).toBe(
      "✓ Ports               it works\n✗                     port [2J taken\n                      → stop that one\n",
    );
  });

  test("concludes with counts, and is JSON for programs", () => {
    const other = { ...result, findings: [warning("a", "b")] };
    expect(conclusion([result, other])).toBe("1 fault, 1 warning.");
    expect(conclusion([{ ...result, findings: [ok("x")] }])).toBe("Nothing is wrong.");
    expect(JSON.parse(reportAsJson([result]))).toMatchObject({
      level: "fault",
      checks: [{ name: "ports" }],
    });
  });
});
