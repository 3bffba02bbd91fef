/** Receivers of webhooks that really listen, and webhooks that send to them. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../src/core/clock.ts";
import { readWebhookSecret } from "../../src/webhooks/webhook-signature.ts";
import { Webhooks, type WebhooksOptions } from "../../src/webhooks/webhooks.ts";
import { createMemoryLog, type MemoryLog } from "../fakes/memory-log.ts";

export const secret = `whsec_${Buffer.from("thirty-two bytes of a secret key").toString("base64")}`;

export interface ReceivedHook {
  readonly id: string;
  readonly body: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly isSigned: boolean;
  readonly headers: Headers;
}

type Answer = (hook: ReceivedHook) => Response | Promise<Response>;

export const ok: Answer = () => new Response(null, { status: 204 });

export class PlayedReceiver {
  readonly received: ReceivedHook[] = [];
  answer: Answer = ok;
  #server: Bun.Server<undefined>;

  constructor(port = 0) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      idleTimeout: 30,
      fetch: async (request) => {
        const hook = await readHook(request);
        this.received.push(hook);
        return await this.answer(hook);
      },
    });
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }
}

/** As a receiver verifies it that knows nothing of us but the convention. */
async function readHook(request: Request): Promise<ReceivedHook> {
  const body = await request.text();
  const { headers } = request;
  const id = headers.get("webhook-id") ?? "";
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signed = `${id}.${headers.get("webhook-timestamp")}.${body}`;
  const expected = Buffer.from(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  const given = Buffer.from(headers.get("webhook-signature") ?? "");
  const isSigned = given.length === expected.length && timingSafeEqual(given, expected);
  const { type, data } = fieldsOf(JSON.parse(body));
  return { id, body, type: String(type), data: fieldsOf(data), isSigned, headers };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

export class WebhookRig {
  readonly folder = mkdtempSync(join(tmpdir(), "wildfire-webhooks-"));
  readonly receivers: PlayedReceiver[] = [];
  readonly clock: Clock;
  readonly memory: MemoryLog;
  #webhooks: Webhooks[] = [];
  #seq = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.memory = createMemoryLog(clock);
  }

  get path(): string {
    return join(this.folder, "webhooks.sqlite");
  }

  receiver(port?: number): PlayedReceiver {
    const receiver = new PlayedReceiver(port);
    this.receivers.push(receiver);
    return receiver;
  }

  open(options: Partial<WebhooksOptions> & Pick<WebhooksOptions, "urls">): Webhooks {
    const webhooks = new Webhooks({
      path: this.path,
      kinds: ["call.started", "turn", "call.ended", "service.failed"],
      details: [],
      limits: { messages: 20_000, bytes: 50 << 20 },
      key: readWebhookSecret(secret),
      clock: this.clock,
      log: this.memory.log,
      random: () => 0.5,
      ...options,
    });
    this.#webhooks.push(webhooks);
    return webhooks;
  }

  /** The next event of the telephone about that call. */
  phone(webhooks: Webhooks, call: string, fields: Readonly<Record<string, unknown>>): number {
    this.#seq += 1;
    webhooks.take({
      service: "sip",
      pid: 1,
      stream: "s1",
      seq: this.#seq,
      callKey: `s1/${call}`,
      atMs: this.clock.wallMs(),
      fields: { key: call, line: "200@pbx", direction: "incoming", ...fields },
    });
    return this.#seq;
  }

  async close(): Promise<void> {
    for (const webhooks of this.#webhooks) webhooks.close();
    await Promise.all(this.receivers.map((receiver) => receiver.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
