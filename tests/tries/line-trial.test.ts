import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { type LineTrial, type LineTry, tryLine } from "../../src/tries/line-trial.ts";
import {
  hasOpenssl,
  makeCertificates,
  type TestCertificates,
} from "../call/sip/transport/certificates.ts";
import { until } from "../fakes/until.ts";
import { type RegisterRequest, silence, SmallRegistrar } from "./small-registrar.ts";

setDefaultTimeout(20_000);

const password = "s3cr3t-0f-100";
const log = createLogger({ level: "error", clock: systemClock, sink: () => undefined });

function refusesQuestions({ contact, hasCredentials }: RegisterRequest): string | undefined {
  return contact === undefined && hasCredentials ? "400 Bad Request" : undefined;
}

function wantsLonger({ contact }: RegisterRequest): string | undefined {
  const isShort = contact?.includes("expires=60") === true;
  return isShort ? "423 Interval Too Brief\r\nMin-Expires: 300" : undefined;
}

function forbidsAfterPassword({ hasCredentials }: RegisterRequest): string | undefined {
  return hasCredentials ? "403 Forbidden" : undefined;
}

async function tried(line: string, more: Partial<LineTry> = {}): Promise<LineTrial> {
  return await tryLine({
    line,
    password,
    clock: systemClock,
    log,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    signal: new AbortController().signal,
    ...more,
  });
}

describe("a line that nobody has", () => {
  test.each(["udp", "tcp"] as const)("is registered over %s and taken back", async (transport) => {
    using pbx = await SmallRegistrar.open({ "100": password }, { transport });
    const trial = await tried(`100@${pbx.address}`);
    expect(trial).toMatchObject({ level: "ok", verdict: "registered", status: 200 });
    expect(trial.seen).toMatch(/^100@127\.0\.0\.1:\d+ was registered after \d+ ms$/);
    expect(trial.registeredMs).toBeGreaterThan(0);
    expect(pbx.bound.get("100")).toEqual([]);
    const contacts = pbx.requests.filter(({ hasCredentials }) => hasCredentials);
    expect(contacts.map(({ contact }) => /expires=(\d+)/.exec(contact ?? "")?.[1])).toEqual([
      undefined,
      "60",
      "0",
    ]);
  });

  test("asks first without Contact and without Expires, which would take everything back", async () => {
    using pbx = await SmallRegistrar.open({ "100": password });
    await tried(`100@${pbx.address}`);
    expect(pbx.requests[0]?.text).not.toMatch(/^(Contact|Expires|m):/im);
  });

  test("is registered although the PBX refuses the question alone", async () => {
    using pbx = await SmallRegistrar.open({ "100": password }, { instead: refusesQuestions });
    expect(await tried(`100@${pbx.address}`)).toMatchObject({ verdict: "registered" });
    expect(pbx.bound.get("100")).toEqual([]);
  });

  test("is asked for a longer time where the PBX wants that", async () => {
    using pbx = await SmallRegistrar.open({ "100": password }, { instead: wantsLonger });
    expect(await tried(`100@${pbx.address}`)).toMatchObject({ verdict: "registered" });
  });
});

test("a PBX that asks for no password is told of", async () => {
  using pbx = await SmallRegistrar.open({}, { instead: () => "200 OK" });
  const trial = await tried(`100@${pbx.address}`);
  expect(trial).toMatchObject({ level: "ok", verdict: "registered" });
  expect(trial.seen).toEndWith("; the PBX asked for no password");
});

test("a line that a service has is left alone", async () => {
  using pbx = await SmallRegistrar.open({ "100": password });
  pbx.bound.set("100", ["sip:100@127.0.0.1:5099"]);
  const trial = await tried(`100@${pbx.address}`);
  expect(trial).toMatchObject({ level: "ok", verdict: "accepted" });
  expect(trial.seen).toContain("one other device is registered there and left alone");
  expect(pbx.bound.get("100")).toEqual(["sip:100@127.0.0.1:5099"]);
  expect(pbx.requests.every(({ contact }) => contact === undefined)).toBeTrue();
});

test("another address in Via means NAT, and what that asks for is said", async () => {
  using pbx = await SmallRegistrar.open({ "100": password }, { via: "received=198.51.100.7" });
  const trial = await tried(`100@${pbx.address}`);
  expect(trial).toMatchObject({
    level: "warning",
    verdict: "registered",
    natAddress: "198.51.100.7",
  });
  expect(trial.seen).toContain('the PBX sees this host as "198.51.100.7"');
  expect(trial.fix).toContain("symmetric RTP");
});

