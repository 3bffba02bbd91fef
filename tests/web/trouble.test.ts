import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { until } from "../fakes/until.ts";
import { cheapHash, EventReading, fieldsOf, password, WebRig } from "./web-rig.ts";

setDefaultTimeout(20_000);

let rig: WebRig;

beforeEach(() => {
  rig = new WebRig();
});

afterEach(() => rig.stop());

const refusedNone = { empty: 0, oversized: 0, "not-utf8": 0, "unknown-verb": 0, "bad-call-id": 0 };
const listener = {
  address: "127.0.0.1:13000",
  isOpen: true,
  datagrams: 12,
  registers: 6,
  byes: 5,
  refused: refusedNone,
  kernelDrops: 0,
  receiveBufferBytes: 8 << 20,
  receiveBufferWantedBytes: 4 << 20,
  errors: 0,
  lastErrno: null,
  reopened: 0,
  recent: [{ from: "127.0.0.1:40000", bytes: 12, what: "REGISTER 111", agoMs: 65_000 }],
  patterns: [],
};

async function troubleOf(registration: Readonly<Record<string, unknown>>): Promise<string> {
  rig.play("whisper", { describe: () => ({ registration: { ...listener, ...registration } }) });
  await rig.start();
  return await (await rig.get("/trouble")).text();
}

/** Without the spaces of its source. */
const flat = (page: string): string => page.replaceAll(/\s+/g, " ");

test("a listener that works is said to, with its counts and last packets", async () => {
  const page = flat(await troubleOf({}));
  expect(page).toContain("All is well:");
  expect(page).toContain("12: 6 begin a call, 5 end one");
  expect(page).toContain("REGISTER 111");
  expect(page).toContain("1 min");
  expect(page).not.toContain("Yes:");
});

test.each(["A", "B", "C", "D"])(
  "pattern %s is named with what is seen and its cure",
  async (pattern) => {
    const found = { pattern, finding: `finding of ${pattern}`, advice: `cure of ${pattern}` };
    const datagrams = pattern === "A" ? 0 : 12;
    const page = flat(await troubleOf({ patterns: [found], datagrams }));
    expect(page).toContain(`Yes: finding of ${pattern}.`);
    expect(page).toContain(`cure of ${pattern}`);
    expect(page.match(/Yes: /g)).toHaveLength(1);
    // A quiet line is no fault as long as nobody has called.
    expect(page.includes("something is wrong now")).toBe(pattern !== "A");
  },
);

test("what was refused, lost and granted too little is said in words", async () => {
  const page = flat(
    await troubleOf({
      refused: { ...refusedNone, "unknown-verb": 3 },
      kernelDrops: 7,
      receiveBufferBytes: 208 << 10,
      errors: 2,
      lastErrno: "ECONNREFUSED",
    }),
  );
  expect(page).toContain("3 unknown-verb");
  expect(page).toContain("<dd>7</dd>");
  expect(page).toContain("208 KiB of 4096 KiB: sysctl -w net.core.rmem_max=4194304");
  expect(page).toContain("2, the last: ECONNREFUSED");
});

test("without ears nobody listens, and that is said", async () => {
  await rig.start();
  const page = flat(await (await rig.get("/trouble")).text());
  expect(page).toContain("The ears do not run");
  expect(page).toContain("Walks the path of a call");
});

test("the listener's counts change on the page while one looks", async () => {
  let datagrams = 12;
  rig.play("whisper", { describe: () => ({ registration: { ...listener, datagrams } }) });
  await rig.start();
  const feed = await EventReading.open(`${rig.url}live/trouble`);
  const shown = (): string => feed.events.map(({ data }) => String(data["html"])).join("");
  await until(() => shown().includes("12: 6 begin"), "the first look");
  datagrams = 13;
  await until(() => shown().includes("13: 6 begin"), "the next look");
  feed.close();
});

test("viewers see verdicts, and operators have the doctor look", async () => {
  await rig.start({}, await cheapHash());
  const admin = await rig.browser(password);
  const tokenOf = async (role: string): Promise<{ authorization: string }> => {
    const headers = { ...admin, "content-type": "application/json" };
    const made = await rig.post("/api/v1/tokens", headers, JSON.stringify({ name: role, role }));
    return { authorization: `Bearer ${String(fieldsOf(await made.json())["secret"])}` };
  };
  const viewer = await tokenOf("viewer");
  const operator = await tokenOf("operator");
  expect(await (await rig.get("/trouble", viewer)).text()).not.toContain("data-steer");
  expect(await (await rig.get("/trouble", operator)).text()).toContain(
    'data-steer="/api/v1/doctor"',
  );
  expect((await rig.get("/api/v1/doctor", viewer)).status).toBe(200);
  expect((await rig.get("/api/v1/doctor/bundle", viewer)).status).toBe(403);
  expect((await rig.post("/api/v1/doctor", viewer)).status).toBe(403);
  expect((await rig.post("/api/v1/doctor/stop", viewer)).status).toBe(403);
  expect((await rig.post("/api/v1/doctor/stop", operator)).status).toBe(202);
});
