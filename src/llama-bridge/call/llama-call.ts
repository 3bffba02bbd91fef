/** One call in the llama service: its conversation, its turns, and its way to the voice, joined. */
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { ChatAsker } from "../chat/chat-messages.ts";
import { callTools, type CallActions } from "../conversation/call-tools.ts";
import { Conversation } from "../conversation/conversation.ts";
import type { CallStyle } from "../conversation/said-answer.ts";
import { promptMoment, type PromptTemplate } from "../conversation/prompt-template.ts";
import { textToolInstructions } from "../conversation/text-tool-calls.ts";
import { ToolBox } from "../conversation/tool-box.ts";
import type { Tool, ToolPlanner } from "../conversation/tool.ts";
import { TurnMachine } from "../conversation/turn-machine.ts";
import type { AnswerReport } from "../conversation/turn-options.ts";
import { AnswerSpeech, type VoicePath } from "./answer-speech.ts";
import type { LlamaCallEvent } from "./call-events.ts";
import { Playback } from "./playback.ts";
import { ToldTools } from "./told-tools.ts";
import type { Heard, HeardSamples } from "./spoken-ledger.ts";
import { type HearingFigures, TurnTimes } from "./turn-times.ts";

/** What is the same for all calls. */
export interface CallSettings {
  readonly prompt: PromptTemplate;
  /** Said when a call begins; empty: the caller speaks first. */
  readonly greeting: string;
  /** Said when no answer can be had; empty: nothing. */
  readonly apology: string;
  /** ISO 639-1, with or without a region. */
  readonly language: string;
  readonly historyTokens: number;
  readonly maxTurnChars: number;
  /** Undefined: the model is told of no tools. */
  readonly toolStyle: CallStyle | undefined;
  /** Those of the configuration. */
  readonly tools: readonly Tool[];
  readonly destinations: Readonly<Record<string, string>>;
  readonly anyNumber: boolean;
}

/** What the telephone knows of a call. */
export interface CallSurroundings {
  /** Names the call for the life of the telephone's service; undefined where nobody knows it. */
  readonly key: string | undefined;
  /** Number or name of the caller; empty where it is unknown. */
  readonly caller: string;
  readonly line: string;
  /** Undefined where nobody can act on the call. */
  readonly actions: CallActions | undefined;
  readonly canTransfer: boolean;
  /** It has been up for a while: whoever greeted the caller was not this process. */
  readonly isUnderWay: boolean;
}

export interface LlamaCallOptions {
  readonly callId: string;
  /** Those that count now; a call that is up takes them with its next turn. */
  readonly settings: () => CallSettings;
  readonly asker: ChatAsker;
  readonly path: VoicePath;
  /** Bounded in time; never rejects. */
  readonly lookUp: () => Promise<CallSurroundings>;
  readonly tell: (event: LlamaCallEvent) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the voice tells of a text. */
export interface VoiceFigures extends HeardSamples {
  readonly voice: number;
  readonly wait: number;
}

/** A short sound and the silence behind it: whoever made it had not heard what began since. */
const shortSoundMs = 1000;
/** Signals and texts that come while the telephone is asked about the call. */
const maxWaiting = 256;
/** Of a text, for those who watch. */
const maxToldChars = 4000;

export class LlamaCall {
  readonly #options: LlamaCallOptions;
  readonly #playback: Playback;
  readonly #speech: AnswerSpeech;
  #settings: CallSettings;
  #surroundings: CallSurroundings | undefined;
  #conversation: Conversation | undefined;
  #tools: ToolPlanner | undefined;
  #machine: TurnMachine | undefined;
  #waiting: (() => void)[] = [];
  #times = new TurnTimes(0);
  /** Of what the caller has said and the model was not asked yet. */
  #coming: TurnTimes | undefined;
  #figures: HearingFigures | undefined;
  /** The recogniser tells when the caller speaks, so that a text without that was a short sound. */
  #tellsSpeech = false;
  /** When the caller began to hear the present answer. */
  #soundedAtMs = Number.NEGATIVE_INFINITY;
  #isOver = false;

