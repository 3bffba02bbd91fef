/** A call of random events, with a model and tools that do what chance says; checks what must hold. */
import { expect } from "bun:test";
import type {
  AnswerEnd,
  AskRequest,
  ChatAsker,
  ToolCall,
} from "../../../src/llama-bridge/chat/chat-messages.ts";
import type { ChatFailureKind } from "../../../src/llama-bridge/chat/chat-failure.ts";
import { Conversation } from "../../../src/llama-bridge/conversation/conversation.ts";
import { ToolBox } from "../../../src/llama-bridge/conversation/tool-box.ts";
import type { Tool, ToolOutcome } from "../../../src/llama-bridge/conversation/tool.ts";
import { TurnMachine } from "../../../src/llama-bridge/conversation/turn-machine.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import type { SeededRandom } from "../../fuzz/seeded-random.ts";
import { expectStrict } from "./strict-order.ts";

type Settle = () => void;

const figures = { totalMs: 1, tokens: 1, tokensPerSecond: 0, retries: 0 };
const greeting = "Good day, this is the front desk. How can I help you?";
const pieces = ["We open ", "at nine, ", "or ten. ", "Yes.", " ", "\n", "long words ".repeat(8)];
/** Longer than the longest of all time limits together can take. */
const allLimitsMs = 3_000_000;

