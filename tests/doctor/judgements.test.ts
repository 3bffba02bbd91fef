import { describe, expect, test } from "bun:test";
import { judgeChat, judgeVoice } from "../../src/doctor/checks/answers.ts";
import { judgeConfiguration } from "../../src/doctor/checks/configuration.ts";
import { judgeSpeed } from "../../src/doctor/checks/hearing-speed.ts";
import { judgeLines } from "../../src/doctor/checks/lines.ts";
import { judgeDisk, judgeMemory, judgeTime } from "../../src/doctor/checks/machine.ts";
import { judgePorts, type SeenPort } from "../../src/doctor/checks/ports.ts";
import { judgeRegistration } from "../../src/doctor/checks/registration.ts";
import { judgeServices } from "../../src/doctor/checks/services.ts";
import { isPrivateAddress, judgeSoundPath } from "../../src/doctor/checks/sound-path.ts";
import type { Finding, FindingLevel } from "../../src/doctor/finding.ts";
import type { SeenLine } from "../../src/doctor/line-probe.ts";
import { parseMeminfo } from "../../src/doctor/machine-memory.ts";
import type { ServiceStatus } from "../../src/doctor/service-statuses.ts";
import { judgeTestCall, type TestCallFacts } from "../../src/doctor/test-call-verdict.ts";

type Case = readonly [
  name: string,
  findings: readonly Finding[],
  level: FindingLevel,
  words: string,
];

function check(cases: readonly Case[]): void {
  for (const [name, findings, level, words] of cases) {
    test(`${name}: ${level}`, () => {
      const found = findings.find(({ seen }) => seen.includes(words));
      expect(findings.map(({ seen }) => seen).join("; ")).toContain(words);
      expect(found?.level).toBe(level);
      if (level === "fault") expect(found?.fix).toBeString();
    });
  }
}

function service(name: string, pid: number, status: Record<string, unknown> = {}): ServiceStatus {
  return {
    service: name,
    pid,
    status: { version: "1.0", commit: "abc", ...status },
    problem: undefined,
  };
}

const configuration = {
  path: "/c.toml",
  isThere: true,
  problems: [],
  run: ["whisper"],
  passwords: [],
};

describe("the configuration", () => {
  const line = { line: "200@pbx", source: undefined };
  check([
    ["right", judgeConfiguration(configuration), "ok", "/c.toml is right; to run: whisper"],
    [
      "absent",
      judgeConfiguration({ ...configuration, isThere: false }),
      "warning",
      "there is no /c.toml",
    ],
    [
      "wrong",
      judgeConfiguration({ ...configuration, problems: ["/c.toml:3: no key"] }),
      "fault",
      ":3: no key",
    ],
    [
      "a line without password",
      judgeConfiguration({ ...configuration, run: ["sip"], passwords: [line] }),
      "fault",
      "200@pbx has no password",
    ],
    [
      "sip without lines",
      judgeConfiguration({ ...configuration, run: ["sip"] }),
      "fault",
      "[sip] has no line",
    ],
  ]);
});

describe("the services", () => {
  const facts = {
    run: ["whisper"],
    statuses: [service("whisper", 7)],
    build: "1.0 abc",
    stateFolder: "/s",
  };
  const given = { name: "whisper", lastReason: "killed by SIGSEGV" };
  const silent = { ...service("whisper", 7), status: undefined, problem: "no answer within 4 s" };
  check([
    ["all there", judgeServices(facts), "ok", "all of build 1.0 abc"],
    [
      "none",
      judgeServices({ ...facts, statuses: [] }),
      "fault",
      "no service runs with the state folder /s",
    ],
    [
      "one missing",
      judgeServices({ ...facts, run: ["whisper", "llama"] }),
      "fault",
      "llama does not run",
    ],
    [
      "one given up",
      judgeServices({ ...facts, statuses: [service("supervisor", 1, { services: [given] })] }),
      "fault",
      "whisper does not run: killed by SIGSEGV",
    ],
    [
      "one twice",
      judgeServices({ ...facts, statuses: [service("whisper", 7), service("whisper", 8)] }),
      "fault",
      "whisper runs 2 times: processes 7, 8",
    ],
    [
      "of another build",
      judgeServices({ ...facts, build: "1.1 def" }),
      "fault",
      "whisper (process 7) is 1.0 abc",
    ],
    [
      "one that hangs",
      judgeServices({ ...facts, statuses: [silent] }),
      "fault",
      "does not answer: no answer",
    ],
    [
      "one that starts",
      judgeServices({ ...facts, statuses: [service("whisper", 7, { state: "starting" })] }),
      "warning",
      "still starting",
    ],
  ]);
});

