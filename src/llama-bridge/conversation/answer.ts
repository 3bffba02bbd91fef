/**
 * One answer of the agent, from the question to the end of its last word: has the model asked, its
 * words spoken and its tools run, and goes on where an interruption turned out to be none.
 */
import type { Timer } from "../../core/clock.ts";
import type { AnswerEnd, ToolCall } from "../chat/chat-messages.ts";
import { AnswerLength } from "./answer-length.ts";
import { AnswerRun } from "./answer-run.ts";
import { resumePosition, withoutOpenWord } from "./resume-position.ts";
import { SpokenWords } from "./spoken-words.ts";
import {
  failedResult,
  planToolRound,
  type RunnableCall,
  type ToolRoundPlan,
  ToolWork,
} from "./tool-round.ts";
import { defaultMaxTurnChars, type TurnLimits, type TurnMachineOptions } from "./turn-options.ts";
import type { TurnInput } from "./turn-states.ts";

/** What an answer asks of those who know whose turn it is. */
export interface AnswerStage {
  readonly limits: TurnLimits;
  step(input: TurnInput): void;
  /** Something has to happen within that time. */
  watch(limitMs: number): void;
  /** It is the caller's turn. */
  rest(input: "played" | "silent"): void;
}

/** Rounds of tools in one answer; after them, the model has to answer in words. */
const maxRounds = 4;
/** Who is interrupted by nothing more often than that waits for the caller. */
const maxResumptions = 3;

export class Answer {
  readonly #parts: TurnMachineOptions;
  readonly #stage: AnswerStage;
  readonly #tools: ToolWork;
  readonly #length: AnswerLength;
  readonly #words: SpokenWords;
  #run: AnswerRun | undefined;
  /** Characters of this turn that are not of the present run. */
  #runBegin = 0;
  #round = 0;
  /** What takes the caller away, when they have heard everything. */
  #last: RunnableCall | undefined;
  /** They have, as far as this side can know, and may still speak. */
  #parting: Timer | undefined;
  #hasShrunk = false;
  /** Everything that belongs to the answer has been said, or given to the voice. */
  #isComplete = false;
  /** What was under way at an earlier one means nothing any more. */
  #stops = 0;
  #stoppedMs: number | undefined;
  #resumptions = 0;

  constructor(parts: TurnMachineOptions, stage: AnswerStage, turn: number) {
    this.#parts = parts;
    this.#stage = stage;
    this.#words = new SpokenWords(parts, turn);
    this.#tools = new ToolWork(parts.log);
    this.#length = new AnswerLength(parts.maxTurnChars ?? defaultMaxTurnChars);
  }

  get turn(): number {
    return this.#words.turn;
  }

  /** The caller hears it, or has heard the beginning of it. */
  get isSpoken(): boolean {
    return this.#words.text !== "" || this.#resumptions > 0;
  }

  /** The caller spoke, or seemed to, while it was being said. */
  get isCut(): boolean {
    return this.#words.isCut && this.isSpoken;
  }

