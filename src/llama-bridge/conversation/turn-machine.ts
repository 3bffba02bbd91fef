/**
 * Whose turn it is in a call: asks the model when the caller has spoken, has its words spoken as they
 * come, runs its tools, and stops all of it when the caller speaks.
 */
import type { AnswerEnd, ToolCall } from "../chat/chat-messages.ts";
import { Deadline } from "../chat/deadline.ts";
import { AnswerRun } from "./answer-run.ts";
import { planToolRound, type RunnableCall, runTools, type ToolRoundPlan } from "./tool-round.ts";
import { defaultTurnLimits, type TurnLimits, type TurnMachineOptions } from "./turn-options.ts";
import { isTurnInput, nextTurnState, type TurnInput, type TurnState } from "./turn-states.ts";

/** Rounds of tools in one turn; after them, the model has to answer in words. */
const maxRounds = 4;

export class TurnMachine {
  readonly #options: TurnMachineOptions;
  readonly #limits: TurnLimits;
  readonly #watchdog: Deadline;
  #state: TurnState = "idle";
  #isTalking = false;
  #hasPending = false;
  #turn = 0;
  #round = 0;
  #run: AnswerRun | undefined;
  #acting: AbortController | undefined;
  /** What takes the caller away, when they have heard everything. */
  #last: RunnableCall | undefined;
  #spokenChars = 0;
  #playedChars = 0;
  #hasShrunk = false;
  #interruptedMs: number | undefined;
  /** The words of the present turn were cancelled. */
  #isInterrupted = false;

  constructor(options: TurnMachineOptions) {
    this.#options = options;
    this.#limits = { ...defaultTurnLimits, ...options.limits };
    this.#watchdog = new Deadline(options.clock, () => this.#overdue());
  }

  get state(): TurnState {
    return this.#state;
  }

  get turn(): number {
    return this.#turn;
  }

