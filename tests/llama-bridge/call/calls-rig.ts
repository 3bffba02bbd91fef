/** Calls of the llama service with a voice that notes what it is told, and a telephone that is asked. */
import type { LlamaCallEvent } from "../../../src/llama-bridge/call/call-events.ts";
import { LlamaCalls, type VoicePaths } from "../../../src/llama-bridge/call/llama-calls.ts";
import type { CallSettings, CallSurroundings } from "../../../src/llama-bridge/call/llama-call.ts";
import type {
  AnswerEnd,
  AnswerFigures,
  AskRequest,
  ChatAsker,
} from "../../../src/llama-bridge/chat/chat-messages.ts";
import { PromptTemplate } from "../../../src/llama-bridge/conversation/prompt-template.ts";
import { callIdOf } from "../../../src/wire/call-id.ts";
import type { SignalKind } from "../../../src/wire/registration.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";

const figures: AnswerFigures = { totalMs: 1, tokens: 1, tokensPerSecond: 0, retries: 0 };

/** One question, which the test answers when it likes. */
export class OpenQuestion {
  readonly request: AskRequest;
  readonly #end = Promise.withResolvers<AnswerEnd>();

  constructor(request: AskRequest) {
    this.request = request;
    const cancelled = { kind: "cancelled", figures, hasBegun: false } as const;
    request.signal.addEventListener("abort", () => this.#end.resolve(cancelled));
  }

  get ended(): Promise<AnswerEnd> {
    return this.#end.promise;
  }

  get isCancelled(): boolean {
    return this.request.signal.aborted;
  }

  /** What the caller said last. */
  get question(): string {
    return this.request.messages.findLast(({ role }) => role === "user")?.content ?? "";
  }

  get system(): string {
    return this.request.messages.find(({ role }) => role === "system")?.content ?? "";
  }

  async answer(text: string): Promise<void> {
    if (!this.isCancelled) this.request.sink.text(text);
    this.#end.resolve({ kind: "complete", finish: "stop", figures, hasBegun: true });
    await settled();
  }
}

/** All that waits for promises has been done. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 20; round += 1) await Promise.resolve();
}

export function settingsWith(settings: Partial<CallSettings>): CallSettings {
  return {
    prompt: new PromptTemplate("Caller {caller} on {line}."),
    greeting: "",
    apology: "Sorry.",
    language: "en",
    historyTokens: 3000,
    maxTurnChars: 2000,
    toolStyle: undefined,
    tools: [],
    destinations: {},
    anyNumber: false,
    ...settings,
  };
}

export class CallsRig {
  readonly clock = new FakeClock();
  readonly memory = createMemoryLog(this.clock);
  readonly questions: OpenQuestion[] = [];
  /** `111: words`, `111 forgets`, `111 is hushed`, in order. */
  readonly voice: string[] = [];
  readonly events: (LlamaCallEvent & { readonly callId: string; readonly key: string })[] = [];
  readonly texts: string[] = [];
  surroundings: CallSurroundings = {
    key: undefined,
    caller: "",
    line: "",
    actions: undefined,
    canTransfer: false,
    isUnderWay: false,
  };
  readonly calls: LlamaCalls;
  readonly #ownTimers: number;
  #written = 0;

  constructor(settings: Partial<CallSettings> = {}) {
    const asker: ChatAsker = {
      ask: async (request) => {
        const question = new OpenQuestion(request);
        this.questions.push(question);
        return await question.ended;
      },
    };
    this.calls = new LlamaCalls({
      settings: settingsWith(settings),
      asker,
      paths: this.#paths(),
      lookUp: async () => this.surroundings,
      tell: ({ callId, key }, event) => this.events.push({ ...event, callId, key }),
      onText: (callId, text) => this.texts.push(`${callId}: ${text}`),
      clock: this.clock,
      log: this.memory.log,
    });
    this.#ownTimers = this.clock.timers;
  }

  /** Those of calls. */
  get timers(): number {
    return this.clock.timers - this.#ownTimers;
  }

  /** Of the latest question. */
  get asked(): OpenQuestion {
    const last = this.questions.at(-1);
    if (last === undefined) throw new Error("nothing was asked");
    return last;
  }

  /** Whisper is connected for the id. */
  async connect(id = 111): Promise<void> {
    this.calls.connected(callIdOf(id), { write: () => true });
    await settled();
  }

  signal(kind: SignalKind, id = 111): void {
    this.calls.signal({ kind, callId: callIdOf(id) });
  }

  async says(text: string, id = 111): Promise<void> {
    this.calls.text(callIdOf(id), text);
    await settled();
  }

  /** What the voice tells of a text. */
  heard(text: number, samples: number, of: number, times = { voice: 40, wait: 10 }): void {
    const values = { text, samples, of, ...times };
    this.calls.report({ kind: "heard", callId: callIdOf(111), values });
  }

  kinds(id = 111): string[] {
    return this.events.filter(({ callId }) => callId === String(id)).map(({ kind }) => kind);
  }

  #paths(): VoicePaths {
    return {
      begin: ({ text: id }) => {
        this.voice.push(`${id} begins`);
        return {
          say: (text, written) => {
            this.voice.push(`${id}: ${text}`);
            this.#written += 1;
            written(this.#written);
          },
          forget: () => undefined,
          hush: () => this.voice.push(`${id} is hushed`),
        };
      },
      moved: () => undefined,
      end: ({ text: id }) => this.voice.push(`${id} ends`),
    };
  }
}