export class FuzzCall implements ChatAsker {
  readonly #random: SeededRandom;
  readonly #clock = new FakeClock();
  readonly #conversation = new Conversation({ system: "", greeting, budgetTokens: 1_000_000 });
  readonly #machine: TurnMachine;
  /** Requests that were neither answered nor stopped. */
  #open: { readonly request: AskRequest; readonly end: (end: AnswerEnd) => void }[] = [];
  #tools: Settle[] = [];
  readonly #heard: string[] = [];
  readonly #ignored = new Set<string>();
  /** Turns of which something was spoken, in order, and those that may not speak any more. */
  #spokenTurn = -1;
  #spokenChars = 0;
  readonly #over = new Set<number>();
  #isClosed = false;
  #isServerDead = false;
  #resumptions = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    const tellsSpeech = random.unit() < 0.7;
    this.#machine = new TurnMachine({
      conversation: this.#conversation,
      asker: this,
      speech: {
        speak: (text, turn) => this.#speak(text, turn),
        finish: (turn) => this.#finish(turn),
        cancel: (turn) => this.#cancel(turn),
      },
      tools: new ToolBox([this.#tool("look_up", false), this.#tool("hang_up", true)]),
      toolStyle: random.pick(["protocol", "text"]),
      apology: random.pick(["", "Sorry, say that again."]),
      maxTurnChars: random.pick([40, 300, 2000]),
      tellsSpeech: () => tellsSpeech,
      ignored: (text) => void this.#ignored.add(text),
      resumed: () => void (this.#resumptions += 1),
      clock: this.#clock,
      log: createMemoryLog(this.#clock).log,
    });
  }

  get resumptions(): number {
    return this.#resumptions;
  }

  get ignored(): number {
    return this.#ignored.size;
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      this.#event(step);
      for (let turns = this.#random.between(0, 8); turns > 0; turns -= 1) await Promise.resolve();
    }
    await this.#comesToRest();
    if (this.#isClosed) return;
    this.#expectEachTextOnce();
    this.#close();
  }

  async ask(request: AskRequest): Promise<AnswerEnd> {
    expect(this.#isClosed).toBe(false);
    expect(this.#open).toEqual([]);
    expectStrict(request.messages);
    const { promise, resolve } = Promise.withResolvers<AnswerEnd>();
    const entry = { request, end: resolve };
    this.#open.push(entry);
    request.signal.addEventListener("abort", () => {
      this.#open = this.#open.filter((other) => other !== entry);
      resolve({ kind: "cancelled", hasBegun: false, figures });
    });
    return await promise;
  }

  /** Inputs stop; neither the server nor a tool nor the voice says anything any more. */
  async #comesToRest(): Promise<void> {
    for (let waitedMs = 0; waitedMs < allLimitsMs && !this.#isAtRest; waitedMs += 10_000) {
      this.#clock.advance(10_000);
      for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
    }
    expect(this.#machine.state).toBe(this.#isClosed ? "closed" : "idle");
    expect(this.#open).toEqual([]);
    expect(this.#clock.timers).toBe(0);
  }

  get #isAtRest(): boolean {
    const { state } = this.#machine;
    return (state === "idle" || state === "closed") && this.#clock.timers === 0;
  }

  #expectEachTextOnce(): void {
    const messages = this.#conversation.messages().filter(({ role }) => role === "user");
    const wasShortened = this.#conversation.droppedExchanges > 0;
    for (const text of this.#heard) {
      const count = messages.filter(({ content }) => content.includes(text)).length;
      if (wasShortened && count === 0) continue;
      expect([text, count]).toEqual([text, this.#ignored.has(text) ? 0 : 1]);
    }
  }

  #event(step: number): void {
    const events: readonly [() => void, ...(() => void)[]] = [
      () => this.#transcript(step),
      () => this.#transcript(step),
      () => this.#machine.speech(),
      () => this.#machine.speech(),
      () => this.#machine.silence(),
      () => this.#machine.silence(),
      () => this.#cough(),
      () => this.#played(),
      () => this.#played(),
      () => this.#allPlayed(),
      () => this.#clock.advance(this.#random.pick([1, 100, 250, 250, 1000, 20_000, 140_000])),
      () => this.#clock.advance(this.#random.pick([1, 100, 250, 250])),
      () => this.#says(),
      () => this.#says(),
      () => this.#says(),
      () => this.#ends(),
      () => this.#ends(),
      () => this.#tools.shift()?.(),
      () => this.#machine.greet(greeting),
      () => void (this.#isServerDead = this.#random.unit() < 0.2),
      () => void (this.#random.unit() < 0.02 && this.#close()),
    ];
    this.#random.pick(events)();
  }

  #transcript(step: number): void {
    const text = `text${step} ${this.#random.pick(["mm", "stop", "when"])};`;
    if (!this.#isClosed) this.#heard.push(text);
    this.#machine.transcript(text);
  }

  #cough(): void {
    this.#machine.speech();
    this.#machine.silence();
    if (this.#random.unit() < 0.7) this.#clock.advance(250);
  }

  #played(): void {
    const turn = this.#machine.turn - this.#random.pick([0, 0, 0, 1, 2]);
    const chars = this.#random.pick([0, 5, 20, this.#spokenChars, -3, 9999]);
    this.#machine.played(turn, chars, this.#random.unit() < 0.2);
  }

  #allPlayed(): void {
    if (this.#over.has(this.#spokenTurn)) {
      this.#machine.played(this.#spokenTurn, this.#spokenChars, true);
    }
  }

  #says(): void {
    const request = this.#open[0]?.request;
    if (request === undefined || this.#isServerDead) return;
    request.sink.text(pieces[this.#random.between(0, pieces.length - 1)] ?? "");
  }

  #ends(): void {
    const entry = this.#open[0];
    if (entry === undefined || this.#isServerDead) return;
    const { sink, tools } = entry.request;
    const isCalling = this.#random.unit() < 0.4;
    const name = this.#random.pick(["look_up", "look_up", "hang_up", "unknown"]);
    if (isCalling && tools.length > 0) sink.toolCall(toolCall(name));
    else if (isCalling) sink.text(`[[${name}]]`);
    this.#open = this.#open.filter((other) => other !== entry);
    entry.end(this.#end());
  }

  #end(): AnswerEnd {
    const hasBegun = this.#random.unit() < 0.5;
    if (this.#random.unit() < 0.7) return { kind: "complete", finish: "stop", hasBegun, figures };
    const kind: ChatFailureKind = this.#random.unit() < 0.2 ? "too-long" : "broken";
    const failure = { kind, message: "by chance", hint: "try again" };
    return { kind: "failed", failure, hasBegun, figures };
  }

  #tool(name: string, isLast: boolean): Tool {
    return {
      declaration: { name, description: "By chance.", parameters: { type: "object" } },
      isLast,
      run: async () => {
        expect(this.#isClosed).toBe(false);
        const { promise, resolve } = Promise.withResolvers<ToolOutcome>();
        const kind = this.#random.unit() < 0.5 ? "result" : "failed";
        this.#tools.push(() => resolve({ kind, text: "so it is" }));
        return await promise;
      },
    };
  }

  #speak(text: string, turn: number): void {
    expect(this.#isClosed).toBe(false);
    expect(text).not.toBe("");
    expect(turn).toBe(this.#machine.turn);
    expect(this.#over.has(turn)).toBe(false);
    expect(turn).toBeGreaterThanOrEqual(this.#spokenTurn);
    // A turn before is finished or cancelled.
    if (turn > this.#spokenTurn && this.#spokenTurn >= 0) {
      expect(this.#over.has(this.#spokenTurn)).toBe(true);
    }
    if (turn > this.#spokenTurn) this.#spokenChars = 0;
    this.#spokenTurn = turn;
    this.#spokenChars += text.length;
  }

  #finish(turn: number): void {
    expect(this.#isClosed).toBe(false);
    expect(turn).toBe(this.#spokenTurn);
    expect(this.#over.has(turn)).toBe(false);
    this.#over.add(turn);
    // Some voices tell at once that there was nothing to play.
    if (this.#random.unit() < 0.1) this.#machine.played(turn, this.#spokenChars, true);
  }

  #cancel(turn: number): void {
    expect(this.#isClosed).toBe(false);
    expect(turn).toBe(this.#spokenTurn);
    this.#over.add(turn);
    if (this.#random.unit() < 0.5) this.#machine.played(turn, this.#random.between(0, 60), true);
  }

  #close(): void {
    this.#machine.close();
    this.#isClosed = true;
    expect(this.#open).toEqual([]);
    expect(this.#clock.timers).toBe(0);
  }
}

function toolCall(name: string): ToolCall {
  return { id: "a1", name, argumentsText: "{}", arguments: { kind: "object", value: {} } };
}
