import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { type Check, type CheckResult, runChecks } from "../../src/doctor/check-runner.ts";
import { llamaCheck, voiceCheck } from "../../src/doctor/checks/answers.ts";
import { configurationCheck } from "../../src/doctor/checks/configuration.ts";
import { linesCheck } from "../../src/doctor/checks/lines.ts";
import { portsCheck } from "../../src/doctor/checks/ports.ts";
import { soundPathCheck } from "../../src/doctor/checks/sound-path.ts";
import { ok } from "../../src/doctor/finding.ts";
import { optionsRequest, parseOptionsAnswer } from "../../src/doctor/options-request.ts";
import { inodesOfPort } from "../../src/doctor/port-owner.ts";
import { isSpokenPacket } from "../../src/doctor/spoken-packet.ts";
import { openSurroundings, type Surroundings } from "../../src/doctor/surroundings.ts";
import { openUdp } from "../../src/udp.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { SmallRegistrar } from "../tries/small-registrar.ts";

setDefaultTimeout(30_000);

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wildfire-probes-"));
});

afterEach(() => rm(folder, { recursive: true }));

async function surroundings(toml: string): Promise<Surroundings> {
  const configPath = join(folder, "wildfire.toml");
  await Bun.write(configPath, toml);
  return await openSurroundings({
    configPath,
    stateFolder: folder,
    env: {},
    clock: systemClock,
    randomBytes: (count) => new Uint8Array(count).fill(7),
  });
}

async function result(check: Check<Surroundings>, toml: string): Promise<CheckResult> {
  const around = await surroundings(toml);
  const [only] = await runChecks({
    checks: [check],
    surroundings: around,
    clock: systemClock,
    onResult: () => undefined,
  });
  if (only === undefined) throw new Error("no result");
  return only;
}

function seenBy({ findings }: CheckResult): string {
  return findings.map(({ seen }) => seen).join("; ");
}

describe("planted faults are named", () => {
  test("a key that does not exist, with its line", async () => {
    const found = await result(configurationCheck, '[whisper]\nmodle = "x"\n');
    expect(found.level).toBe("fault");
    expect(seenBy(found)).toContain('wildfire.toml:2: [whisper] has no key "modle"');
  });

  test("a port that another program holds, with its process where the system tells", async () => {
    const holder = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram: () => undefined,
      onError: () => undefined,
    });
    const found = await result(
      portsCheck,
      `[services]\nrun = ["whisper"]\n[whisper]\nport = ${holder.port}\n`,
    );
    holder.close();
    expect(found.level).toBe("fault");
    expect(seenBy(found)).toContain(`UDP ${holder.port} of whisper is`);
    if (process.platform === "linux") expect(seenBy(found)).toContain(`(process ${process.pid})`);
  });

  test("a chat server that is not there", async () => {
    const found = await result(
      llamaCheck,
      '[llama]\nbackend = "openai"\nurl = "http://127.0.0.1:1"\n',
    );
    expect(found.level).toBe("fault");
    expect(seenBy(found)).toContain("127.0.0.1:1");
  });

  test("a speech server that is not there", async () => {
    const found = await result(
      voiceCheck,
      '[kokoro]\nengine = "openai-speech"\nurl = "http://127.0.0.1:1"\n',
    );
    expect(found.level).toBe("fault");
    expect(seenBy(found)).toContain("openai-speech does not speak");
  });

  test("a PBX that nobody can find, and one that does not answer", async () => {
    const silent = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram: () => undefined,
      onError: () => undefined,
    });
    const lines = `line = ["1@nowhere.invalid", "2@127.0.0.1:${silent.port}"]`;
    const found = await result(linesCheck, `[sip]\n${lines}\n`);
    silent.close();
    expect(found.findings.map(({ level }) => level)).toEqual(["fault", "fault"]);
    expect(seenBy(found)).toContain("the name nowhere.invalid is not known");
    expect(seenBy(found)).toContain(`127.0.0.1:${silent.port} does not answer by UDP`);
  });

  test("a password that the PBX refuses, though no sip service runs", async () => {
    using pbx = await SmallRegistrar.open({ "200": "another" });
    await Bun.write(join(folder, "secrets.toml"), 'line.200 = "wrong"\n');
    await chmod(join(folder, "secrets.toml"), 0o600);
    const found = await result(linesCheck, `[sip]\nline = "200@127.0.0.1:${pbx.port}"\n`);
    expect(found.level).toBe("fault");
    expect(seenBy(found)).toContain("the PBX refuses the password of 200@127.0.0.1");
  });

  test("an address that the PBX sees otherwise", async () => {
    const pbx = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram(bytes, address, port) {
        const request = new TextDecoder().decode(bytes);
        const via = (/Via: ([^\r]*)/.exec(request)?.[1] ?? "").replace(
          "rport",
          `rport=${port};received=198.51.100.7`,
        );
        pbx.send(new TextEncoder().encode(`SIP/2.0 200 OK\r\nVia: ${via}\r\n\r\n`), port, address);
      },
      onError: () => undefined,
    });
    const toml = `[sip]\nline = "2@127.0.0.1:${pbx.port}"\nadvertise = "203.0.113.9"\n`;
    const found = await result(soundPathCheck, toml);
    pbx.close();
    expect(seenBy(found)).toContain(
      "advertise is 203.0.113.9, but the PBX sees this host as 198.51.100.7",
    );
  });
});

