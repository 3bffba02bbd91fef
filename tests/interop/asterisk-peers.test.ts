/** Asterisk and baresip with each other: the yardstick for Wildfire in their place. */
import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { compareSound, findGaps, toneMs } from "../fakes/heard-audio.ts";
import { type Account, callers, lines } from "./accounts.ts";
import { Asterisk } from "./asterisk.ts";
import { holdToneHz, numbers } from "./asterisk-config.ts";
import { AudioSocketEcho } from "./audiosocket-peer.ts";
import { Baresip, telephoneRateHz } from "./baresip.ts";
import { describeWithPeers } from "./interop-suite.ts";
import { loopback } from "./ports.ts";
import { marker, markerHz, narrowHz, sentence, soundOf, storeRecording } from "./sounds.ts";

setDefaultTimeout(testLimitMs);

const callS = 20;

await describeWithPeers("Asterisk and baresip", (root) => {
  const held = new AsyncDisposableStack();
  let pbx: Asterisk;

  beforeAll(async () => {
    pbx = held.use(await Asterisk.start(root));
  });

  beforeEach(() => pbx.manager.forget());

  afterAll(async () => await held.disposeAsync());

  async function telephone(
    account: Account,
    transport: "udp" | "tcp" | "tls" = "udp",
  ): Promise<Baresip> {
    const microphone = marker(callS, telephoneRateHz(account));
    const registrar = transport === "tls" ? `${loopback}:${pbx.ports.tls}` : pbx.address;
    const domain = loopback;
    return await Baresip.start(root, { account, registrar, domain, transport, microphone });
  }

  test.each([
    ["mu-law by UDP", lines.muLaw, "udp"],
    ["A-law by TCP", lines.aLaw, "tcp"],
    ["G.722", lines.wideband, "udp"],
    ["SDES by TLS", lines.encrypted, "tls"],
  ] as const)("a call with %s: each side hears what the other said", async (_, account, by) => {
    await using phone = await telephone(account, by);
    expect(await pbx.registered(account.user)).toContain(`sip:${account.user}`);
    await pbx.reachable(account.user);
    const sound = storeRecording(pbx, "sentence", sentence);
    const recorded = await pbx.play(`PJSIP/${account.user}`, { sound: sound.name });
    await recorded.call.answered();
    expect(await recorded.call.ended()).toBe("Normal Clearing");
    await phone.event("CALL_CLOSED");

    const rateHz = telephoneRateHz(account);
    const said = rateHz === narrowHz ? sound.reference : soundOf(sentence).samples;
    const [heard = new Float32Array()] = phone.heard();
    expect(compareSound(said, heard, { rateHz }).correlation).toBeGreaterThan(0.98);
    const heardByPbx = await recorded.heard();
    expect(toneMs(heardByPbx, { hz: markerHz, rateHz: narrowHz })).toBeGreaterThan(3_000);
    expect(findGaps(heardByPbx, { rateHz: narrowHz })).toEqual([]);
  });

  test("digits that are sent as events are read as events, once each", async () => {
    // It calls itself, since baresip reports the first digit of a call only.
    const sending = await pbx.originate({
      channel: `PJSIP/open/sip:${numbers.readDigits}@${pbx.address}`,
      number: numbers.sendDigits,
      variables: { DIGITS: "1234#*", GAP: "60" },
    });
    const report = await pbx.manager.event("UserEvent");
    expect(report.get("Got")).toBe("1234#*");
    await sending.ended();
    await pbx.isIdle();
  });

  test("digits of a telephone arrive once each", async () => {
    await using phone = await telephone(callers.first);
    const channel = `PJSIP/${callers.first.user}`;
    const reading = await pbx.originate({ channel, number: numbers.readDigits });
    await reading.answered();
    await phone.event("CALL_ESTABLISHED");
    for (const digit of "1234#*") await phone.press(digit);
    expect(await reading.report("Digits", "Got")).toBe("1234#*");
    expect(reading.digits()).toBe("1234#*");
  });

  test("a held telephone hears the music of the exchange", async () => {
    await using first = await telephone(callers.first);
    await using second = await telephone(callers.second);
    await first.dial(`sip:${callers.second.user}@${pbx.address}`);
    await second.event("CALL_ESTABLISHED");
    await first.event("CALL_ESTABLISHED");
    await first.hold();
    await pbx.manager.event("Hold");
    await pbx.manager.event("MusicOnHoldStart");
    await Bun.sleep(1_000);
    await first.resume();
    await pbx.manager.event("Unhold");
    await pbx.manager.event("MusicOnHoldStop");
    await Bun.sleep(500);
    await first.hangUp();
    await second.event("CALL_CLOSED");
    const [heard = new Float32Array()] = second.heard();
    const musicMs = toneMs(heard, { hz: holdToneHz, rateHz: narrowHz });
    expect(musicMs).toBeWithin(600, 1_600);
    expect(toneMs(heard, { hz: markerHz, rateHz: narrowHz })).toBeGreaterThan(200);
  });

  test("AudioSocket() carries sound both ways, the UUID and the end", async () => {
    await using phone = await telephone(callers.first);
    using far = new AudioSocketEcho();
    const uuid = "40325ec2-5efd-4bd3-805f-53576e581d13";
    const call = await pbx.originate({
      channel: `PJSIP/${callers.first.user}`,
      number: numbers.audioSocket,
      variables: { UUID: uuid, AUDIOSOCKET: far.address, RECORD: `${pbx.folder}/recordings/as` },
    });
    await call.answered();
    await far.hears("a second of sound", () => far.soundBytes > 2 * narrowHz);
    await phone.press("7");
    await far.hears("a digit", () => far.digits.length > 0);
    await phone.hangUp();
    await far.hears("the end", () => far.closed === 1);
    expect(far.uuids).toEqual([uuid.replaceAll("-", "")]);
    expect(far.digits).toEqual(["7"]);
    const [heard = new Float32Array()] = phone.heard();
    expect(toneMs(heard, { hz: markerHz, rateHz: narrowHz })).toBeGreaterThan(500);
  });

  test("started again on the same ports it knows its telephones, or has forgotten them", async () => {
    {
      await using phone = await telephone(callers.first);
      expect(phone.events("CALL_ESTABLISHED")).toEqual([]);
      await pbx.end("SIGTERM", "nothing");
      await pbx.launch();
      expect(await pbx.contact(callers.first.user)).toBeDefined();
      await pbx.end("SIGKILL", "registrations");
      await pbx.launch();
      expect(await pbx.contact(callers.first.user)).toBeUndefined();
    }
    await using phone = await telephone(callers.first);
    await pbx.registered(callers.first.user);
    expect(phone.events("REGISTER_FAIL")).toEqual([]);
  });

  test("wholly removed when it is over", async () => {
    const other = await Asterisk.start(root);
    const { folder } = other;
    await other[Symbol.asyncDispose]();
    // Throws where the folder still exists.
    expect(() => rmSync(folder, { recursive: true })).toThrow("ENOENT");
  });
});
