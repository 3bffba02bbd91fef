import { describe, expect, test } from "bun:test";
import { scriptedLine } from "./scripted-line.ts";
import { makeFlow, type Reaction } from "./scripted-registrar.ts";

const hourMs = 3_600_000;

function wrongPassword(): () => Reaction {
  let nonce = 0;
  return () => {
    nonce += 1;
    const value = `Digest realm="asterisk", nonce="n${nonce}", algorithm=MD5, qop="auth"`;
    return { status: 401, headers: { "WWW-Authenticate": value } };
  };
}

describe("a PBX that does not want us", () => {
  test("a wrong password: two requests, a clear line in the log, and an hour with few more", async () => {
    const { registrar, registration, log, advance, start } = scriptedLine();
    registrar.react = wrongPassword();
    await start();
    expect(registrar.sent).toHaveLength(2);
    expect(registration.status()).toMatchObject({
      state: "refused",
      nextInMs: 65_000,
      lastProblem:
        'the PBX refuses the password (user "100", realm "asterisk"); check the password',
    });
    await advance(hourMs);
    expect(registrar.sent.length).toBeLessThanOrEqual(2 * 10);
    const told = log.records.filter((record) => record.level === "warn");
    expect(told.map((record) => record.message)).toEqual(["the PBX refuses the registration"]);
    expect(log.text()).not.toContain("secret");
  });

  test("a password that was right before may be right again in a moment: one early try, then seldom", async () => {
    const { registrar, registration, advance, start } = scriptedLine();
    await start();
    registrar.react = wrongPassword();
    await advance(80_000);
    expect(registration.status()).toMatchObject({ state: "refused", nextInMs: 4000 });
    await advance(4000);
    expect(registration.status()).toMatchObject({ state: "refused", nextInMs: 65_000 });
  });

  const refusals: readonly [status: number, advice: string][] = [
    [403, "check the password and whether this address may register"],
    [404, "check the user and the host of the line"],
    [405, "check that the host of the line is a registrar"],
    [410, "check the user of the line"],
    [400, "check the settings of the line at the PBX"],
    [603, "check the settings of the line at the PBX"],
    [604, "check the user and the host of the line"],
  ];

  test.each(refusals)(
    "%d: asked again after a minute, not before; says %s",
    async (status, advice) => {
      const { registrar, registration, advance, start } = scriptedLine();
      registrar.react = () => ({ status });
      await start();
      await advance(59_900);
      expect(registrar.sent).toHaveLength(1);
      expect(registration.status().lastProblem).toBe(
        `the PBX answers ${status} "Whatever"; ${advice}`,
      );
      await advance(5100);
      expect(registrar.sent).toHaveLength(2);
    },
  );

  test("challenges that never end are given up", async () => {
    const { registrar, registration, start } = scriptedLine();
    let realm = 0;
    registrar.react = () => {
      realm += 1;
      const value = `Digest realm="r${realm}", nonce="n${realm}"`;
      return { status: 401, headers: { "WWW-Authenticate": value } };
    };
    await start();
    expect(registrar.sent).toHaveLength(8);
    expect(registration.status()).toMatchObject({ state: "refused" });
  });
});

describe("a PBX in trouble", () => {
  test("Retry-After is kept, with a little jitter", async () => {
    const { registrar, registration, advance, start } = scriptedLine();
    registrar.next.push({ status: 503, headers: { "Retry-After": "20 (starting);duration=60" } });
    await start();
    expect(registration.status()).toMatchObject({ state: "waiting", nextInMs: 21_000 });
    await advance(20_900);
    expect(registrar.sent).toHaveLength(1);
    await advance(100);
    expect(registration.status().state).toBe("registered");
  });

  test.each([408, 480, 500, 502, 503, 504, 600])(
    "%d is tried again after 2, 4, 8, 16, 30 s",
    async (status) => {
      const { registrar, advance, start } = scriptedLine();
      registrar.react = () => ({ status });
      await start();
      await advance(90_000);
      const times = registrar.sent.map(({ atMs }) => atMs);
      expect(times).toEqual([0, 2000, 6000, 14_000, 30_000, 60_000, 90_000]);
    },
  );

  test("a Retry-After of years is bounded", async () => {
    const { registrar, registration, start } = scriptedLine();
    registrar.react = () => ({ status: 503, headers: { "Retry-After": "9999999999" } });
    await start();
    expect(registration.status().nextInMs).toBeLessThanOrEqual(33 * 60_000);
  });
});

