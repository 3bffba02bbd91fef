/** The turns of one call with a real chat client and a scripted server; the voice is the test itself. */
import { systemClock } from "../../../src/core/clock.ts";
import { ChatClient } from "../../../src/llama-bridge/chat/chat-client.ts";
import { Conversation } from "../../../src/llama-bridge/conversation/conversation.ts";
import { TurnMachine } from "../../../src/llama-bridge/conversation/turn-machine.ts";
import type {
  AnswerReport,
  TurnMachineOptions,
} from "../../../src/llama-bridge/conversation/turn-options.ts";
import type { TurnState } from "../../../src/llama-bridge/conversation/turn-states.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import { type ScriptedAnswer, ScriptedChatServer } from "../../fakes/scripted-chat-server.ts";
import { until } from "../../fakes/until.ts";

export const apology = "Sorry, please say that again.";

export type TurnRigOptions = Partial<TurnMachineOptions> & {
  readonly budgetTokens?: number;
  readonly greeting?: string;
};

export class TurnRig implements Disposable {
  readonly server = new ScriptedChatServer();
  /** Of the machine; the client has the real one. */
  readonly clock = new FakeClock();
  readonly memory = createMemoryLog(this.clock);
  readonly conversation: Conversation;
  readonly machine: TurnMachine;
  /** `1: text` for the words of each turn, `finish 1`, `cancel 1`; `, untold` where the voice does not know. */
  readonly said: string[] = [];
  readonly reports: AnswerReport[] = [];

  constructor(options: TurnRigOptions = {}) {
    const { budgetTokens = 1000, greeting } = options;
    this.conversation = new Conversation({ system: "Be brief.", greeting, budgetTokens });
    this.machine = new TurnMachine({
      conversation: this.conversation,
      asker: new ChatClient({
        url: this.server.url,
        model: "tiny",
        clock: systemClock,
        log: this.memory.log,
      }),
      speech: {
        speak: (text, turn) => this.#speak(text, turn),
        finish: (turn) => void this.said.push(`finish ${turn}`),
        cancel: (turn, isTold) => void this.said.push(`cancel ${turn}${isTold ? "" : ", untold"}`),
      },
      apology,
      answered: (report) => void this.reports.push(report),
      clock: this.clock,
      log: this.memory.log,
      ...options,
    });
  }

  async reaches(state: TurnState): Promise<void> {
    await until(
      () => this.machine.state === state,
      `${state}, it is ${this.machine.state}: ${this.said.join(" | ")}`,
    );
  }

  /** The request number `index`, from 0. */
  async asked(index: number): Promise<ScriptedAnswer> {
    await until(() => this.server.answers.length > index, `request ${index}`);
    const answer = this.server.answers[index];
    if (answer === undefined) throw new Error("no such request");
    return answer;
  }

  /** Everything of the present turn has been heard. */
  playAll(): void {
    const { turn } = this.machine;
    this.machine.played(turn, this.conversation.saidChars(turn), true);
  }

  /** `role: content` of the messages that the next request would have. */
  history(): string[] {
    const messages = this.conversation.messages().slice(1);
    return messages.map(({ role, content }) => `${role}: ${content}`);
  }

  [Symbol.dispose](): void {
    this.machine.close();
    this.server[Symbol.dispose]();
  }

  #speak(text: string, turn: number): void {
    const last = this.said.at(-1);
    if (last?.startsWith(`${turn}: `) === true) this.said[this.said.length - 1] = last + text;
    else this.said.push(`${turn}: ${text}`);
  }
}
