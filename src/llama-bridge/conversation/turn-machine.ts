/**
 * Whose turn it is in a call: has the caller's words answered when they are complete, stops the agent
 * when the caller speaks, and has it go on when they did not.
 */
import { Deadline } from "../chat/deadline.ts";
import { Answer, type AnswerStage } from "./answer.ts";
import { asksToStop } from "./stop-words.ts";
import { countWords } from "./text-breaks.ts";
import { defaultTurnLimits, type TurnLimits, type TurnMachineOptions } from "./turn-options.ts";
import {
  isAgentsTurn,
  isTurnInput,
  nextTurnState,
  type TurnInput,
  type TurnState,
} from "./turn-states.ts";

/** Who says more has not made a short sound: the SPEECH of it was lost. */
const maxBackChannelWords = 2;

export class TurnMachine {
  readonly #options: TurnMachineOptions;
  readonly #limits: TurnLimits;
  readonly #stage: AnswerStage;
  readonly #watchdog: Deadline;
  #state: TurnState = "idle";
  #isTalking = false;
  #hasPending = false;
  #hasGreeted = false;
  /** A text has come since the caller began to talk. */
  #hasText = true;
  /** Until then a text may come of what the caller has said already. */
  #textDueMs = 0;
  #answer: Answer | undefined;

  constructor(options: TurnMachineOptions) {
    this.#options = options;
    this.#limits = { ...defaultTurnLimits, ...options.limits };
    this.#watchdog = new Deadline(options.clock, () => this.#overdue());
    this.#stage = {
      limits: this.#limits,
      step: (input) => void this.#step(input),
      watch: (limitMs) => this.#watchdog.set(limitMs),
      rest: (input) => this.#rest(input),
    };
  }

  get state(): TurnState {
    return this.#state;
  }

  /** The turn that is on, or the last one; an answer that is resumed is a turn of its own. */
  get turn(): number {
    return this.#options.conversation.turn;
  }

  /**
   * Says what the conversation begins with, once; its words are in the conversation already. A caller
   * who talks hears it only if they turn out to have said nothing, one who had a turn never.
   */
  greet(text: string): void {
    if (text === "" || this.#hasGreeted || this.#state === "closed") return;
    this.#hasGreeted = true;
    if (this.turn > 0 || isAgentsTurn(this.#state)) {
      this.#options.conversation.heard(0, 0);
      return;
    }
    this.#answer = new Answer(this.#options, this.#stage, 0);
    if (this.#step("say")) this.#answer.recite(text);
    else this.#answer.withhold(text);
  }

  /** A final text of the recogniser; blank ones are none. */
  transcript(text: string): void {
    if (this.#state === "closed" || text.trim() === "") return;
    const isBackChannel = this.#isBackChannel(text);
    this.#hasText = true;
    this.#textDueMs = 0;
    if (isBackChannel) {
      this.#options.ignored?.(text);
      return;
    }
    this.#options.conversation.hear(text);
    this.#hasPending = true;
    if (this.#isTalking) this.#watchdog.set(this.#limits.talkMs);
    else this.#ready();
  }

  /** The caller has begun to talk; may be told more than once. */
  speech(): void {
    if (this.#state === "closed") return;
    if (!this.#isTalking) this.#hasText = this.#hasPending;
    this.#isTalking = true;
    if (isTurnInput(this.#state, "speech")) {
      this.#interrupt(true);
      this.#step("speech");
    }
    this.#watchdog.set(this.#limits.talkMs);
  }

  /** The caller has stopped talking; may be told more than once. */
  silence(): void {
    if (!this.#isTalking || this.#state === "closed") return;
    this.#isTalking = false;
    if (!this.#hasText) this.#textDueMs = this.#options.clock.nowMs() + this.#limits.lateTextMs;
    if (this.#hasPending) this.#ready();
    else this.#watchdog.set(this.#limits.settleMs);
  }

  /**
   * So many characters of a turn's words the caller has heard; `isAll`: nothing of it is left to play,
   * since it is complete or was cancelled. What `SpeechSink` says of it holds.
   */
  played(turn: number, characters: number, isAll: boolean): void {
    if (this.#state === "closed") return;
    const answer = this.#answer;
    if (answer?.turn === turn) answer.played(characters, isAll && this.#state === "speaking");
    else this.#options.conversation.heard(turn, characters);
  }

  /** The call is over: everything that is under way ends, and nothing begins any more. */
  close(): void {
    this.#answer?.stop();
    this.#watchdog.cancel();
    this.#step("close");
  }

  /** False where the input means nothing. */
  #step(input: TurnInput): boolean {
    if (!isTurnInput(this.#state, input)) return false;
    this.#state = nextTurnState(this.#state, input);
    return true;
  }

  /** A short sound of somebody who listens: it is no turn. */
  #isBackChannel(text: string): boolean {
    const { tellsSpeech, stopWords, clock } = this.#options;
    const isListening = isAgentsTurn(this.#state) && this.#answer?.isSpoken === true;
    if (!isListening || tellsSpeech?.() !== true) return false;
    const isShort = countWords(text) <= maxBackChannelWords;
    return isShort && clock.nowMs() >= this.#textDueMs && !asksToStop(text, stopWords);
  }

  #ready(): void {
    this.#interrupt(false);
    if (!this.#step("ready")) return;
    this.#hasPending = false;
    this.#options.beginsTurn?.();
    this.#answer = new Answer(this.#options, this.#stage, this.#options.conversation.beginTurn());
    this.#answer.ask();
  }

  #interrupt(isTold: boolean): void {
    if (isAgentsTurn(this.#state)) this.#answer?.interrupt(isTold);
  }

  /** It is the caller's turn, and they may have used it already. */
  #rest(input: "played" | "silent" | "nothing"): void {
    this.#watchdog.cancel();
    this.#step(input);
    if (this.#hasPending && !this.#isTalking) this.#ready();
  }

  #overdue(): void {
    const { log } = this.#options;
    const { state, turn } = this;
    if (state === "gathering") {
      if (this.#isTalking) log.warn("the caller's silence was never told, going on", { turn });
      this.#isTalking = false;
      this.#settled();
      return;
    }
    if (state === "speaking") {
      log.warn("the end of an answer was never told, going on", { turn });
      this.#answer?.wasPlayed();
      return;
    }
    if (!isAgentsTurn(state)) return;
    log.warn("a turn did not come to its end, giving it up", { turn, state });
    this.#answer?.giveUp();
  }

  /** The caller does not talk, and what they have said is here. */
  #settled(): void {
    const cut = this.#hasPending || this.#answer?.isCut !== true ? undefined : this.#answer;
    if (cut?.resume() === true) return;
    if (cut === undefined && this.#options.conversation.isOwed) {
      this.#ready();
      return;
    }
    // What was not resumed now never is.
    this.#answer = undefined;
    this.#rest("nothing");
  }
}