function one(name: string, run: Check<string>["run"], isHeavy = false): Check<string> {
  return { name, title: name, limitMs: 1000, isHeavy, run };
}

describe("the runner", () => {
  test("a check that throws or hangs hides no other, and the order stays", async () => {
    const clock = new FakeClock();
    const shown: string[] = [];
    const checks = [
      one("late", () => new Promise(() => undefined)),
      one("heavy", () => Promise.resolve([ok("fine")]), true),
      one("broken", () => Promise.reject(new Error("no luck"))),
      one("good", (text) => Promise.resolve([ok(text)])),
    ];
    const onResult = ({ name }: CheckResult): void => void shown.push(name);
    const running = runChecks({ checks, surroundings: "seen", clock, onResult });
    await Promise.resolve();
    clock.advance(1000);
    const results = await running;
    expect(results.map(({ name, level }) => `${name} ${level}`)).toEqual([
      "late warning",
      "heavy ok",
      "broken warning",
      "good ok",
    ]);
    expect(results[2]?.findings[0]?.seen).toBe("could not be looked at: no luck");
    expect(results[0]?.findings[0]?.seen).toBe("not known after 1 s");
    expect(shown.at(-1)).toBe("heavy");
  });
});

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const row = (port: string, state: string, inode: number): string =>
  `  1: 0100007F:${port} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0`;

const packet = (code: number): Uint8Array => new Uint8Array(172).fill(code, 12);

describe("bytes of others", () => {
  const token = "0707";

  test("an answer to OPTIONS tells where the request came from", () => {
    const request = new TextDecoder().decode(
      optionsRequest({ host: "::1", localAddress: "fd00::2", localPort: 5070, token }),
    );
    expect(request).toStartWith(
      "OPTIONS sip:[::1] SIP/2.0\r\nVia: SIP/2.0/UDP [fd00::2]:5070;branch=z9hG4bK0707;rport\r\n",
    );
    expect(request).toEndWith("\r\n\r\n");
    const answer =
      "SIP/2.0 404 Not Found\r\nv: SIP/2.0/UDP h;branch=z9hG4bK0707;received=[2001:db8::1]\r\n\r\n";
    expect(parseOptionsAnswer(encode(answer), token)).toEqual({
      status: 404,
      seenAs: "2001:db8::1",
    });
  });

  test("what is no answer to it is none", () => {
    for (const text of [
      "",
      "SIP/2.0 200 OK\r\n\r\n",
      "INVITE sip:x SIP/2.0\r\nVia: z9hG4bK0707",
      "\u0000\u0001z9hG4bK0707",
    ]) {
      expect(parseOptionsAnswer(encode(text), token)).toBeUndefined();
    }
    expect(parseOptionsAnswer(new Uint8Array(9000), token)).toBeUndefined();
  });

  test("the kernel's table gives listeners of TCP and all sockets of UDP", () => {
    const table = [
      "  sl  local_address rem_address",
      row("1F93", "0A", 11),
      row("1F93", "01", 12),
      row("1F94", "0A", 13),
    ].join("\n");
    expect(inodesOfPort(table, 8083, "tcp")).toEqual(["11"]);
    expect(inodesOfPort(table, 8083, "udp")).toEqual(["11", "12"]);
    expect(inodesOfPort("junk\n\n x", 8083, "tcp")).toEqual([]);
  });

  test("a packet of silence or noise is no voice", () => {
    expect(isSpokenPacket(packet(0xff))).toBeFalse();
    expect(isSpokenPacket(packet(0x7a))).toBeFalse();
    expect(isSpokenPacket(packet(0xa0))).toBeTrue();
    expect(isSpokenPacket(new Uint8Array(5))).toBeFalse();
  });
});