describe("a fault is named", () => {
  test("a wrong password, with few enough tries that no guard locks us out", async () => {
    using pbx = await SmallRegistrar.open({ "100": "another" });
    const trial = await tried(`100@${pbx.address}`);
    expect(trial).toMatchObject({ level: "fault", verdict: "wrong-password", status: 401 });
    expect(pbx.requests.filter(({ hasCredentials }) => hasCredentials)).toHaveLength(1);
    expect(JSON.stringify(trial)).not.toContain(password);
  });

  test("a 403 behind the password", async () => {
    using pbx = await SmallRegistrar.open({ "100": password }, { instead: forbidsAfterPassword });
    const trial = await tried(`100@${pbx.address}`);
    expect(trial).toMatchObject({ level: "fault", verdict: "wrong-password", status: 403 });
    expect(trial.fix).toContain("from which addresses it may register");
  });

  test("no password where one is asked for", async () => {
    using pbx = await SmallRegistrar.open({ "100": password });
    const trial = await tried(`100@${pbx.address}`, { password: undefined });
    expect(trial).toMatchObject({ level: "fault", verdict: "no-password" });
  });

  test("an extension that the PBX does not have", async () => {
    using pbx = await SmallRegistrar.open({ "100": password });
    const trial = await tried(`101@${pbx.address}`);
    expect(trial).toMatchObject({ level: "fault", verdict: "unknown-extension", status: 404 });
    expect(trial.seen).toContain("101@127.0.0.1");
  });

  test.each([
    ["403 Forbidden", "refused"],
    ["488 Not Here", "refused"],
    ["503 Service Unavailable", "trouble"],
    ["480 Temporarily Unavailable", "trouble"],
  ] as const)("the status %s, in the words of the PBX", async (status, verdict) => {
    using pbx = await SmallRegistrar.open({}, { instead: () => status });
    const trial = await tried(`100@${pbx.address}`);
    expect(trial).toMatchObject({ level: "fault", verdict });
    expect(trial.seen).toContain(status.slice(4));
  });

  test("nobody who answers, within the limit", async () => {
    using pbx = await SmallRegistrar.open({}, { instead: () => silence });
    const trial = await tried(`100@${pbx.address}`, { limitMs: 300 });
    expect(trial).toMatchObject({ level: "fault", verdict: "silent" });
    expect(trial.seen).toBe(`nobody answers at 127.0.0.1:${pbx.port} (udp)`);
    expect(trial.fix).toContain("port");
  });

  test.each(["udp", "tcp"])("nobody who listens there over %s", async (transport) => {
    const trial = await tried(`100@127.0.0.1:1;transport=${transport}`);
    expect(trial).toMatchObject({ level: "fault", verdict: "unreachable" });
    expect(trial.seen).toContain("127.0.0.1:1");
    expect(trial.seen).toContain("ECONNREFUSED");
  });

  test("a name that nobody knows", async () => {
    const trial = await tried("100@pbx.invalid:5060");
    expect(trial).toMatchObject({ level: "fault", verdict: "unknown-name" });
    expect(trial.seen).toContain('"pbx.invalid"');
  });

  test("a line that is none, without what may be a password", async () => {
    const trial = await tried(`100:${password}@pbx`);
    expect(trial).toMatchObject({ level: "fault", verdict: "wrong-line" });
    expect(JSON.stringify(trial)).not.toContain(password);
  });

  test("an address of ours that is none", async () => {
    const trial = await tried("100@127.0.0.1", { bind: "203.0.113.77" });
    expect(trial.level).toBe("fault");
    expect(trial.seen).toContain("203.0.113.77");
  });
});

test("whoever stops the trial gets its end at once", async () => {
  using pbx = await SmallRegistrar.open({}, { instead: () => silence });
  const stop = new AbortController();
  const trial = tried(`100@${pbx.address}`, { signal: stop.signal });
  await until(() => pbx.requests.length > 0, "the first request");
  stop.abort();
  expect(await trial).toMatchObject({ level: "skipped", verdict: "stopped" });
  expect(await tried(`100@${pbx.address}`, { signal: stop.signal })).toMatchObject({
    verdict: "stopped",
  });
});

describe.skipIf(!hasOpenssl)("over TLS", () => {
  let certificates: TestCertificates;

  beforeAll(() => {
    certificates = makeCertificates();
  });

  test("a line is registered where the certificate is trusted", async () => {
    const { good: certificate, ca } = certificates;
    using pbx = await SmallRegistrar.open({ "100": password }, { transport: "tls", certificate });
    const trial = await tried(`100@${pbx.address}`, { tls: { ca } });
    expect(trial).toMatchObject({ level: "ok", verdict: "registered" });
  });

  test("a certificate that is not trusted is the reason, with what to do", async () => {
    const { selfSigned: certificate } = certificates;
    using pbx = await SmallRegistrar.open({}, { transport: "tls", certificate });
    const trial = await tried(`100@${pbx.address}`);
    expect(trial).toMatchObject({ level: "fault", verdict: "tls-refused" });
    expect(trial.seen).toContain("self-signed");
  });

  test("what does not speak TLS is told apart from a bad certificate", async () => {
    using pbx = await SmallRegistrar.open({}, { transport: "tcp" });
    const trial = await tried(`100@127.0.0.1:${pbx.port};transport=tls`, { limitMs: 6000 });
    expect(trial.level).toBe("fault");
    expect(trial.seen).toContain(`127.0.0.1:${pbx.port}`);
  });
});