describe("the ports", () => {
  const port: SeenPort = {
    service: "whisper",
    kind: "udp",
    port: 13_000,
    bind: "127.0.0.1",
    state: "taken",
    reason: "EADDRINUSE",
    owner: { pid: 7, name: "wildfire" },
    servicePids: [7],
  };
  check([
    ["our own service", judgePorts([port]), "ok", "UDP 13000 whisper"],
    [
      "free before the start",
      judgePorts([{ ...port, state: "free", servicePids: [] }]),
      "ok",
      "UDP 13000 free",
    ],
    [
      "held by a stranger",
      judgePorts([{ ...port, owner: { pid: 9, name: "asr" } }]),
      "fault",
      "UDP 13000 of whisper is held by asr (process 9)",
    ],
    [
      "held by who knows whom",
      judgePorts([{ ...port, owner: undefined, servicePids: [] }]),
      "fault",
      "taken by another program",
    ],
    [
      "not listened to",
      judgePorts([{ ...port, state: "free" }]),
      "warning",
      "does not listen on UDP 13000",
    ],
    [
      "not to be had",
      judgePorts([{ ...port, state: "forbidden", reason: "EACCES" }]),
      "fault",
      "EACCES",
    ],
  ]);
});

const seenLine: SeenLine = {
  name: "200@pbx",
  address: "192.168.1.10",
  localAddress: "192.168.1.20",
  seenAs: "192.168.1.20",
  problem: undefined,
};

describe("the lines", () => {
  const registered = service("sip", 5, { lines: [{ line: "200@pbx", isRegistered: true }] });
  const refused = service("sip", 5, {
    lines: [{ line: "200@pbx", isRegistered: false, lastProblem: "403 Forbidden" }],
  });
  const facts = { wantsLines: true, seen: [seenLine], statuses: [registered] };
  const away = { ...seenLine, problem: "192.168.1.10:5060 does not answer by UDP" };
  check([
    ["registered", judgeLines(facts), "ok", "200@pbx is registered at 192.168.1.10"],
    [
      "refused",
      judgeLines({ ...facts, statuses: [refused] }),
      "fault",
      "not registered: 403 Forbidden",
    ],
    [
      "the PBX is away",
      judgeLines({ ...facts, seen: [away], statuses: [refused] }),
      "fault",
      "the PBX cannot be reached",
    ],
    [
      "no service has it",
      judgeLines({ ...facts, statuses: [] }),
      "fault",
      "no sip service has this line",
    ],
    ["none wanted", judgeLines({ ...facts, wantsLines: false }), "skipped", "no telephone line"],
  ]);

  test("a wrong password is told apart from other reasons", () => {
    expect(judgeLines({ ...facts, statuses: [refused] })[0]?.fix).toContain(
      "check user and password",
    );
  });
});

describe("the way of the sound", () => {
  const facts = {
    range: { from: 16_384, to: 17_383 },
    maxCalls: 100,
    advertise: undefined,
    lines: [seenLine],
    tried: 5,
    opened: 5,
    freePairs: undefined,
  };
  const natted = { ...seenLine, address: "203.0.113.5", seenAs: "198.51.100.7" };
  check([
    ["right", judgeSoundPath(facts), "ok", "the PBX sees this host as 192.168.1.20"],
    ["no range", judgeSoundPath({ ...facts, range: undefined }), "fault", "is no range"],
    [
      "too few ports",
      judgeSoundPath({ ...facts, range: { from: 16_384, to: 16_393 } }),
      "warning",
      "room for 5 calls, and max-calls is 100",
    ],
    ["ports of others", judgeSoundPath({ ...facts, opened: 0 }), "fault", "none of 5 tried ports"],
    ["all in use", judgeSoundPath({ ...facts, freePairs: 0 }), "fault", "no RTP port"],
    [
      "behind NAT",
      judgeSoundPath({ ...facts, lines: [natted] }),
      "warning",
      "behind NAT towards 203.0.113.5",
    ],
    [
      "advertised wrongly",
      judgeSoundPath({ ...facts, lines: [natted], advertise: "198.51.100.9" }),
      "fault",
      "sees this host as 198.51.100.7",
    ],
    [
      "advertised rightly",
      judgeSoundPath({ ...facts, lines: [natted], advertise: "198.51.100.7" }),
      "ok",
      "for 100 calls",
    ],
    [
      "public address for a local PBX",
      judgeSoundPath({
        ...facts,
        lines: [{ ...seenLine, seenAs: undefined }],
        advertise: "198.51.100.7",
      }),
      "warning",
      "in the local network",
    ],
  ]);

  test("private addresses are known", () => {
    const isPrivate = [
      "10.1.2.3",
      "172.31.0.1",
      "192.168.0.1",
      "100.64.0.1",
      "127.0.0.1",
      "fd00::1",
      "::1",
    ];
    const isPublic = ["172.32.0.1", "192.169.0.1", "8.8.8.8", "2001:db8::1", "100.128.0.1"];
    expect(isPrivate.filter((address) => !isPrivateAddress(address))).toEqual([]);
    expect(isPublic.filter(isPrivateAddress)).toEqual([]);
  });
});

