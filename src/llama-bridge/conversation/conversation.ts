/** What was said in one call, as the model is told it: bounded, and true to what the caller heard. */
import type { ChatMessage } from "../chat/chat-messages.ts";
import { Exchange } from "./exchange.ts";
import { type CallStyle, SaidAnswer, type ToolResult } from "./said-answer.ts";
import { alternating, charsOf } from "./strict-messages.ts";

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

/**
 * Numbers of turns rise; words and deeds of another turn than the present one change nothing. What was
 * heard of a turn counts whenever it is told.
 */
export class Conversation {
  #system: string;
  readonly #greeting = new SaidAnswer(0);
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
    this.#system = system;
    this.#greeting.say(greeting);
  }

  /** The turn that is on, or the last one; 0 is the greeting. */
  get turn(): number {
    return this.#turn;
  }

  /** What the model is told from the next question on; `budgetTokens` as at the start. */
  instruct({ system, budgetTokens }: Omit<ConversationOptions, "greeting">): void {
    this.#system = system;
    this.#budgetTokens = Math.max(budgetTokens, minBudgetTokens);
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
    if (this.#pending === "" && last !== undefined) last.askAgain(this.#turn);
    else this.#exchanges.push(new Exchange(this.#turn, this.#pending));
    this.#pending = "";
    return this.#turn;
  }

  /**
   * What was said in the present turn is said again, and goes on, in a new turn, whose number is
   * returned: from the character `from` on; what is behind `to` was never said. Reports of the old
   * turn count for the old turn only, so that none can be taken for one of the new.
   */
  resumeTurn(from: number, to: number): number {
    const answer = this.#find(this.#turn);
    const turns = { old: this.#turn, new: this.#turn + 1 };
    this.#turn = turns.new;
    answer?.resume(turns, from, to);
    return this.#turn;
  }

  /** The model, which was stopped in mid-answer, is to be asked to go on. */
  goOn(turn: number): void {
    if (turn === this.#turn) this.#find(turn)?.goOn();
  }

  /** The agent's words of a turn, as they are spoken. */
  say(turn: number, text: string): void {
    if (turn === this.#turn) this.#find(turn)?.say(text);
  }

  /** The model called these tools after what it has said, and this came of them. */
  acted(turn: number, style: CallStyle, results: readonly ToolResult[]): void {
    if (turn !== this.#turn) return;
    const bounded = results.map(({ call, content }) => ({ call, content: shortened(content) }));
    this.#find(turn)?.acted(style, bounded);
  }

  /** Characters that were said in a turn. */
  saidChars(turn: number): number {
    return this.#find(turn)?.saidChars(turn) ?? 0;
  }

  /** The caller interrupted a turn after so many of its characters; may be told better later. */
  heard(turn: number, characters: number): void {
    this.#find(turn)?.heard(turn, characters);
  }

  /** What to send; drops what does not fit, oldest first, and never the question itself. */
  messages(): ChatMessage[] {
    this.#fit(this.#budgetTokens);
    const messages = this.#messagesOf(this.#exchanges);
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

  #find(turn: number): SaidAnswer | undefined {
    for (const exchange of this.#exchanges.toReversed()) {
      const answer = exchange.answerOf(turn);
      if (answer !== undefined) return answer;
    }
    return this.#greeting.isOf(turn) ? this.#greeting : undefined;
  }

  #fit(budgetTokens: number): void {
    const isTooMuch = this.#tokensOf(this.#exchanges) > budgetTokens;
    if (!isTooMuch && this.#exchanges.length <= maxExchanges) return;
    // To less than the budget, since each change of the beginning costs the server its cache.
    const target = budgetTokens * 0.75;
    const kept = this.#questionParts();
    while (this.#exchanges.length > kept) {
      const isFit = this.#tokensOf(this.#exchanges) <= target;
      if (isFit && this.#exchanges.length <= maxExchanges) return;
      this.#exchanges.shift();
      this.#droppedExchanges += 1;
    }
  }

  /** How many of the last exchanges are one question, to which the caller has heard no answer yet. */
  #questionParts(): number {
    let parts = 1;
    let chars = this.#exchanges.at(-1)?.user.length ?? 0;
    for (const exchange of this.#exchanges.slice(0, -1).toReversed()) {
      chars += exchange.user.length;
      if (chars > maxUserChars || exchange.messages().length > 1) break;
      parts += 1;
    }
    return parts;
  }

  #tokensOf(exchanges: readonly Exchange[]): number {
    const messages = this.#messagesOf(exchanges);
    return charsOf(messages) / this.#charsPerToken + messages.length * messageTokens;
  }

  #messagesOf(exchanges: readonly Exchange[]): ChatMessage[] {
    const system = this.#systemPrompt();
    const said = alternating(exchanges.flatMap((exchange) => exchange.messages()));
    return system === "" ? said : [{ role: "system", content: system }, ...said];
  }

  /** The greeting stands in it, since strict templates want the user to speak first. */
  #systemPrompt(): string {
    const greeting = this.#greeting.words();
    if (greeting === "") return this.#system;
    const note = `You have answered the call with these words: "${greeting}"`;
    return this.#system === "" ? note : `${this.#system}\n\n${note}`;
  }
}

function joinSaid(before: string, text: string): string {
  const joined = `${before} ${text.slice(-maxUserChars)}`.trim();
  return joined.slice(-maxUserChars).toWellFormed();
}

function shortened(content: string): string {
  if (content.length <= maxResultChars) return content.toWellFormed();
  return `${content.slice(0, maxResultChars).toWellFormed()}…`;
}
