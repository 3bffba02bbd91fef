/** What becomes of children whose supervisor is killed while their event loop stands still. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { until } from "../fakes/until.ts";
import { isAlive, limitMs, UpRig } from "./up-rig.ts";

setDefaultTimeout(120_000);

let rig: UpRig;
const stuck: number[] = [];

beforeEach(() => {
  rig = new UpRig();
  rig.configure(`
[services]
run = ["llama", "audiosocket"]
[llama]
backend = "echo"
port = 0
[audiosocket]
listen = "127.0.0.1:0"
whisper-port = 9
`);
});

afterEach(async () => {
  for (const pid of stuck.splice(0)) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  await rig.free();
});

/** A stopped process does nothing by itself, as one whose event loop is blocked. */
async function killedWithStuck(service: string): Promise<number> {
  const up = rig.up();
  await up.ready("llama", "audiosocket");
  const pid = await up.pidOf(service);
  stuck.push(pid);
  process.kill(pid, "SIGSTOP");
  up.kill("SIGKILL");
  await up.exited;
  return pid;
}

test("the system ends a stage that cannot end itself", async () => {
  const pid = await killedWithStuck("llama");
  await until(() => !isAlive(pid), "the end of llama", limitMs);
});

test("a service with calls gets its time to hang up, and the next supervisor ends what is left", async () => {
  const pid = await killedWithStuck("audiosocket");
  expect(isAlive(pid)).toBe(true);
  const next = rig.up();
  await next.ready("llama", "audiosocket");
  expect(isAlive(pid)).toBe(false);
  expect(await next.pidOf("audiosocket")).not.toBe(pid);
  const shown = await rig.logs("--service", "supervisor", "--level", "warn");
  expect(shown.join("\n")).toContain("a service of a supervisor that was killed did not end");
});
