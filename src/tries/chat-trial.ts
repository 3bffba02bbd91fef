/** Tries a chat server with a real request: when its first words come, how fast, and what they are. */
import type { Clock } from "../core/clock.ts";
import { quote } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { fault, type Finding, ok, warning } from "../doctor/finding.ts";
import { ChatClient } from "../llama-bridge/chat/chat-client.ts";
import type { ChatFailure } from "../llama-bridge/chat/chat-failure.ts";
import type { AnswerEnd, ChatAsker, ChatMessage } from "../llama-bridge/chat/chat-messages.ts";
import { chatEndpoint } from "../llama-bridge/chat/chat-options.ts";
import { EchoAsker } from "../llama-bridge/echo-asker.ts";
import { listModels } from "./model-list.ts";
import { refusedTrial, stopped, TrialEnd } from "./trial.ts";

export type ChatVerdict =
  | "answered"
  /** It came to an end without a word: a model that only thought, for example. */
  | "no-words"
  | "wrong-key"
  | "unknown-model"
  | "unreachable"
  /** What answers there is no server of the OpenAI convention. */
  | "not-compatible"
  | "slow"
  | "trouble"
  | "wrong-settings"
  | "stopped";

export interface ChatTry {
  readonly backend: "echo" | "openai";
  readonly url?: string | undefined;
  readonly model?: string | undefined;
  readonly key?: string | undefined;
  /** As it is sent: places such as {caller} are filled in. */
  readonly system?: string | undefined;
  /** "Say yes." unless given. */
  readonly prompt?: string | undefined;
  readonly temperature?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The answer while it comes. */
  readonly onText?: ((delta: string) => void) | undefined;
  /** For all of it, 40 s unless given. */
  readonly limitMs?: number | undefined;
}

export interface ChatTrial extends Finding {
  readonly verdict: ChatVerdict;
  /** Without what may be secret; empty for the echo. */
  readonly address: string;
  readonly text: string;
  readonly firstTokenMs: number | undefined;
  readonly totalMs: number;
  readonly tokens: number;
  /** 0 where too little came to tell. */
  readonly tokensPerSecond: number;
  /** What the server has, where it was asked and says so. */
  readonly models: readonly string[];
}

const usualLimitMs = 40_000;
const usualPrompt = "Say yes.";
const slowTokenMs = 1500;
const listLimitMs = 2000;
const shownModels = 6;

/** Never rejects. */
export async function tryChat(wanted: ChatTry): Promise<ChatTrial> {
  const { clock, limitMs = usualLimitMs, signal, onText } = wanted;
  let text = "";
  const end = new TrialEnd(clock, limitMs, signal);
  try {
    const { asker, address } = openAsker(wanted);
    const answer = await asker.ask({
      messages: messagesOf(wanted),
      tools: [],
      sink: {
        text(delta) {
          text += delta;
          onText?.(delta);
        },
        toolCall: () => undefined,
      },
      signal: end.signal,
    });
    const told = { answer, address, text, isLate: end.isLate };
    return { ...(await judge(told, wanted)), ...figuresOf(told) };
  } catch (error) {
    const finding = refusedTrial(error, "correct [llama] in the configuration");
    const figures = {
      text: "",
      firstTokenMs: undefined,
      totalMs: 0,
      tokens: 0,
      tokensPerSecond: 0,
    };
    return { ...finding, verdict: "wrong-settings", address: "", models: [], ...figures };
  } finally {
    end.release();
  }
}

/** Throws a WildfireError for an address or a key that cannot be right. */
function openAsker(wanted: ChatTry): { readonly asker: ChatAsker; readonly address: string } {
  const { backend, url = "", model = "default", key, temperature, maxTokens, clock, log } = wanted;
  if (backend === "echo") return { asker: new EchoAsker(clock), address: "" };
  const client = new ChatClient({ url, model, key, temperature, maxTokens, clock, log });
  return { asker: client, address: client.address };
}

function messagesOf({ system = "", prompt = usualPrompt }: ChatTry): readonly ChatMessage[] {
  const asked: ChatMessage = { role: "user", content: prompt };
  return system === "" ? [asked] : [{ role: "system", content: system }, asked];
}

interface Told {
  readonly answer: AnswerEnd;
  readonly address: string;
  readonly text: string;
  readonly isLate: boolean;
}

