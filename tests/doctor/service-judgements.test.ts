import { describe, expect, test } from "bun:test";
import { judgeConfiguration } from "../../src/doctor/checks/configuration.ts";
import { judgePage } from "../../src/doctor/checks/page.ts";
import { judgePorts, type SeenPort } from "../../src/doctor/checks/ports.ts";
import { judgeServices } from "../../src/doctor/checks/services.ts";
import { check, service } from "./judgement-cases.ts";

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

describe("the web page", () => {
  const dayMs = 24 * 3600 * 1000;
  const nowMs = Date.UTC(2026, 0, 1);
  const judge = (status: Record<string, unknown>) => judgePage([service("web", 7, status)], nowMs);
  const certificate = {
    kind: "files",
    fingerprint: "AB:CD",
    notAfterMs: nowMs + 90 * dayMs,
    problem: undefined,
  };
  const webhooks = {
    receivers: 2,
    failing: 0,
    hasKey: true,
    spooled: 3,
    spooledBytes: 10,
    limitBytes: 100,
  };
  const ends = (days: number) =>
    judge({ certificate: { ...certificate, notAfterMs: nowMs + days * dayMs } });
  check([
    ["not running", judgePage([], nowMs), "skipped", "no web service"],
    ["on loopback", judge({ address: "127.0.0.1:8081" }), "ok", "to this host only"],
    ["on loopback by IPv6", judge({ address: "::1:8081" }), "ok", "to this host only"],
    ["open without https", judge({ address: "0.0.0.0:8081" }), "warning", "without https"],
    ["a fresh certificate", ends(90), "ok", "until 2026-04-01, SHA-256 AB:CD"],
    ["a certificate near its end", ends(13), "warning", "ends in 13 days, on 2026-01-14"],
    ["a certificate behind its end", ends(-1), "fault", "ended on 2025-12-31"],
    [
      "a new certificate that is no good",
      judge({ certificate: { ...certificate, problem: "it cannot be read" } }),
      "warning",
      "is not used: it cannot be read",
    ],
    [
      "webhooks that arrive",
      judge({ webhooks }),
      "ok",
      "2 webhook receivers take messages, 3 wait",
    ],
    [
      "webhooks without a secret",
      judge({ webhooks: { ...webhooks, hasKey: false } }),
      "fault",
      "they have no secret",
    ],
    [
      "a receiver that is left alone",
      judge({ webhooks: { ...webhooks, failing: 1 } }),
      "warning",
      "1 of 2 webhook receivers take nothing now",
    ],
    [
      "a spool that fills",
      judge({ webhooks: { ...webhooks, spooledBytes: 81 } }),
      "warning",
      "is 81 % full",
    ],
  ]);

  test("nothing is said of webhooks where nobody gets any", () => {
    const found = judge({ address: "127.0.0.1:8081", webhooks: { receivers: 0, hasKey: false } });
    expect(found).toHaveLength(1);
  });
});
