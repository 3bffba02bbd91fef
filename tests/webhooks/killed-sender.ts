/** A process with webhooks, for the test that kills it: `FOLDER URL CALLS`; prints a line when all are on disk. */
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { readWebhookSecret } from "../../src/webhooks/webhook-signature.ts";
import { Webhooks } from "../../src/webhooks/webhooks.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { until } from "../fakes/until.ts";
import { secret } from "./webhook-rig.ts";

const [folder = "", url = "", calls = "0"] = process.argv.slice(2);
const webhooks = new Webhooks({
  path: join(folder, "webhooks.sqlite"),
  urls: [url],
  kinds: ["call.started", "call.ended"],
  details: [],
  limits: { messages: 20_000, bytes: 50 << 20 },
  key: readWebhookSecret(secret),
  clock: systemClock,
  log: createMemoryLog(systemClock).log,
  random: () => 0.5,
});
let seq = 0;
for (const kind of ["ringing", "ended"]) {
  for (let call = 0; call < Number(calls); call += 1) {
    seq += 1;
    webhooks.take({
      service: "sip",
      pid: 1,
      stream: "s1",
      seq,
      callKey: `s1/c${call}`,
      atMs: systemClock.wallMs(),
      fields: { kind, key: `c${call}` },
    });
  }
}
await until(() => webhooks.view().waiting === 0, "everything is on disk");
process.stdout.write("written\n");
setInterval(() => undefined, 1000);
