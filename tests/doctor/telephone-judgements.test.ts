import { describe, expect, test } from "bun:test";
import { judgeLines } from "../../src/doctor/checks/lines.ts";
import { judgeRegistration } from "../../src/doctor/checks/registration.ts";
import { isPrivateAddress, judgeSoundPath } from "../../src/doctor/checks/sound-path.ts";
import type { ServiceStatus } from "../../src/doctor/service-statuses.ts";
import { check, seenLine, service } from "./judgement-cases.ts";

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