describe("the registration of calls", () => {
  const listener = {
    address: "127.0.0.1:13000",
    datagrams: 9,
    kernelDrops: 0,
    receiveBufferBytes: 8,
    receiveBufferWantedBytes: 4,
    refused: { empty: 0 },
  };
  const whisper = (patterns: readonly string[], more: object = {}): readonly ServiceStatus[] => [
    service("whisper", 7, {
      patterns: patterns.map((pattern) => ({
        pattern,
        finding: `finding ${pattern}`,
        advice: `advice ${pattern}`,
      })),
      registration: { ...listener, ...more },
    }),
  ];
  check([
    ["healthy", judgeRegistration(whisper([])), "ok", "9 datagrams so far"],
    [
      "pattern A, which may be a quiet day",
      judgeRegistration(whisper(["A"])),
      "warning",
      "pattern A: finding A",
    ],
    ["pattern B", judgeRegistration(whisper(["B"])), "fault", "pattern B: finding B"],
    ["pattern C", judgeRegistration(whisper(["A", "C"])), "fault", "pattern C: finding C"],
    ["pattern D", judgeRegistration(whisper(["D"])), "fault", "pattern D: finding D"],
    [
      "dropped",
      judgeRegistration(whisper([], { kernelDrops: 3 })),
      "warning",
      "dropped 3 datagrams",
    ],
    [
      "a small buffer",
      judgeRegistration(whisper([], { receiveBufferBytes: 2 })),
      "warning",
      "2 of 4 bytes",
    ],
    [
      "junk",
      judgeRegistration(whisper([], { refused: { "unknown-verb": 2 } })),
      "warning",
      "2 unknown-verb",
    ],
    ["no whisper", judgeRegistration([]), "skipped", "no whisper"],
    [
      "a status that is none",
      judgeRegistration([service("whisper", 7, { patterns: 3, registration: [] })]),
      "ok",
      "undefined",
    ],
  ]);
});