  /** Begins at once: asks the telephone about the call, and greets. */
  constructor(options: LlamaCallOptions) {
    this.#options = options;
    const { path, clock } = options;
    this.#settings = options.settings();
    const language = (): string => this.#settings.language;
    this.#playback = new Playback({ clock, played: (heard) => this.#played(heard) });
    this.#speech = new AnswerSpeech({
      path,
      playback: this.#playback,
      get language() {
        return language();
      },
      given: (turn, { text }) => this.#given(turn, text),
      clock,
    });
    options.tell({ kind: "began" });
    void this.#open();
  }

  status(): Record<string, unknown> {
    const { state, turn } = this.#machine ?? { state: "opening", turn: 0 };
    return { call: this.#options.callId, state, turn, tellsSpeech: this.#tellsSpeech };
  }

  /** The recogniser of this call tells SPEECH and SILENCE. */
  signalled(): void {
    this.#tellsSpeech = true;
  }

  transcript(text: string): void {
    this.#do((machine) => {
      this.#options.tell({ kind: "transcript", text: text.slice(0, maxToldChars).toWellFormed() });
      this.#notePace();
      this.#playback.refresh();
      machine.transcript(text);
    });
  }

  /** About the transcript that comes next. */
  turnEnds(figures: HearingFigures): void {
    this.#tellsSpeech = true;
    this.#do(() => {
      const times = this.#coming ?? this.#times;
      if (!times.explained(this.#options.clock.nowMs(), figures)) this.#figures = figures;
    });
  }

  speech(): void {
    this.#tellsSpeech = true;
    this.#do((machine) => {
      this.#playback.refresh();
      machine.speech();
    });
  }

  silence(): void {
    this.#do((machine) => machine.silence());
  }

  heard(figures: VoiceFigures): void {
    if (this.#isOver) return;
    const turn = this.#playback.turnOf(figures.text);
    if (turn === this.#times.turn) this.#sounded(figures);
    this.#playback.report(figures);
  }

  /** The caller has hung up: nothing is said or done any more, but what they said last is taken. */
  hangUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#machine?.close();
    this.#speech.close();
    this.#playback.close();
    this.#options.path.forget();
    this.#waiting = [];
    this.#options.tell({ kind: "ended" });
  }

  async #open(): Promise<void> {
    const surroundings = await this.#options.lookUp();
    if (this.#isOver) return;
    this.#surroundings = surroundings;
    this.#settings = this.#options.settings();
    this.#tools = this.#toolsFor(surroundings);
    const { greeting } = this.#settings;
    this.#machine = this.#newMachine(this.#converse(surroundings));
    if (greeting !== "" && !surroundings.isUnderWay) this.#machine.greet(greeting);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const action of waiting) action();
  }

  #converse(surroundings: CallSurroundings): Conversation {
    const { greeting, historyTokens: budgetTokens } = this.#settings;
    const system = this.#systemPrompt(surroundings);
    const conversation = new Conversation({ system, greeting, budgetTokens });
    this.#conversation = conversation;
    return conversation;
  }

  #newMachine(conversation: Conversation): TurnMachine {
    const { clock, log } = this.#options;
    const settings = (): CallSettings => this.#settings;
    const tools = (): ToolPlanner | undefined => this.#tools;
    return new TurnMachine({
      conversation,
      asker: { ask: (request) => this.#ask(request) },
      speech: this.#speech,
      get tools() {
        return tools();
      },
      get toolStyle() {
        return settings().toolStyle;
      },
      get apology() {
        return settings().apology;
      },
      get maxTurnChars() {
        return settings().maxTurnChars;
      },
      tellsSpeech: () => this.#tellsShortSounds,
      beginsTurn: () => this.#renew(),
      answered: (report) => this.#answered(report),
      ignored: (text) => this.#ignored(text),
      resumed: (turn, characters) => this.#options.tell({ kind: "resumed", turn, characters }),
      clock,
      log,
    });
  }

  /** Between two turns, so that no answer has the tools of one configuration and the style of another. */
  #renew(): void {
    const settings = this.#options.settings();
    const surroundings = this.#surroundings;
    if (settings === this.#settings || surroundings === undefined) return;
    this.#settings = settings;
    this.#tools = this.#toolsFor(surroundings);
    const system = this.#systemPrompt(surroundings);
    this.#conversation?.instruct({ system, budgetTokens: settings.historyTokens });
  }

  /** Undefined where the model is told of none. */
  #toolsFor({ actions, canTransfer }: CallSurroundings): ToolPlanner | undefined {
    const { tools, destinations, anyNumber, toolStyle } = this.#settings;
    if (toolStyle === undefined) return undefined;
    const whom = canTransfer ? { destinations, anyNumber } : { destinations: {} };
    const own = actions === undefined ? [] : callTools({ actions, ...whom });
    const { tell, clock } = this.#options;
    const box = new ToolBox([...own, ...tools]);
    return new ToldTools({ tools: box, turn: () => this.#machine?.turn ?? 0, tell, clock });
  }

  #systemPrompt({ caller, line }: CallSurroundings): string {
    const { prompt, language, toolStyle } = this.#settings;
    const moment = promptMoment(this.#options.clock.wallMs(), language);
    const text = prompt.render({ caller, line, language, ...moment });
    const tools = toolStyle === "text" ? this.#tools : undefined;
    const instructions = tools === undefined ? "" : textToolInstructions(tools.declarations);
    return [text, instructions].filter((part) => part !== "").join("\n\n");
  }

  /** Now, or when the telephone has been asked. */
  #do(action: (machine: TurnMachine) => void): void {
    if (this.#isOver) return;
    const machine = this.#machine;
    if (machine !== undefined) action(machine);
    else if (this.#waiting.length < maxWaiting) this.#waiting.push(() => this.#do(action));
  }

  async #ask(request: Parameters<ChatAsker["ask"]>[0]): ReturnType<ChatAsker["ask"]> {
    const { asker, clock, tell } = this.#options;
    const turn = this.#machine?.turn ?? 0;
    this.#beginTimes(turn);
    this.#timesOf(turn).reached("asked", clock.nowMs());
    tell({ kind: "asked", turn, messages: request.messages.length });
    const { sink } = request;
    return await asker.ask({
      ...request,
      sink: {
        text: (delta) => {
          this.#timesOf(turn).reached("token", clock.nowMs());
          sink.text(delta);
        },
        toolCall: (call) => sink.toolCall(call),
      },
    });
  }

  /** A text without SPEECH was a short sound, made by somebody who heard the answer. */
  get #tellsShortSounds(): boolean {
    const heardMs = this.#options.clock.nowMs() - this.#soundedAtMs;
    return this.#tellsSpeech && heardMs > shortSoundMs;
  }

  #sounded({ voice, wait }: VoiceFigures): void {
    if (!this.#times.isSounded) this.#soundedAtMs = this.#options.clock.nowMs();
    this.#times.sounded(voice, wait);
  }

  #notePace(): void {
    this.#coming ??= new TurnTimes(0);
    this.#coming.heard(this.#options.clock.nowMs(), this.#figures);
    this.#figures = undefined;
  }

  #ignored(text: string): void {
    this.#coming = undefined;
    this.#options.tell({ kind: "back-channel", text });
  }

  /** What was said so far is what the model is asked about. */
  #beginTimes(turn: number): void {
    const coming = this.#coming;
    if (coming === undefined || turn <= this.#times.turn) return;
    coming.turn = turn;
    this.#times = coming;
    this.#coming = undefined;
  }

  /** Of the turn that is on; what belongs to an earlier one is measured in vain. */
  #timesOf(turn: number): TurnTimes {
    if (turn > this.#times.turn) this.#times = new TurnTimes(turn);
    return turn === this.#times.turn ? this.#times : new TurnTimes(turn);
  }

  #given(turn: number, text: string): void {
    const times = this.#timesOf(turn);
    const nowMs = this.#options.clock.nowMs();
    // At the earliest; where the voice tells of its first sound, that counts.
    if (turn === this.#times.turn && !times.isSpoken) this.#soundedAtMs = nowMs;
    times.reached("clause", nowMs);
    this.#options.tell({ kind: "clause", turn, text });
  }

  #played({ turn, characters, isAll }: Heard): void {
    this.#options.tell({ kind: "heard", turn, characters, isAll });
    if (isAll) this.#options.path.forget();
    this.#tellStages(turn, characters > 0);
    this.#machine?.played(turn, characters, isAll);
  }

  /** Once for each turn, as soon as all is known, or will not be known any more. */
  #tellStages(turn: number, isHeard: boolean): void {
    const times = this.#times;
    if (times.turn !== turn || !times.isSpoken || times.isTold) return;
    const stages = times.stages();
    if (stages.lineMs === undefined && !isHeard) return;
    times.isTold = true;
    this.#options.tell({ kind: "turn", turn, ...stages });
  }

  #answered({ turn, round, end, cancelMs }: AnswerReport): void {
    const { firstTokenMs, totalMs, tokens, tokensPerSecond } = end.figures;
    this.#options.tell({
      kind: "answered",
      turn,
      round,
      outcome: outcomeOf(end),
      firstTokenMs,
      totalMs,
      tokens,
      tokensPerSecond,
      cancelMs,
    });
  }
}

function outcomeOf(end: AnswerReport["end"]): string {
  switch (end.kind) {
    case "complete":
      return end.finish;
    case "cancelled":
      return "cancelled";
    case "failed":
      return `failed: ${end.failure.kind}`;
  }
}
