/** Webhooks as the web service keeps them: from the events that it follows to the receivers of [webhooks]. */
import { join } from "node:path";
import { readSection } from "../config/config-effective.ts";
import type { ConfigFile } from "../config/load.ts";
import { secretVariables } from "../config/secrets-file.ts";
import { describeError, WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { LiveCall } from "../web/live/live-call.ts";
import type { ServiceProcess } from "../web/live/live-calls.ts";
import { type Fields, numberIn, timeIn } from "./event-fields.ts";
import type { RandomBytes } from "../web/secret-tokens.ts";
import type { HookDesk } from "../webhooks/hook-desk.ts";
import { webhookDetails, webhookKinds } from "../webhooks/webhook-messages.ts";
import { newWebhookSecret, readWebhookSecret } from "../webhooks/webhook-signature.ts";
import { removeSpoolFile } from "../webhooks/spool-file.ts";
import { Webhooks } from "../webhooks/webhooks.ts";
import type { ServiceContext } from "./service.ts";
import { webhookOptions, webhookUrlProblem } from "./web-options.ts";

export interface WebHooks extends HookDesk {
  /** Tells which life of a service that process is, before any event of it is taken. */
  note(event: { readonly service: string; readonly pid: number; readonly stream: string }): void;
  /** `call`: what the event is about, if it is about one. */
  take(process: ServiceProcess, fields: Fields, call: LiveCall | undefined): void;
  /** No private data, and no address. */
  status(): Readonly<Record<string, unknown>>;
  close(): void;
}

export interface WebHooksOptions {
  readonly file: ConfigFile | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly context: ServiceContext;
  readonly randomBytes: RandomBytes;
}

const bytesPerMegabyte = 1 << 20;
/** Days of a small exchange. */
const maxMessages = 20_000;
const maxStreams = 500;

/** What is wrong with the settings is logged and keeps nothing but webhooks from working. */
export function openWebHooks(options: WebHooksOptions): WebHooks {
  const { context, randomBytes } = options;
  const { clock, log, stateFolder } = context;
  const path = join(stateFolder, "web", "webhooks.sqlite");
  const configured = readSettings(options);
  if (configured?.url.length === 0) forgetWaiting(path, log);
  const settings = configured ?? webhookDefaults;
  const webhooks = new Webhooks({
    path,
    urls: settings.url,
    kinds: webhookKinds.filter((kind) => settings.kinds.includes(kind)),
    details: webhookDetails.filter((detail) => settings.include.includes(detail)),
    limits: { messages: maxMessages, bytes: settings["spool-mb"] * bytesPerMegabyte },
    key: readKey(options, settings.url.length > 0),
    clock,
    log,
    random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
  });
  const streams = new Map<string, string>();
  return {
    note({ service, pid, stream }) {
      streams.set(`${service}/${pid}`, stream);
      const [oldest] = streams.keys();
      if (streams.size > maxStreams && oldest !== undefined) streams.delete(oldest);
    },
    take(process, fields, call) {
      const stream = streams.get(nameOf(process));
      const seq = numberIn(fields, "seq");
      if (stream === undefined || seq === undefined) return;
      const atMs = timeIn(fields, clock.wallMs());
      const callKey = call === undefined ? "" : callKeyOf(call, streams);
      webhooks.take({ ...process, stream, seq, callKey, atMs, fields });
    },
    view: () => webhooks.view(),
    test: async (receiver) => await webhooks.test(receiver, randomBytes),
    newSecret() {
      const secret = newWebhookSecret(randomBytes);
      return { secret, use: () => webhooks.useKey(readWebhookSecret(secret)) };
    },
    status: () => {
      const { receivers, hasKey, spooled, spooledBytes, waiting, lost } = webhooks.view();
      const failing = receivers.filter(({ state }) => state !== "open").length;
      const sum = (name: "delivered" | "dropped"): number =>
        receivers.reduce((total, receiver) => total + receiver[name], 0);
      return {
        receivers: receivers.length,
        failing,
        hasKey,
        spooled,
        spooledBytes,
        limitBytes: settings["spool-mb"] * bytesPerMegabyte,
        delivered: sum("delivered"),
        waiting,
        lost,
        dropped: sum("dropped"),
      };
    },
    close: () => webhooks.close(),
  };
}

function nameOf({ service, pid }: ServiceProcess): string {
  return `${service}/${pid}`;
}

/** As the history names the call. */
function callKeyOf({ parts, id }: LiveCall, streams: ReadonlyMap<string, string>): string {
  const best = parts.toSorted((one, other) => one.rank - other.rank)[0];
  if (best === undefined) return id;
  return `${streams.get(nameOf(best)) ?? nameOf(best)}/${best.key}`;
}

/** What waits was for addresses that were taken out. */
function forgetWaiting(path: string, log: Logger): void {
  try {
    removeSpoolFile(path);
  } catch (error) {
    log.warn("webhooks that nobody is to get were not removed", {
      file: path,
      reason: describeError(error),
    });
  }
}

/** Undefined, with a word in the log, when they cannot be used. */
function readSettings({ file, env, context }: WebHooksOptions) {
  const read = (sections: ConfigFile["sections"]) =>
    readSection(webhookOptions, { name: "webhooks", path: file?.path ?? "", sections, env });
  try {
    const settings = read(file?.sections ?? {});
    const wrong = settings.url.map(webhookUrlProblem).find((problem) => problem !== undefined);
    if (wrong === undefined) return settings;
    throw new WildfireError("config", `[webhooks] url: ${wrong}`);
  } catch (error) {
    context.log.error("webhooks are off: their settings cannot be used", {
      reason: describeError(error),
    });
    return undefined;
  }
}

const webhookDefaults = { url: [], kinds: [], include: [], "spool-mb": 1 } as const;

function readKey({ env, context }: WebHooksOptions, isWanted: boolean): Uint8Array | undefined {
  const text = env[secretVariables["webhook-secret"]]?.trim() ?? "";
  try {
    if (text !== "") return readWebhookSecret(text);
    if (isWanted) {
      context.log.warn("webhooks wait: there is no secret to sign them with", {
        advice: "make one on the page Access, or write webhook-secret into secrets.toml",
      });
    }
  } catch (error) {
    context.log.error("webhooks wait: their secret cannot be used", {
      reason: describeError(error),
    });
  }
  return undefined;
}