describe("what is measured", () => {
  const speed = { model: "m", audioMs: 3000, decodeMs: 500, cores: 2, callsUp: 0 };
  const chat = {
    figures: { firstTokenMs: 200, totalMs: 210, tokens: 1, tokensPerSecond: 0, retries: 0 },
    hasBegun: true,
  };
  const failure = {
    kind: "unreachable",
    message: "nobody answers at x",
    hint: "start it",
  } as const;
  const spoken = { engine: "openai-speech", firstSoundMs: 100, soundMs: 900, problem: undefined };
  check([
    ["speed: fluent", [judgeSpeed(speed)], "ok", "real-time factor 0.17"],
    ["speed: slow", [judgeSpeed({ ...speed, decodeMs: 2000 })], "warning", "2000 ms"],
    ["speed: hopeless", [judgeSpeed({ ...speed, decodeMs: 6000 })], "fault", "factor 2.00"],
    [
      "speed: beside calls",
      [judgeSpeed({ ...speed, decodeMs: 6000, callsUp: 3 })],
      "warning",
      "beside 3 calls",
    ],
    [
      "chat: answers",
      [judgeChat("http://x", { ...chat, kind: "complete", finish: "length" })],
      "ok",
      "after 200 ms",
    ],
    [
      "chat: slow",
      [
        judgeChat("http://x", {
          ...chat,
          figures: { ...chat.figures, firstTokenMs: 4000 },
          kind: "complete",
          finish: "length",
        }),
      ],
      "warning",
      "4000 ms",
    ],
    [
      "chat: away",
      [judgeChat("http://x", { ...chat, kind: "failed", failure })],
      "fault",
      "nobody answers at x",
    ],
    [
      "chat: no end",
      [judgeChat("http://x", { ...chat, kind: "cancelled" })],
      "fault",
      "did not answer in time",
    ],
    ["voice: speaks", [judgeVoice(spoken)], "ok", "first sound after 100 ms"],
    [
      "voice: fails",
      [judgeVoice({ ...spoken, problem: "http://u:pw@x refused" })],
      "fault",
      "http://u:(hidden)@x refused",
    ],
    [
      "voice: is silent",
      [judgeVoice({ ...spoken, firstSoundMs: undefined, soundMs: 0 })],
      "fault",
      "gave no sound",
    ],
    ["voice: slow", [judgeVoice({ ...spoken, firstSoundMs: 3000 })], "warning", "3000 ms"],
    ["disk: full", judgeDisk([{ folder: "/v", freeBytes: 5e6 }]), "fault", "/v has 5 MB free"],
    ["disk: scarce", judgeDisk([{ folder: "/v", freeBytes: 5e8 }]), "warning", "500 MB"],
    ["disk: room", judgeDisk([{ folder: "/v", freeBytes: 5e9 }]), "ok", "5.0 GB"],
    [
      "memory: none",
      [judgeMemory({ totalBytes: 8e9, availableBytes: 1e8 })],
      "fault",
      "100 MB of 8.0 GB",
    ],
    [
      "memory: little",
      [judgeMemory({ totalBytes: 8e9, availableBytes: 3e8 })],
      "warning",
      "300 MB",
    ],
    ["memory: unknown", [judgeMemory(undefined)], "skipped", "does not tell"],
    [
      "clock: before the build",
      [judgeTime({ wallMs: Date.UTC(2020, 1), buildMs: Date.UTC(2026, 10), isSynchronised: true })],
      "fault",
      "it is not 2020-02-01",
    ],
    [
      "clock: far ahead",
      [judgeTime({ wallMs: Date.UTC(2090, 1), buildMs: undefined, isSynchronised: undefined })],
      "fault",
      "it is not 2090",
    ],
    [
      "clock: free running",
      [judgeTime({ wallMs: Date.UTC(2027, 1), buildMs: undefined, isSynchronised: false })],
      "warning",
      "not synchronised",
    ],
    [
      "clock: right",
      [judgeTime({ wallMs: Date.UTC(2027, 1), buildMs: undefined, isSynchronised: true })],
      "ok",
      "synchronised",
    ],
  ]);

  test("the memory is read from the kernel's table", () => {
    expect(parseMeminfo("MemTotal:  100 kB\nMemFree: 1 kB\nMemAvailable:  50 kB\n")).toEqual({
      totalBytes: 102_400,
      availableBytes: 51_200,
    });
    expect(parseMeminfo("nothing")).toBeUndefined();
  });
});

describe("a test call is stuck where it is stuck", () => {
  const good: TestCallFacts = {
    inboundCode: 0,
    inboundWords: "",
    transcripts: 3,
    llamaTexts: 3,
    answers: 3,
    failedAnswer: "",
    voiceTexts: 3,
    speaking: 2,
    replyMs: 4000,
  };
  check([
    ["nowhere", judgeTestCall(good), "ok", "the caller heard 4.0 s of voice"],
    [
      "whisper",
      judgeTestCall({ ...good, transcripts: 0, inboundWords: "whisper never connected" }),
      "fault",
      "whisper returned no transcript: whisper never connected",
    ],
    [
      "no end",
      judgeTestCall({ ...good, transcripts: 0, inboundCode: undefined }),
      "fault",
      "the call did not end",
    ],
    [
      "between whisper and llama",
      judgeTestCall({ ...good, llamaTexts: 0 }),
      "fault",
      "none came to llama",
    ],
    [
      "llama",
      judgeTestCall({ ...good, answers: 0, failedAnswer: "failed: unreachable" }),
      "fault",
      "no answer: failed: unreachable",
    ],
    [
      "between llama and voice",
      judgeTestCall({ ...good, voiceTexts: 0 }),
      "fault",
      "no text came to the voice",
    ],
    ["voice", judgeTestCall({ ...good, speaking: 0 }), "fault", "did not speak"],
    ["outbound", judgeTestCall({ ...good, replyMs: 0 }), "fault", "the caller heard nothing"],
  ]);
});