type Figures = Omit<ChatTrial, "level" | "seen" | "fix" | "verdict" | "models">;
type Judged = Finding & Pick<ChatTrial, "verdict" | "models">;

function figuresOf({ answer: { figures }, address, text }: Told): Figures {
  const { firstTokenMs, totalMs, tokens, tokensPerSecond } = figures;
  return { address, text, firstTokenMs, totalMs, tokens, tokensPerSecond };
}

async function judge(told: Told, wanted: ChatTry): Promise<Judged> {
  const { answer, isLate } = told;
  if (answer.kind === "complete") return { ...judgeAnswer(told, wanted), models: [] };
  if (answer.kind === "failed") return await judgeFailure(answer.failure, told, wanted);
  if (!isLate) return { ...stopped(), verdict: "stopped", models: [] };
  const seen = `${told.address} did not come to the end of its answer in time`;
  const fix = "is its model loaded? Is the host overloaded?";
  return { ...fault(seen, fix), verdict: "slow", models: [] };
}

function judgeAnswer(
  { answer, address, text }: Told,
  { backend }: ChatTry,
): Finding & Pick<ChatTrial, "verdict"> {
  if (backend === "echo") {
    return { ...ok("the echo backend: it says again what it hears"), verdict: "answered" };
  }
  if (text.trim() === "") {
    const seen = `${address} came to the end of its answer without a word`;
    const fix = "give it more tokens ([llama] max-tokens), or a model that does not think first";
    return { ...warning(seen, fix), verdict: "no-words" };
  }
  return { ...judgeFirstToken(address, answer), verdict: "answered" };
}

/** How soon the first words came. */
export function judgeFirstToken(
  address: string,
  { figures: { firstTokenMs, totalMs, tokensPerSecond } }: Pick<AnswerEnd, "figures">,
): Finding {
  const first = Math.round(firstTokenMs ?? totalMs);
  const pace = tokensPerSecond > 0 ? `, ${tokensPerSecond.toFixed(1)} tokens a second` : "";
  const seen = `${address} began to answer after ${first} ms${pace}`;
  if (first <= slowTokenMs) return ok(seen);
  return warning(seen, "callers wait that long: take a smaller model, or a faster machine for it");
}

async function judgeFailure(failure: ChatFailure, told: Told, wanted: ChatTry): Promise<Judged> {
  const { kind, status, message, hint } = failure;
  const none = { ...fault(message, hint), models: [] };
  if (status === 401 || status === 403) return { ...none, verdict: "wrong-key" };
  if (kind === "unreachable") return { ...none, verdict: "unreachable" };
  if (kind === "timeout") return { ...none, verdict: "slow" };
  if (kind === "not-an-answer") return { ...none, verdict: "not-compatible" };
  if (kind !== "refused" || (status !== 400 && status !== 404)) {
    return { ...none, verdict: "trouble" };
  }
  return await judgeModel(failure, told, wanted);
}

/** It knows either the model not or the address: its list tells which. */
async function judgeModel(
  { message, hint, status }: ChatFailure,
  { address }: Told,
  { url = "", model = "default", key, clock, signal }: ChatTry,
): Promise<Judged> {
  const end = new TrialEnd(clock, listLimitMs, signal);
  const list = await listModels(chatBase(url), key, end.signal);
  end.release();
  if (list === undefined) {
    if (status === 400) return { ...fault(message, hint), verdict: "trouble", models: [] };
    const seen = `what answers at ${address} is no chat server of the OpenAI convention (404)`;
    const fix = "check the port and the path of the address, such as http://127.0.0.1:8080";
    return { ...fault(seen, fix), verdict: "not-compatible", models: [] };
  }
  const { models } = list;
  if (models.includes(model)) return { ...fault(message, hint), verdict: "trouble", models };
  const seen = `the server at ${address} has no model ${quote(model)}`;
  return { ...fault(seen, modelAdvice(models)), verdict: "unknown-model", models };
}

function modelAdvice(models: readonly string[]): string {
  if (models.length === 0) return "it has none at all: load one into it first";
  const shown = models.slice(0, shownModels).join(", ");
  const more = models.length - shownModels;
  return `choose one that it has: ${shown}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Of the address as it is configured: where `/models` is. Throws a WildfireError for one that is none. */
export function chatBase(url: string): string {
  const { origin, pathname } = chatEndpoint(url);
  return origin + pathname.replace(/\/chat\/completions$/, "");
}
