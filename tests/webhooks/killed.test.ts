import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { until } from "../fakes/until.ts";
import { WebhookRig } from "./webhook-rig.ts";

setDefaultTimeout(30_000);

const calls = 400;

test("killed in mid-delivery, the next life sends everything that is left, in order and with the same ids", async () => {
  const rig = new WebhookRig(systemClock);
  const receiver = rig.receiver();
  const taken: string[] = [];
  receiver.answer = async ({ id }) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    taken.push(id);
    return new Response("thanks");
  };
  const sender = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, "killed-sender.ts"),
      rig.folder,
      receiver.url,
      String(calls),
    ],
    { stdout: "pipe", stderr: "inherit" },
  );
  const reader = sender.stdout.getReader();
  await reader.read();
  await until(() => taken.length >= 50, "some are taken");
  sender.kill("SIGKILL");
  await sender.exited;
  const before = receiver.received.length;
  expect(before).toBeLessThan(2 * calls);
  const webhooks = rig.open({ urls: [receiver.url] });
  await until(() => webhooks.view().spooled === 0, "the rest is taken", 20_000);
  const ids = new Set(receiver.received.map(({ id }) => id));
  expect(ids.size).toBe(2 * calls);
  // Those that were under way when it was killed, and no others, come twice.
  expect(receiver.received.length - ids.size).toBeLessThanOrEqual(4);
  const firstSeen = new Map<string, number>();
  for (const [index, { type, data }] of receiver.received.entries()) {
    const name = `${type} ${String(data["call"])}`;
    if (!firstSeen.has(name)) firstSeen.set(name, index);
  }
  for (let call = 0; call < calls; call += 1) {
    const [started, ended] = ["call.started", "call.ended"].map((type) =>
      firstSeen.get(`${type} s1/c${call}`),
    );
    expect(started).toBeLessThan(ended ?? 0);
  }
  expect(receiver.received.every(({ isSigned }) => isSigned)).toBe(true);
  await rig.close();
});
