/** What the model may do in a call: through the telephone's service, and at addresses of a tools file. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { textOf } from "../../src/llama-bridge/chat/loose-json.ts";
import { serveStatus, type StatusSocket } from "../../src/services/status-socket.ts";
import { calls, type ChatScript, says } from "../fakes/scripted-chat-server.ts";
import { until } from "../fakes/until.ts";
import { LlamaRig, type LlamaRigOptions } from "./llama-rig.ts";

setDefaultTimeout(30_000);

/** A telephone service that has call 111 and notes what it is told. */
class PhoneStub implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
  /** Such as `transfer 600`. */
  readonly orders: string[] = [];
  /** By command; others succeed. */
  readonly refusals = new Map<string, Readonly<Record<string, unknown>>>();
  readonly #socket: StatusSocket;

  constructor() {
    this.#socket = serveStatus({
      stateFolder: this.folder,
      service: "sip",
      describe: () => ({}),
      command: async (name, fields) => {
        if (name === "describe") return this.#describe(String(fields["callId"]));
        const detail = textOf(fields["number"]) + textOf(fields["digits"]);
        this.orders.push(`${name} ${detail}`.trim());
        return this.refusals.get(name) ?? { ok: true };
      },
    });
  }

  [Symbol.dispose](): void {
    this.#socket.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #describe(callId: string): Readonly<Record<string, unknown>> {
    if (callId !== "111") throw new Error("no such call");
    return { key: "7", line: "200@pbx.test", direction: "incoming", remote: "5550199", name: "" };
  }
}

interface Stage extends AsyncDisposable {
  readonly phone: PhoneStub;
  readonly rig: LlamaRig;
}

async function open(argv: readonly string[], options: LlamaRigOptions = {}): Promise<Stage> {
  const phone = new PhoneStub();
  const rig = await LlamaRig.open({ ...options, stateFolder: phone.folder, argv });
  return {
    phone,
    rig,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      phone[Symbol.dispose]();
    },
  };
}

const destinations = ["--transfer=sales=600", "--transfer=the workshop=601"];

describe.concurrent("the model", () => {
  test("is told who calls on which line, and what it may do", async () => {
    await using stage = await open(destinations);
    const { rig } = stage;
    const call = await rig.call();
    call.turn("Hello?");
    await rig.asks(1);
    const [asked] = rig.model.answers;
    expect(asked?.contents("system")[0]).toContain("The caller's number is 5550199.");
    expect(asked?.tools.toSorted()).toEqual(["hang_up", "send_digits", "transfer"]);
    expect(rig.memory.text()).not.toContain("5550199");
  });

  test("fills the places of a prompt of the user's own", async () => {
    using phone = new PhoneStub();
    const path = join(phone.folder, "system.txt");
    writeFileSync(path, "{caller} on {line} in {language}, {date} {time}: {not a place}");
    await using rig = await LlamaRig.open({
      stateFolder: phone.folder,
      argv: [`--system=${path}`, "--language=de"],
    });
    const call = await rig.call();
    call.turn("Hallo?");
    await rig.asks(1);
    const [system = ""] = rig.model.answers[0]?.contents("system") ?? [];
    expect(system).toStartWith("5550199 on 200@pbx.test in de, ");
    expect(system).toEndWith(": {not a place}");
  });

  test("hangs up when its last words have been heard, and not before", async () => {
    await using stage = await open(destinations, { reports: "never" });
    const { rig, phone } = stage;
    rig.model.script(
      calls("hang_up", {}, "Good bye, and have a nice evening everybody out there."),
    );
    const call = await rig.call();
    call.turn("Bye.");
    await rig.tells(1, "answered");
    const said = await rig.voice.hears(rig.of("clause").length);
    rig.voice.heard(1, { samples: 12_000 });
    await rig.tells(1, "heard");
    expect(phone.orders).toEqual([]);
    for (let text = 1; text <= said.length; text += 1) rig.voice.heard(text);
    await until(() => phone.orders.length > 0, "the order to hang up");
    expect(phone.orders).toEqual(["hang-up"]);
  });

  test("transfers to a name of the configuration", async () => {
    await using stage = await open(destinations);
    const { rig, phone } = stage;
    rig.model.script(calls("transfer", { to: "the workshop" }, "I put you through."));
    const call = await rig.call();
    call.turn("The workshop, please.");
    await until(() => phone.orders.length > 0, "the transfer");
    expect(phone.orders).toEqual(["transfer 601"]);
    expect(rig.voice.texts(111)).toEqual(["I put you through."]);
  });

  test("tells the caller when the transfer fails", async () => {
    await using stage = await open(destinations);
    const { rig, phone } = stage;
    phone.refusals.set("transfer", { ok: false, status: 486, reason: "Busy Here" });
    rig.model.script(calls("transfer", { to: "sales" }, "One moment."), says(["They are busy."]));
    const call = await rig.call();
    call.turn("Sales, please.");
    expect(await rig.voice.hears(2)).toEqual(["One moment.", "They are busy."]);
    expect(rig.model.answers[1]?.contents("tool")[0]).toContain("486 Busy Here");
  });

  test("cannot transfer to whom nobody has named", async () => {
    await using stage = await open(destinations);
    const { rig, phone } = stage;
    rig.model.script(calls("transfer", { to: "0900123456" }), says(["I cannot do that."]));
    const call = await rig.call();
    call.turn("Call the hotline.");
    expect(await rig.voice.hears(1)).toEqual(["I cannot do that."]);
    expect(phone.orders).toEqual([]);
  });

  test("presses keys, and goes on talking", async () => {
    await using stage = await open(destinations);
    const { rig, phone } = stage;
    rig.model.script(calls("send_digits", { digits: "12 #" }), says(["Done."]));
    const call = await rig.call();
    call.turn("Press twelve.");
    expect(await rig.voice.hears(1)).toEqual(["Done."]);
    expect(phone.orders).toEqual(["digits 12#"]);
  });

  const wrongCalls: Readonly<Record<string, readonly [ChatScript, string]>> = {
    "with an argument of a wrong type": [calls("send_digits", { digits: 12 }), "must be of type"],
    "without its argument": [calls("transfer", {}), "is missing"],
    "by a name that is none": [calls("open_door", {}), "there is no tool"],
    "with broken JSON": [brokenCall('{"to": "sales'), "error: "],
    "with JSON that is no object": [brokenCall("[1, 2]"), "error: "],
    "with endless arguments": [brokenCall(`{"to": "${"x".repeat(200_000)}"}`), "error: "],
  };
  for (const [name, [script, told]] of Object.entries(wrongCalls)) {
    test(`that calls a tool ${name} is told so, and answers`, async () => {
      await using stage = await open(destinations);
      const { rig, phone } = stage;
      rig.model.script(script, says(["I cannot do that."]));
      const call = await rig.call();
      call.turn("Do it.");
      expect(await rig.voice.hears(1)).toEqual(["I cannot do that."]);
      expect(rig.model.answers[1]?.contents("tool")[0]).toContain(told);
      expect(phone.orders).toEqual([]);
    });
  }

  test("that knows no tools writes marks, which the caller does not hear", async () => {
    await using stage = await open([...destinations, "--tool-style=text"]);
    const { rig, phone } = stage;
    rig.model.script(says(["I put you thr", "ough. [[trans", "fer sales]]"]));
    const call = await rig.call();
    call.turn("Sales, please.");
    await until(() => phone.orders.length > 0, "the transfer");
    expect(phone.orders).toEqual(["transfer 600"]);
    expect(rig.voice.texts(111)).toEqual(["I put you through."]);
    const [asked] = rig.model.answers;
    expect(asked?.tools).toEqual([]);
    expect(asked?.contents("system")[0]).toContain("[[transfer to]]");
  });

  test("of a call that no telephone has can do nothing to it", async () => {
    await using stage = await open(destinations);
    const { rig, phone } = stage;
    rig.model.script(calls("hang_up", {}), says(["I cannot."]));
    const call = await rig.call(222);
    call.turn("Bye.");
    expect(await rig.voice.hears(1, 222)).toEqual(["I cannot."]);
    expect(phone.orders).toEqual([]);
  });
});

