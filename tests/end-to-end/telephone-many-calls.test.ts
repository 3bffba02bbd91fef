/** The thousandth telephone call is like the first: whatever became of the others, nothing piles up. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { FakeLlama } from "./fake-llama.ts";
import { Stage } from "./harness.ts";
import { figuresOf, type ProcessFigures } from "./process-figures.ts";
import { answerByNumber, openPbx, Telephone, type TelephoneStatus } from "./telephone-rig.ts";
import { tone } from "./telephone-sound.ts";

const limitMs = 180_000;
setDefaultTimeout(limitMs);

const calls = 1000;
/** Caches, pools and compiled code have their size by then. */
const settledAfter = 250;
const figuresEvery = 50;
/** One call in so many is long enough for sound. */
const talkingEvery = 25;
const talkMs = 300;
/** Requests that came over UDP are remembered for so long (RFC 3261, timer J). */
const memoryOfUdpMs = 40_000;
/**
 * From the first calls to the end, when what is remembered of the last ones is gone. The collector is in no
 * hurry and leaves up to half; if the buffers of each call's sound stayed, it would be more than double.
 */
const memoryGrowth = 1.8;
const fewDescriptors = 8;
const users = { udp: "200", tcp: "201" } as const;

type Life = (telephone: Telephone, index: number) => Promise<void>;

/** All ways that a call can go, in turn. */
const lives: readonly Life[] = [
  async ({ pbx }, index) => {
    const call = await pbx.call(userOf(index));
    call.hangUp();
    await call.ended;
  },
  async (telephone, index) => {
    const call = await telephone.pbx.call(userOf(index));
    const [current] = (await telephone.status()).current;
    await telephone.command("hang-up", { key: String(current?.["key"]) });
    await call.ended;
  },
  // Given up at once: it ends by CANCEL, or by BYE where the answer was faster.
  async ({ pbx }, index) => {
    const call = await pbx.ring(userOf(index));
    call.hangUp();
    await call.ended;
  },
  async ({ pbx }, index) => {
    const call = await pbx.ring(userOf(index), { codecs: ["G722"] });
    expect(await call.ended).toMatchObject({ status: 488 });
  },
  async (telephone, index) => {
    const { pbx } = telephone;
    const before = pbx.incoming.length;
    const { key } = await telephone.command("call", { number: "600", line: userOf(index) });
    await telephone.tells(1, "established", (event) => event["key"] === key);
    const call = pbx.incoming[before];
    call?.hangUp();
    await telephone.tells(1, "ended", (event) => event["key"] === key);
  },
  async (telephone, index) => {
    const { key } = await telephone.command("call", { number: "486", line: userOf(index) });
    await telephone.tells(1, "ended", (event) => event["key"] === key);
  },
];

test(`${calls} calls in a row, in all ways that calls can go: ports, ids, timers, descriptors and memory flat`, async () => {
  await using stage = new Stage();
  using llama = new FakeLlama();
  const whisper = await stage.startWhisper({ llamaPort: llama.port });
  const pbx = await openPbx({ answer: answerByNumber });
  const lines = [`${users.udp}@${pbx.address}`, `${users.tcp}@${pbx.address};transport=tcp`];
  const argv = ["--codecs", "PCMU,PCMA"];
  await using telephone = await Telephone.startAt(
    pbx,
    { lines, argv, whisperPort: whisper.port },
    stage,
  );
  for (const user of Object.values(users)) await pbx.registered(user);
  await telephone.reaches("both lines registered", (status) =>
    status.lines.every(({ isRegistered }) => isRegistered),
  );
  const before = await telephone.status();
  const figures: ProcessFigures[] = [];
  const startedMs = performance.now();

  for (let index = 0; index < calls; index += 1) {
    if (index % talkingEvery === 0) await talk(telephone, index);
    else await lives[index % lives.length]?.(telephone, index);
    if ((index + 1) % figuresEvery === 0 && index + 1 >= settledAfter) {
      expectAllFree(await telephone.isIdle(), before);
      figures.push(figuresOf(telephone.program.pid));
    }
  }
  const perSecond = (calls * 1000) / (performance.now() - startedMs);

  const [settled] = figures;
  const after = figures.at(-1);
  if (settled === undefined || after === undefined) throw new Error("too few calls");
  console.log(`calls a second          ${perSecond.toFixed(0)}`);
  console.log(`after ${settledAfter} calls         ${JSON.stringify(settled)}`);
  console.log(`after ${calls} calls        ${JSON.stringify(after)}`);
  expect(after.descriptors).toBeLessThanOrEqual(settled.descriptors + fewDescriptors);
  expect(after.threads).toBeLessThanOrEqual(settled.threads + 1);
  expect(telephone.events("ended").length).toBe(telephone.events("ringing").length + dialled());
  const problems = telephone.program.records.filter(({ level }) => level === "error");
  expect(problems).toEqual([]);
  await whisper.isIdle();
  await telephone.reaches(
    "no transaction left",
    ({ agent }) =>
      agent.calls === 0 && agent.transactions.servers + agent.transactions.clients === 0,
    memoryOfUdpMs,
  );
  const atEnd = figuresOf(telephone.program.pid);
  console.log(`when all is forgotten   ${JSON.stringify(atEnd)}`);
  expect(atEnd.residentMiB).toBeLessThan(settled.residentMiB * memoryGrowth);
});

async function talk(telephone: Telephone, index: number): Promise<void> {
  const call = await telephone.pbx.call(userOf(index));
  await call.say(tone(440, talkMs));
  call.hangUp();
  await call.ended;
}

function expectAllFree(status: TelephoneStatus, before: TelephoneStatus): void {
  expect(status.rtpPortsFree).toBe(before.rtpPortsFree);
  expect(status.sound.freeIds).toBe(before.sound.freeIds);
  expect(status.ticker.entries).toBe(0);
}

/** In each round once by UDP and once by TCP. */
function userOf(index: number): string {
  return Math.floor(index / lives.length) % 2 === 0 ? users.udp : users.tcp;
}

/** Calls of the telephone's own, for which nobody rings here. */
function dialled(): number {
  let count = 0;
  for (let index = 0; index < calls; index += 1) {
    if (index % talkingEvery !== 0 && index % lives.length >= 4) count += 1;
  }
  return count;
}