describe("a PBX that is away", () => {
  const kinds: readonly (readonly [what: string, reaction: Reaction])[] = [
    ["there is no way to it", "unreachable"],
    ["its port is closed", "broken"],
  ];

  test.each(kinds)(
    "%s: tried within 2 s, then at most every 4 s, told once",
    async (_what, reaction) => {
      const { registrar, registration, log, advance, start } = scriptedLine();
      let tries = 0;
      registrar.react = () => reaction;
      const send = registrar.send.bind(registrar);
      registrar.send = async (sending) => {
        tries += 1;
        if (reaction === "unreachable") registrar.next.push(reaction);
        return send(sending);
      };
      await start();
      await advance(2000);
      expect(tries).toBe(2);
      await advance(hourMs);
      expect(tries).toBeGreaterThan(900);
      expect(tries).toBeLessThan(1300);
      expect(log.records.filter((record) => record.level === "warn")).toHaveLength(1);
      registrar.react = () => ({ status: 200 });
      registrar.send = send;
      await advance(4000);
      expect(registration.status()).toMatchObject({ state: "registered", lastProblem: null });
      expect(log.records.filter((record) => record.message === "registered")).toHaveLength(1);
    },
  );

  test("silent over UDP: about 1,100 packets an hour", async () => {
    const { registrar, advance, start } = scriptedLine();
    registrar.react = () => "silent";
    await start();
    await advance(hourMs);
    expect(registrar.packets).toBeGreaterThan(1000);
    expect(registrar.packets).toBeLessThan(1200);
  });

  test("in whatever moment it comes back, the line is registered within 5 s", async () => {
    for (let outageMs = 200; outageMs < 80_000; outageMs += 1700) {
      for (const random of [0, 0.999]) {
        const { registrar, registration, advance, start } = scriptedLine(undefined, {
          random: () => random,
        });
        let isUp = false;
        registrar.react = () => (isUp ? { status: 200 } : "silent");
        await start();
        await advance(outageMs);
        isUp = true;
        await advance(5000);
        expect(registration.status().isRegistered).toBe(true);
      }
    }
  });

  test("a connection that does not answer is given up after 8 s, and its owner is told", async () => {
    const { registrar, registration, advance, start } = scriptedLine("100@pbx;transport=tcp");
    registrar.flow = makeFlow({ address: "192.0.2.10", port: 40_000 }, "tcp");
    registrar.next.push("stuck");
    await start();
    await advance(7900);
    expect(registration.status().state).toBe("registering");
    await advance(100);
    expect(registrar.unansweredFlows).toEqual([registrar.flow]);
    expect(registration.status()).toMatchObject({
      state: "waiting",
      lastProblem: "pbx (tcp): nobody answers",
    });
    await advance(1000);
    expect(registration.status().state).toBe("registered");
  });

  test("a transaction that never ends is ended, and so is a search for a way", async () => {
    const { registrar, registration, advance, start } = scriptedLine();
    registrar.next.push("stuck");
    await start();
    await advance(34_000);
    expect(registration.status().state).toBe("registered");
    const lost = scriptedLine();
    lost.registrar.send = () => new Promise(() => undefined);
    await lost.start();
    await lost.advance(10_000);
    expect(lost.registration.status()).toMatchObject({ state: "waiting", attempts: 1 });
  });
});

describe("many failures", () => {
  test("a thousand failures and recoveries of all kinds leave one timer, and none when stopped", async () => {
    const { registrar, registration, clock, advance, start } = scriptedLine();
    const kinds: readonly Reaction[] = [
      "broken",
      "unreachable",
      { status: 503 },
      { status: 403 },
      { status: 423, headers: { "Min-Expires": "200" } },
      { status: 302, contacts: [] },
      { status: 401 },
    ];
    await start();
    for (let round = 0; round < 1000; round += 1) {
      const kind = kinds[round % kinds.length] ?? "broken";
      registrar.next.push(kind);
      registration.networkChanged();
      await advance(200);
      registration.networkChanged();
      await advance(200);
      expect(registration.status().isRegistered).toBe(true);
    }
    expect(clock.timers).toBe(1);
    const stopped = registration.stop();
    await advance(100);
    await stopped;
    expect(clock.timers).toBe(0);
    const numbers = registrar.sent.map(({ request }) => request.cseq.number);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(new Set(registrar.sent.map(({ request }) => request.callId)).size).toBe(1);
  });

  test("stopped in the middle of anything, nothing is left", async () => {
    const reactions: readonly Reaction[] = [
      "silent",
      "stuck",
      "broken",
      { status: 403 },
      { status: 200 },
    ];
    for (const reaction of reactions) {
      for (const afterMs of [0, 300, 5000]) {
        const { registrar, registration, clock, advance, start } = scriptedLine();
        registrar.react = () => reaction;
        await start();
        await advance(afterMs);
        registration.networkChanged();
        const stopped = registration.stop();
        await advance(1100);
        await stopped;
        expect(clock.timers).toBe(0);
        const before = registrar.sent.length;
        await advance(60_000);
        expect(registrar.sent).toHaveLength(before);
      }
    }
  });
});