function brokenCall(argumentsText: string): ChatScript {
  return (answer) => {
    answer.head();
    const named = { name: "transfer", arguments: argumentsText };
    answer.delta({ tool_calls: [{ index: 0, id: "a1", type: "function", function: named }] });
    answer.finish("tool_calls");
    answer.done();
  };
}

type Serve = (request: Request) => Response | Promise<Response>;

/** What the model is told that the tool answered. */
async function toolAnswer(serve: Serve, limitMs = 5000): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "wildfire-test-"));
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: serve, idleTimeout: 0 });
  const path = join(folder, "tools.toml");
  writeFileSync(
    path,
    `[[http]]
name = "orders"
description = "What somebody has ordered."
url = "http://127.0.0.1:${server.port}/orders"
timeout-ms = ${limitMs}
[http.parameters.name]
type = "string"
description = "Whose orders."
`,
  );
  try {
    await using rig = await LlamaRig.open({ argv: [`--tools=${path}`] });
    rig.model.script(calls("orders", { name: "Ada & Bob" }), says(["That is it."]));
    const call = await rig.call();
    call.turn("What did I order?");
    expect(await rig.voice.hears(1)).toEqual(["That is it."]);
    return rig.model.answers[1]?.contents("tool")[0] ?? "";
  } finally {
    await server.stop(true);
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.concurrent("an HTTP tool", () => {
  test("is asked with the model's arguments, and the model is told its answer", async () => {
    const asked = await toolAnswer((request) => new Response(new URL(request.url).search));
    expect(new URLSearchParams(asked).get("name")).toBe("Ada & Bob");
  });

  test("that fails is a failure to the model, not to the call", async () => {
    const told = await toolAnswer(() => new Response("out of order", { status: 500 }));
    expect(told).toBe("error: it answered 500: out of order");
  });

  test("that is too slow is given up", async () => {
    const told = await toolAnswer(() => new Promise(() => undefined), 200);
    expect(told).toBe("error: it did not answer within 0.2 s");
  });

  test("that leads elsewhere is not followed", async () => {
    let followed = 0;
    const told = await toolAnswer((request) => {
      if (request.url.endsWith("/secret")) followed += 1;
      return Response.redirect("/secret", 302);
    });
    expect(told).toContain("it answered 302");
    expect(followed).toBe(0);
  });

  test("that answers without end is cut", async () => {
    const told = await toolAnswer(
      () =>
        new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(0x41)),
          }),
        ),
    );
    expect(told.length).toBeLessThan(3000);
    expect(told).toStartWith("AAAA");
  });
});
