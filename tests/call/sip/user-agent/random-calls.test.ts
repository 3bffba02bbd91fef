import { describe, expect, test } from "bun:test";
import { ends, expectNextCallWorks, nothing } from "./settled-world.ts";
import { type Agent, type CallDiary, TwoAgents } from "./two-agents.ts";

const callsPerSeed = 200;
const mostAtOnce = 4;

/** Mulberry32: the same seed is the same run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Calls are answered, refused, changed, hung up by either side and cut off, all by chance. */
class Chaos {
  readonly world: TwoAgents;
  /** All calls of both sides. */
  readonly diaries: CallDiary[] = [];
  readonly #random: () => number;
  readonly #isReliable: boolean;

  constructor(seed: number, isReliable: boolean) {
    const random = seeded(seed);
    const world = new TwoAgents(isReliable);
    world.loses = () => !isReliable && random() < 0.15;
    world.delayMs = () => (isReliable ? 5 : 1 + Math.floor(random() * 40));
    world.bob.onCall = (call, media) => {
      const fate = random();
      if (fate < 0.8) call.ring();
      if (fate < 0.6) world.clock.after(random() * 300, () => call.accept(media));
      else if (fate < 0.7) call.reject(486);
    };
    this.world = world;
    this.#random = random;
    this.#isReliable = isReliable;
  }

  async round(): Promise<void> {
    const { world } = this;
    const random = this.#random;
    if (world.alice.agent.aliveCalls < mostAtOnce) world.alice.call("bob");
    for (const agent of [world.alice, world.bob]) this.#disturb(agent);
    if (this.#isReliable && random() < 0.1) {
      world.clock.after(random() * 300, () => world.breaks());
    }
    await world.run(random() * 500);
    for (const agent of [world.alice, world.bob]) this.#note(agent);
  }

  #disturb({ diaries }: Agent): void {
    const random = this.#random;
    for (const { call } of diaries) {
      const fate = random();
      if (fate < 0.1) this.world.clock.after(random() * 400, () => call.hangUp());
      else if (fate < 0.15) void call.setHeld(random() < 0.5);
      else if (fate < 0.2) void call.offerAgain();
    }
  }

  /** What has ended is left alone from now on. */
  #note({ diaries }: Agent): void {
    for (const diary of diaries) {
      if (!this.diaries.includes(diary)) this.diaries.push(diary);
    }
    const open = diaries.filter((diary) => ends(diary) === 0);
    diaries.splice(0, diaries.length, ...open);
  }
}

describe.each([
  ["datagrams that get lost and overtake each other", false],
  ["connections that break", true],
])("a thousand calls over %s", (_name, isReliable) => {
  test.each([1, 2, 3, 4, 5])("leave nothing behind (seed %i)", async (seed) => {
    const chaos = new Chaos(seed, isReliable);
    const { world, diaries } = chaos;
    for (let call = 0; call < callsPerSeed; call += 1) await chaos.round();
    world.alice.agent.hangUpAll();
    world.bob.agent.hangUpAll();
    expect(await world.settled()).toEqual(nothing);
    expect(diaries.length).toBeGreaterThan(callsPerSeed);
    for (const diary of diaries) {
      expect(diary.call.state).toBe("ended");
      expect(ends(diary)).toBe(1);
      expect(diary.events.at(-1)).toStartWith("ended");
    }
    await expectNextCallWorks(world);
  });
});
