/** What was said in one call, as the model is told it: bounded, and true to what the caller heard. */
import type { ChatMessage } from "../chat/chat-messages.ts";
import { type CallStyle, Exchange, type ToolResult } from "./exchange.ts";

export interface ConversationOptions {
  /** The system prompt of this call, ready; may be empty. */
  readonly system: string;
  /** Said by the agent before the caller says anything. */
  readonly greeting?: string | undefined;
  /** For everything that is sent, the system prompt included. */
  readonly budgetTokens: number;
}

/** Of one question; of more the latest stays, since that is what the caller waits for. */
const maxUserChars = 4000;
const maxResultChars = 2000;
const maxExchanges = 200;
/** What a chat template puts around each message. */
const messageTokens = 6;
const usualCharsPerToken = 4;
const minBudgetTokens = 128;

/** Numbers of turns rise; what is told of another turn than the present one changes nothing. */
export class Conversation {
  readonly #system: readonly ChatMessage[];
  #exchanges: Exchange[] = [];
  #pending = "";
  #turn = 0;
  #budgetTokens: number;
  #charsPerToken = usualCharsPerToken;
  #asked = { chars: 0, messages: 0 };
  #droppedExchanges = 0;

  constructor(options: ConversationOptions) {
    const { system, greeting = "", budgetTokens } = options;
    this.#budgetTokens = Math.max(budgetTokens, minBudgetTokens);
    this.#system = system === "" ? [] : [{ role: "system", content: system }];
    if (greeting === "") return;
    const first = new Exchange(0, "");
    first.say(greeting);
    this.#exchanges.push(first);
  }

  /** The turn that is on, or the last one; 0 is the greeting. */
  get turn(): number {
    return this.#turn;
  }

  /** Exchanges that did not fit the budget any more. */
  get droppedExchanges(): number {
    return this.#droppedExchanges;
  }

  /** The caller has said something that has no answer. */
  get isOwed(): boolean {
    const last = this.#exchanges.at(-1);
    return this.#pending !== "" || (last !== undefined && last.user !== "" && !last.isAnswered);
  }

  /** A transcript; several before the next turn are one question. */
  hear(text: string): void {
    this.#pending = joinSaid(this.#pending, text);
  }

  /**
   * Begins the turn in which all that is owed is answered, and returns its number. What the caller
   * said before and got no answer to belongs to the same question.
   */
  beginTurn(): number {
    this.#turn += 1;
    const last = this.#exchanges.at(-1);
    const isOwed = last !== undefined && last.user !== "" && !last.isAnswered;
    if (isOwed && (last.isOpen || this.#pending === "")) {
      last.user = joinSaid(last.user, this.#pending);
      last.reopen(this.#turn);
    } else {
      this.#exchanges.push(new Exchange(this.#turn, this.#pending));
    }
    this.#pending = "";
    return this.#turn;
  }

  /** The agent's words of a turn, as they are spoken. */
  say(turn: number, text: string): void {
    if (turn === this.#turn) this.#exchanges.at(-1)?.say(text);
  }

  /** The model called these tools after what it has said, and this came of them. */
  acted(turn: number, style: CallStyle, results: readonly ToolResult[]): void {
    if (turn !== this.#turn) return;
    const bounded = results.map(({ call, content }) => ({ call, content: shortened(content) }));
    this.#exchanges.at(-1)?.acted(style, bounded);
  }

  /** Characters that were said in a turn. */
  saidChars(turn: number): number {
    return this.#find(turn)?.saidChars ?? 0;
  }

  /** The caller interrupted a turn after so many of its characters; may be told better later. */
  heard(turn: number, characters: number): void {
    const exchange = this.#find(turn);
    if (exchange !== undefined) exchange.heard = Math.max(0, characters);
  }

  /** What to send; drops what does not fit, oldest first, and never the question itself. */
  messages(): ChatMessage[] {
    this.#fit(this.#budgetTokens);
    const exchanges = this.#exchanges.flatMap((exchange) => exchange.messages());
    const messages = [...this.#system, ...exchanges];
    this.#asked = { chars: charsOf(messages), messages: messages.length };
    return messages;
  }

  /** How many tokens the server counted for the messages that were given last. */
  calibrate(promptTokens: number): void {
    const { chars, messages } = this.#asked;
    const textTokens = promptTokens - messages * messageTokens;
    if (chars === 0 || textTokens <= 0) return;
    // Between one character a token and what the longest words of real vocabularies give.
    const measured = Math.min(Math.max(chars / textTokens, 1), 8);
    this.#charsPerToken = (this.#charsPerToken + measured) / 2;
  }

  /** The server has less room than it was thought to have; false when nothing can be left out. */
  shrink(): boolean {
    const before = this.#exchanges.length;
    const tokens = this.#tokensOf(this.#exchanges);
    this.#budgetTokens = Math.max(
      minBudgetTokens,
      Math.floor(Math.min(this.#budgetTokens, tokens) / 2),
    );
    this.#fit(this.#budgetTokens);
    return this.#exchanges.length < before;
  }

  #find(turn: number): Exchange | undefined {
    return this.#exchanges.findLast((exchange) => exchange.turn === turn);
  }

  #fit(budgetTokens: number): void {
    const isTooMuch = this.#tokensOf(this.#exchanges) > budgetTokens;
    if (!isTooMuch && this.#exchanges.length <= maxExchanges) return;
    // To less than the budget, since each change of the beginning costs the server its cache.
    const target = budgetTokens * 0.75;
    while (this.#exchanges.length > 1) {
      const isFit = this.#tokensOf(this.#exchanges) <= target;
      if (isFit && this.#exchanges.length <= maxExchanges) return;
      this.#exchanges.shift();
      this.#droppedExchanges += 1;
    }
  }

  #tokensOf(exchanges: readonly Exchange[]): number {
    const messages = [...this.#system, ...exchanges.flatMap((exchange) => exchange.messages())];
    return charsOf(messages) / this.#charsPerToken + messages.length * messageTokens;
  }
}

function charsOf(messages: readonly ChatMessage[]): number {
  let chars = 0;
  for (const message of messages) {
    chars += message.content.length;
    if (message.role !== "assistant") continue;
    for (const call of message.toolCalls ?? []) {
      chars += call.name.length + call.argumentsText.length;
    }
  }
  return chars;
}

function joinSaid(before: string, text: string): string {
  const joined = `${before} ${text.slice(-maxUserChars)}`.trim();
  return joined.slice(-maxUserChars).toWellFormed();
}

function shortened(content: string): string {
  if (content.length <= maxResultChars) return content.toWellFormed();
  return `${content.slice(0, maxResultChars).toWellFormed()}…`;
}
