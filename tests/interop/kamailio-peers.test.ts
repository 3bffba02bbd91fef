/** kamailio between two baresips: digest by registrar and proxy, and a proxy that stays in the path. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { testLimitMs } from "../end-to-end/eventually.ts";
import { compareSound, toneMs } from "../fakes/heard-audio.ts";
import { callers } from "./accounts.ts";
import { Baresip } from "./baresip.ts";
import { describeWithPeers } from "./interop-suite.ts";
import { Kamailio } from "./kamailio.ts";
import { proxyDomain } from "./kamailio-config.ts";
import { marker, markerHz, narrow, narrowHz, sentence, soundOf } from "./sounds.ts";

setDefaultTimeout(testLimitMs);

await describeWithPeers("kamailio and two baresips", (root) => {
  test("a call through the proxy: both hear each other, and BYE passes the proxy too", async () => {
    await using proxy = await Kamailio.start(root);
    const common = { registrar: proxy.address, domain: proxyDomain };
    const said = narrow(soundOf(sentence));
    const { first, second } = callers;
    await using caller = await Baresip.start(root, { ...common, account: first, microphone: said });
    const answering = { ...common, account: second, microphone: marker(20) };
    await using callee = await Baresip.start(root, answering);

    await caller.dial(`sip:${second.user}@${proxyDomain}`);
    await callee.event("CALL_ESTABLISHED");
    // The caller hangs up when it has said everything.
    await callee.event("CALL_CLOSED");
    await caller.event("CALL_CLOSED");
    const [heard = new Float32Array()] = callee.heard();
    expect(compareSound(said, heard, { rateHz: narrowHz }).correlation).toBeGreaterThan(0.98);
    const [back = new Float32Array()] = caller.heard();
    expect(toneMs(back, { hz: markerHz, rateHz: narrowHz })).toBeGreaterThan(1_000);
  });
});
