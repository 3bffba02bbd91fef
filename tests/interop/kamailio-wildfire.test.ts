/** Wildfire behind a real kamailio: digest by the proxy, and requests that keep to the recorded route. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { Stage } from "../end-to-end/harness.ts";
import { compareSound, toneMs } from "../fakes/heard-audio.ts";
import { callers, lines } from "./accounts.ts";
import { Baresip } from "./baresip.ts";
import { describeWithPeers } from "./interop-suite.ts";
import { Kamailio } from "./kamailio.ts";
import { proxyDomain } from "./kamailio-config.ts";
import { SilentWhisper } from "./silent-whisper.ts";
import { marker, markerHz, narrowHz } from "./sounds.ts";
import { greetingSound, WildfireLine, writeGreeting } from "./wildfire-line.ts";

setDefaultTimeout(testLimitMs);

await describeWithPeers("Wildfire, kamailio and baresip", (root) => {
  const held = new AsyncDisposableStack();
  let proxy: Kamailio;
  let silent: SilentWhisper;

  beforeAll(async () => {
    silent = held.use(await SilentWhisper.open());
    proxy = held.use(await Kamailio.start(root));
  });

  afterAll(async () => await held.disposeAsync());

  async function startLine(stage: Stage): Promise<WildfireLine> {
    const line = await WildfireLine.start(stage, {
      accounts: [lines.md5],
      registrar: proxy.address,
      greeting: writeGreeting(stage),
      whisperPort: silent.port,
    });
    await line.event("registration", ({ isRegistered }) => isRegistered === true);
    return line;
  }

  async function startPhone(): Promise<Baresip> {
    return await Baresip.start(root, {
      account: callers.first,
      registrar: proxy.address,
      domain: proxyDomain,
      microphone: marker(20),
    });
  }

  test("a call through the proxy is answered, heard and ended by the caller", async () => {
    await using stage = new Stage();
    await using line = await startLine(stage);
    await using phone = await startPhone();
    await phone.dial(`sip:${lines.md5.user}@${proxyDomain}`);
    await line.event("established");
    await line.event("drained");
    await phone.hangUp();
    await phone.event("CALL_CLOSED");
    expect(await line.event("ended")).toMatchObject({ by: "peer" });
    const [heard = new Float32Array()] = phone.heard();
    const { correlation } = compareSound(greetingSound, heard, { rateHz: narrowHz });
    expect(correlation).toBeGreaterThan(0.98);
  });

  test("a call of ours answers the proxy's challenge, and our BYE takes the recorded route", async () => {
    await using stage = new Stage();
    await using line = await startLine(stage);
    await using phone = await startPhone();
    await using calling = line.call(callers.first.user, ["--wait"]);
    await phone.event("CALL_ESTABLISHED");
    await line.event("established");
    await line.event("drained");
    calling.signal("SIGINT");
    await phone.event("CALL_CLOSED");
    expect(await line.event("ended")).toMatchObject({ by: "us" });
    await proxy.routed("ACK");
    await proxy.routed("BYE");
    const [heard = new Float32Array()] = phone.heard();
    const { correlation } = compareSound(greetingSound, heard, { rateHz: narrowHz });
    expect(correlation).toBeGreaterThan(0.98);
    expect(toneMs(heard, { hz: markerHz, rateHz: narrowHz })).toBeLessThan(200);
  });

  test("with SHA-256 it registers too", async () => {
    await using stage = new Stage();
    await using modern = await Kamailio.start(root, "SHA-256");
    const accounts = [lines.md5];
    await using line = await WildfireLine.start(stage, { accounts, registrar: modern.address });
    await line.event("registration", ({ isRegistered }) => isRegistered === true);
  });
});