  /** Says what the conversation begins with; its words are in the conversation already. */
  greet(text: string): void {
    if (text === "" || !this.#step("say")) return;
    this.#speak(text);
    this.#play();
  }

  /** A final text of the recogniser; blank ones are none. */
  transcript(text: string): void {
    if (this.#state === "closed" || text.trim() === "") return;
    this.#options.conversation.hear(text);
    this.#hasPending = true;
    if (this.#isTalking) this.#watchdog.set(this.#limits.talkMs);
    else this.#ready();
  }

  /** The caller has begun to talk; may be told more than once. */
  speech(): void {
    if (this.#state === "closed") return;
    this.#isTalking = true;
    if (isTurnInput(this.#state, "speech")) {
      this.#interrupt();
      this.#step("speech");
    }
    this.#watchdog.set(this.#limits.talkMs);
  }

  /** The caller has stopped talking; may be told more than once. */
  silence(): void {
    if (!this.#isTalking || this.#state === "closed") return;
    this.#isTalking = false;
    if (this.#hasPending) this.#ready();
    else this.#watchdog.set(this.#limits.settleMs);
  }

  /**
   * So many characters of a turn's words the caller has heard; `isAll`: nothing of it is left to play,
   * since it is complete or was cancelled.
   */
  played(turn: number, characters: number, isAll: boolean): void {
    if (this.#state === "closed") return;
    if (turn !== this.#turn || this.#isInterrupted) {
      this.#options.conversation.heard(turn, characters);
      return;
    }
    this.#playedChars = characters;
    if (isAll && this.#state === "speaking") this.#played();
  }

  /** The call is over: everything that is under way ends, and nothing begins any more. */
  close(): void {
    this.#stopWork();
    this.#watchdog.cancel();
    this.#step("close");
  }

  /** False where the input means nothing. */
  #step(input: TurnInput): boolean {
    if (!isTurnInput(this.#state, input)) return false;
    this.#state = nextTurnState(this.#state, input);
    return true;
  }

  #ready(): void {
    this.#interrupt();
    if (!this.#step("ready")) return;
    this.#hasPending = false;
    this.#hasShrunk = false;
    this.#isInterrupted = false;
    this.#turn = this.#options.conversation.beginTurn();
    this.#round = 0;
    this.#spokenChars = 0;
    this.#playedChars = 0;
    this.#ask();
  }

  /** What is being said or prepared is void; what was heard of it stays. */
  #interrupt(): void {
    this.#interruptedMs = this.#options.clock.nowMs();
    this.#stopWork();
    const isSaying = this.#state !== "idle" && this.#state !== "gathering";
    if (!isSaying || this.#spokenChars === 0) return;
    this.#isInterrupted = true;
    this.#options.speech.cancel(this.#turn);
    this.#options.conversation.heard(this.#turn, this.#playedChars);
  }

  #stopWork(): void {
    this.#run?.cancel();
    this.#run = undefined;
    this.#acting?.abort();
    this.#acting = undefined;
    this.#last = undefined;
  }

  #ask(): void {
    const { conversation, asker, tools, toolStyle = "protocol" } = this.#options;
    const run = new AnswerRun({
      asker,
      messages: conversation.messages(),
      tools: this.#round < maxRounds ? tools : undefined,
      style: toolStyle,
      spoken: (text) => this.#said(text),
    });
    this.#run = run;
    this.#watchdog.set(this.#limits.answerMs);
    const { turn, round } = { turn: this.#turn, round: this.#round };
    void run.ask().then((end) => this.#ended(run, { turn, round }, end));
  }

  #said(text: string): void {
    this.#step("piece");
    this.#options.conversation.say(this.#turn, text);
    this.#speak(text);
  }

  #speak(text: string): void {
    this.#spokenChars += text.length;
    this.#options.speech.speak(text, this.#turn);
  }

  #ended(run: AnswerRun, asked: { readonly turn: number; readonly round: number }, end: AnswerEnd) {
    const nowMs = this.#options.clock.nowMs();
    const cancelled = run.isCancelled ? { cancelMs: nowMs - (this.#interruptedMs ?? nowMs) } : {};
    this.#options.answered?.({ ...asked, end, ...cancelled });
    // Of an earlier turn, or of one that was interrupted: nobody waits for it.
    if (run !== this.#run) return;
    this.#run = undefined;
    if (end.kind === "complete") {
      if (end.usage !== undefined) this.#options.conversation.calibrate(end.usage.promptTokens);
      this.#complete(run.calls);
    } else {
      this.#failed(end);
    }
  }

  #failed(end: AnswerEnd): void {
    const isTooLong = end.kind === "failed" && end.failure.kind === "too-long" && !end.hasBegun;
    if (isTooLong && !this.#hasShrunk && this.#options.conversation.shrink()) {
      this.#hasShrunk = true;
      this.#step("again");
      this.#ask();
      return;
    }
    this.#apologise();
  }

  #complete(calls: readonly ToolCall[]): void {
    const { tools } = this.#options;
    if (calls.length === 0 || tools === undefined) {
      this.#finish();
      return;
    }
    this.#step("act");
    void this.#act(planToolRound(calls, tools));
  }

  async #act({ now, last }: ToolRoundPlan): Promise<void> {
    const isCurrent = await this.#runRound(now);
    if (!isCurrent) return;
    if (last === undefined) {
      this.#askAgain();
      return;
    }
    this.#last = last;
    this.#finish();
  }

  /** False when the caller has interrupted in the meantime. */
  async #runRound(calls: ToolRoundPlan["now"]): Promise<boolean> {
    const { conversation, toolStyle = "protocol", log } = this.#options;
    const acting = new AbortController();
    this.#acting = acting;
    this.#watchdog.set(this.#limits.answerMs);
    const results = await runTools(calls, acting.signal, log);
    if (acting.signal.aborted) return false;
    this.#acting = undefined;
    conversation.acted(this.#turn, toolStyle, results);
    return true;
  }

  #askAgain(): void {
    this.#round += 1;
    this.#step("again");
    this.#ask();
  }

  /** The model has nothing to add. */
  #finish(): void {
    if (this.#spokenChars > 0) {
      this.#step("end");
      this.#play();
      return;
    }
    if (this.#last !== undefined) void this.#runLast(this.#last);
    else if (this.#round > 0) this.#rest("silent");
    else this.#emptyAnswer();
  }

  #emptyAnswer(): void {
    this.#options.log.warn("the model gave an empty answer", { turn: this.#turn });
    this.#apologise();
  }

  #play(): void {
    const { playMs, playCharMs } = this.#limits;
    this.#options.speech.finish(this.#turn);
    this.#watchdog.set(playMs + this.#spokenChars * playCharMs);
  }

  #played(): void {
    this.#playedChars = this.#spokenChars;
    if (this.#last === undefined) {
      this.#rest("played");
      return;
    }
    this.#step("act");
    void this.#runLast(this.#last);
  }

  /** The caller is taken away; where that fails, the model has to tell them. */
  async #runLast(last: RunnableCall): Promise<void> {
    const { log } = this.#options;
    const acting = new AbortController();
    this.#stopWork();
    this.#acting = acting;
    this.#step("act");
    this.#watchdog.set(this.#limits.answerMs);
    const outcome = await last.run(acting.signal);
    if (acting.signal.aborted) return;
    this.#acting = undefined;
    if (outcome.kind === "result") {
      log.info("a tool was used", { tool: last.call.name });
      this.#rest("silent");
      return;
    }
    log.warn("a tool failed", { tool: last.call.name, private: { why: outcome.text } });
    const results = [{ call: last.call, content: `error: ${outcome.text}` }];
    this.#options.conversation.acted(this.#turn, this.#options.toolStyle ?? "protocol", results);
    if (this.#round < maxRounds) this.#askAgain();
    else this.#apologise();
  }

  /** Once for each failure; what was said before it stays said. */
  #apologise(): void {
    const { apology, conversation } = this.#options;
    if (apology !== "") {
      this.#step("say");
      const words = this.#spokenChars > 0 ? `\n${apology}` : apology;
      conversation.say(this.#turn, words);
      this.#speak(words);
    }
    if (this.#spokenChars === 0) {
      this.#rest("silent");
      return;
    }
    this.#step("end");
    this.#play();
  }

  /** It is the caller's turn, and they may have used it already. */
  #rest(input: "played" | "silent" | "nothing"): void {
    this.#watchdog.cancel();
    this.#step(input);
    if (this.#hasPending && !this.#isTalking) this.#ready();
  }

  #overdue(): void {
    const { log, conversation } = this.#options;
    const { state, turn } = { state: this.#state, turn: this.#turn };
    if (state === "gathering") {
      if (this.#isTalking) log.warn("the caller's silence was never told, going on", { turn });
      this.#isTalking = false;
      if (conversation.isOwed) this.#ready();
      else this.#rest("nothing");
      return;
    }
    if (state === "speaking") {
      log.warn("the end of an answer was never told, going on", { turn });
      this.#played();
      return;
    }
    if (state === "idle" || state === "closed") return;
    log.warn("a turn did not come to its end, giving it up", { turn, state });
    this.#stopWork();
    this.#apologise();
  }
}
