/** One question of the caller and the answers to it: several where the caller heard nothing of one. */
import type { ChatMessage } from "../chat/chat-messages.ts";
import { SaidAnswer } from "./said-answer.ts";

/** Of one question; the oldest are forgotten. */
const maxAnswers = 8;

export class Exchange {
  readonly user: string;
  #answers: SaidAnswer[];

  constructor(turn: number, user: string) {
    this.user = user;
    this.#answers = [new SaidAnswer(turn)];
  }

  /** The last word is the agent's, and the caller has heard some of it. */
  get isAnswered(): boolean {
    const last = this.messages().at(-1);
    return last?.role === "assistant" && last.toolCalls === undefined;
  }

  /** The answer that belongs to a turn. */
  answerOf(turn: number): SaidAnswer | undefined {
    return this.#answers.findLast((answer) => answer.isOf(turn));
  }

  /** It is asked again; what the caller heard of earlier answers may still be told. */
  askAgain(turn: number): void {
    const kept = this.#answers.filter((answer) => !answer.isVoid);
    this.#answers = [...kept.slice(1 - maxAnswers), new SaidAnswer(turn)];
  }

  messages(): ChatMessage[] {
    const answers = this.#answers.flatMap((answer) => answer.messages());
    return this.user === "" ? answers : [{ role: "user", content: this.user }, ...answers];
  }
}
