/** What must be true of two agents when all is over, whatever went wrong before. */
import { expect } from "bun:test";
import type { CallDiary, TwoAgents } from "./two-agents.ts";

const upMs = 100;

/** What `settled` says when nothing is left. */
export const nothing = [
  { timers: 0 },
  { calls: 0, dialogs: 0, transactions: [0, 0] },
  { calls: 0, dialogs: 0, transactions: [0, 0] },
];

export function ends({ events }: CallDiary): number {
  return events.filter((event) => event.startsWith("ended")).length;
}

/** A call after whatever went wrong is a call like any other. */
export async function expectNextCallWorks(world: TwoAgents): Promise<void> {
  world.delayMs = () => 5;
  world.loses = () => false;
  world.bob.onCall = (call, media) => call.accept(media);
  const next = world.alice.call("bob");
  await world.run(upMs);
  expect([next.call.state, world.bob.last.call.state]).toEqual(["up", "up"]);
  next.call.hangUp();
  await world.run(upMs);
  expect(next.call.state).toBe("ended");
}
