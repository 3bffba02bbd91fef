/** A tool that asks an HTTP address of the configuration; the model chooses the arguments only. */
import type { Clock } from "../../core/clock.ts";
import { errnoOf } from "../../core/errno.ts";
import { quote, WildfireError } from "../../core/errors.ts";
import { readStart } from "../chat/bounded-body.ts";
import type { JsonObject } from "../chat/chat-messages.ts";
import { objectOf } from "../chat/loose-json.ts";
import type { Tool, ToolOutcome } from "./tool.ts";

export interface HttpToolOptions {
  readonly name: string;
  readonly description: string;
  /** JSON schema of an object. */
  readonly parameters: JsonObject;
  /** The one address that is asked; nothing of the model's gets into host or path. */
  readonly url: string;
  /** With GET the arguments go into the query, with the others into a JSON body. */
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  /** 5000 unless given. */
  readonly timeoutMs?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

const usualTimeoutMs = 5000;
/** Of an answer; the model is told no more than a part of that. */
const maxAnswerBytes = 64 << 10;
const maxSaidChars = 2000;

/** Throws a WildfireError("config") when the address cannot be one. */
export function httpTool(options: HttpToolOptions, clock: Clock): Tool {
  const { name, description, parameters, url } = options;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !["http:", "https:"].includes(parsed.protocol)) {
    const what = `the address ${quote(url)} of the tool ${quote(name)} is no web address`;
    throw new WildfireError("config", what, { hint: "write it like http://127.0.0.1:3000/orders" });
  }
  return {
    declaration: { name, description, parameters },
    isLast: false,
    run: async (args, signal) => await runHttp({ options, url: parsed, clock, args, signal }),
  };
}

interface HttpRun {
  readonly options: HttpToolOptions;
  readonly url: URL;
  readonly clock: Clock;
  readonly args: JsonObject;
  readonly signal: AbortSignal;
}

async function runHttp(run: HttpRun): Promise<ToolOutcome> {
  const { options, clock } = run;
  const timeoutMs = options.timeoutMs ?? usualTimeoutMs;
  const late = new AbortController();
  const timer = clock.after(timeoutMs, () => late.abort());
  try {
    const signal = AbortSignal.any([run.signal, late.signal]);
    const response = await request(run, signal);
    const text = await readStart(response, maxAnswerBytes);
    if (response.ok) return { kind: "result", text: forModel(text) };
    return { kind: "failed", text: `it answered ${response.status}: ${forModel(text)}` };
  } catch (error) {
    if (late.signal.aborted) {
      return { kind: "failed", text: `it did not answer within ${timeoutMs / 1000} s` };
    }
    return { kind: "failed", text: `it cannot be reached: ${errnoOf(error)}` };
  } finally {
    timer.cancel();
  }
}

async function request(run: HttpRun, signal: AbortSignal): Promise<Response> {
  const { method } = run.options;
  const url = new URL(run.url);
  const headers = new Headers(run.options.headers);
  // A redirection would lead to an address that nobody has allowed.
  const init = { method, headers, signal, keepalive: false, redirect: "manual" } as const;
  if (method === "GET") {
    for (const [name, value] of Object.entries(run.args)) {
      const isPlain = objectOf(value) === undefined && !Array.isArray(value);
      url.searchParams.set(name, isPlain ? String(value) : JSON.stringify(value));
    }
    return await fetch(url, init);
  }
  headers.set("content-type", "application/json");
  return await fetch(url, { ...init, body: JSON.stringify(run.args) });
}

function forModel(text: string): string {
  const trimmed = text.toWellFormed().trim();
  if (trimmed === "") return "(nothing)";
  return trimmed.length > maxSaidChars ? `${trimmed.slice(0, maxSaidChars)}…` : trimmed;
}