  /** Puts the question to the model. */
  ask(): void {
    const { conversation, asker, tools, toolStyle = "protocol" } = this.#parts;
    if (this.#words.isFinished) this.#words.renew();
    const run = new AnswerRun({
      asker,
      messages: conversation.messages(),
      tools: this.#round < maxRounds ? tools : undefined,
      style: toolStyle,
      spoken: (text) => this.#told(text),
    });
    this.#run = run;
    this.#runBegin = this.#words.text.length;
    this.#isComplete = false;
    this.#stage.watch(this.#stage.limits.answerMs);
    const asked = { turn: this.turn, round: this.#round };
    void run.ask().then((end) => this.#ended(run, asked, end));
  }

  /** Says what no model made, and what the conversation knows already. */
  recite(text: string): void {
    this.#isComplete = true;
    this.#words.repeat(text);
    this.#play();
  }

  /** As `recite`, but the caller talks: it is said when they turn out to have said nothing. */
  withhold(text: string): void {
    this.#isComplete = true;
    this.#words.withhold(text);
  }

  /** So many characters of this turn were heard; `isAll`: nothing is left to play. */
  played(characters: number, isAll: boolean): void {
    this.#words.heard(characters);
    if (isAll && !this.#words.isCut) this.wasPlayed();
  }

  /** The caller has heard all of it. */
  wasPlayed(): void {
    this.#words.heard(this.#words.text.length);
    if (this.#last === undefined) this.#stage.rest("played");
    else this.#part(this.#last);
  }

  /** What is being said or prepared is void; what was heard of it stays. */
  interrupt(isTold: boolean): void {
    this.stop();
    this.#words.cut(isTold);
  }

  /** Goes on after an interruption that was none; false where there is nothing to go on with. */
  resume(): boolean {
    if (!this.isCut || this.#resumptions >= maxResumptions) return false;
    const said = this.#isComplete ? this.#words.text : this.#withoutOpenWord();
    // What is left of half a sentence has to be heard, or the words that follow have no sense.
    const from = resumePosition(said, this.#words.heardChars, this.#isComplete ? 2 : 0);
    const isOver = this.#isComplete && this.#last === undefined;
    if (isOver && from === said.length) return false;
    this.#resumptions += 1;
    this.#stage.step("resume");
    this.#words.renew(from, said.length);
    this.#parts.resumed?.(this.turn, said.length - from);
    if (this.#isComplete) {
      this.#finish();
      return true;
    }
    this.#parts.conversation.goOn(this.turn);
    this.#askAgain();
    return true;
  }

  /** It takes too long: ends what is under way, and tells the caller. */
  giveUp(): void {
    this.stop();
    this.#apologise();
  }

  /** Ends what is under way. */
  stop(): void {
    this.#stops += 1;
    this.#stoppedMs = this.#parts.clock.nowMs();
    this.#run?.cancel();
    this.#run = undefined;
    this.#length.drop();
    this.#tools.stop();
    this.#parting?.cancel();
    this.#parting = undefined;
  }

  #withoutOpenWord(): string {
    const { text } = this.#words;
    return text.slice(0, this.#runBegin) + withoutOpenWord(text.slice(this.#runBegin));
  }

  /** By the model. */
  #told(text: string): void {
    this.#say(this.#length.take(text));
    if (!this.#length.isFull) return;
    const fields = { turn: this.turn, characters: this.#words.text.length };
    this.#parts.log.info("an answer is too long, the rest of it is not said", fields);
    this.stop();
    this.#finish();
  }

  #say(text: string): void {
    if (text === "") return;
    this.#stage.step("piece");
    const before = this.#words.text;
    // Words of two runs are no one word.
    const isJoint = before.length === this.#runBegin && /\S$/u.test(before) && /^\S/u.test(text);
    this.#words.say(isJoint ? ` ${text}` : text);
  }

  #ended(run: AnswerRun, asked: { readonly turn: number; readonly round: number }, end: AnswerEnd) {
    const nowMs = this.#parts.clock.nowMs();
    const cancelled = run.isCancelled ? { cancelMs: nowMs - (this.#stoppedMs ?? nowMs) } : {};
    this.#parts.answered?.({ ...asked, end, ...cancelled });
    // It was stopped in the meantime: nobody waits for it.
    if (run !== this.#run) return;
    this.#run = undefined;
    this.#say(this.#length.flush());
    if (end.kind === "complete") {
      if (end.usage !== undefined) this.#parts.conversation.calibrate(end.usage.promptTokens);
      this.#answered(run.calls);
    } else {
      this.#failed(end);
    }
  }

  #failed(end: AnswerEnd): void {
    const isTooLong = end.kind === "failed" && end.failure.kind === "too-long" && !end.hasBegun;
    if (isTooLong && !this.#hasShrunk && this.#parts.conversation.shrink()) {
      this.#hasShrunk = true;
      this.#askAgain();
      return;
    }
    this.#apologise();
  }

  #answered(calls: readonly ToolCall[]): void {
    const { tools } = this.#parts;
    if (calls.length === 0 || tools === undefined) this.#finish();
    else void this.#act(planToolRound(calls, tools));
  }

  async #act({ now, last }: ToolRoundPlan): Promise<void> {
    const { conversation, toolStyle = "protocol" } = this.#parts;
    this.#stage.step("act");
    this.#stage.watch(this.#stage.limits.answerMs);
    const stops = this.#stops;
    const results = await this.#tools.runAll(now);
    if (stops !== this.#stops) return;
    conversation.acted(this.turn, toolStyle, results);
    this.#last = last;
    if (last === undefined) this.#askNextRound();
    else this.#finish();
  }

  #askNextRound(): void {
    this.#round += 1;
    this.#askAgain();
  }

  #askAgain(): void {
    this.#stage.step("again");
    this.ask();
  }

  /** The model has nothing to add. */
  #finish(): void {
    this.#isComplete = true;
    if (this.#words.text.trim() !== "" && !this.#words.isFinished) this.#play();
    else if (this.#last !== undefined) void this.#runLast(this.#last);
    else if (this.#round > 0 || this.#resumptions > 0) this.#stage.rest("silent");
    else {
      this.#parts.log.warn("the model gave an empty answer", { turn: this.turn });
      this.#apologise();
    }
  }

  /** All words have been given; the voice may tell at once that it has played them. */
  #play(): void {
    const { playMs, playCharMs } = this.#stage.limits;
    this.#stage.step("end");
    this.#stage.watch(playMs + this.#words.text.length * playCharMs);
    this.#words.finish();
  }

  /** The end of what was said is still on its way to the caller; may be told more than once. */
  #part(last: RunnableCall): void {
    if (this.#parting !== undefined) return;
    const { answerMs, partingMs } = this.#stage.limits;
    this.#stage.watch(answerMs);
    this.#parting = this.#parts.clock.after(partingMs, () => {
      this.#parting = undefined;
      void this.#runLast(last);
    });
  }

  /** The caller is taken away; where that fails, the model has to tell them. */
  async #runLast(last: RunnableCall): Promise<void> {
    this.#last = undefined;
    this.#stage.step("act");
    this.#stage.watch(this.#stage.limits.answerMs);
    const stops = this.#stops;
    const outcome = await this.#tools.runLast(last);
    if (stops !== this.#stops) return;
    if (outcome.kind === "result") {
      this.#stage.rest("silent");
      return;
    }
    const { conversation, toolStyle = "protocol" } = this.#parts;
    conversation.acted(this.turn, toolStyle, [failedResult(last.call, outcome.text)]);
    if (this.#round < maxRounds) this.#askNextRound();
    else this.#apologise();
  }

  /** Once for each failure; what was said before it stays said. */
  #apologise(): void {
    const { apology } = this.#parts;
    this.#isComplete = true;
    if (apology !== "") {
      this.#stage.step("say");
      if (this.#words.isFinished) this.#words.renew();
      this.#words.say(this.#words.text === "" ? apology : `\n${apology}`);
    }
    if (this.#words.text === "" || this.#words.isFinished) this.#stage.rest("silent");
    else this.#play();
  }
}
