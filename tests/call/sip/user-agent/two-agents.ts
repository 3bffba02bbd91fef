/** Two user agents and the wire between them: real messages as bytes, on a clock that stands still. */
import type { LineIdentity } from "../../../../src/call/sip/user-agent/call-context.ts";
import type { SessionMedia } from "../../../../src/call/sip/user-agent/session-media.ts";
import type { SipCall, SipCallEvents } from "../../../../src/call/sip/user-agent/sip-call.ts";
import { UserAgent } from "../../../../src/call/sip/user-agent/user-agent.ts";
import { parseSipMessage } from "../../../../src/call/sip/message/parse-sip-message.ts";
import { serialiseSip } from "../../../../src/call/sip/message/serialise-sip.ts";
import type {
  NameAddress,
  SipMessage,
  SipUri,
} from "../../../../src/call/sip/message/sip-message.ts";
import type { SipFlow } from "../../../../src/call/sip/transport/sip-flow.ts";
import { FakeClock } from "../../../fakes/fake-clock.ts";
import { createMemoryLog, type MemoryLog } from "../../../fakes/memory-log.ts";

const wireDelayMs = 5;

/** What happened to a call, in order. */
export interface CallDiary {
  readonly call: SipCall;
  readonly media: ScriptedMedia;
  readonly events: string[];
}

/** Descriptions are words here: what matters is which of them meets which. */
export class ScriptedMedia implements SessionMedia {
  readonly steps: string[] = [];
  refusal: string | undefined;
  problem: string | undefined;
  #isHeld = false;
  #offers = 0;

  offer(): Uint8Array {
    this.#offers += 1;
    return encode(`offer ${this.#offers}${this.#isHeld ? " held" : ""}`);
  }

  answer(offer: Uint8Array) {
    this.steps.push(`answers ${decode(offer)}`);
    if (this.refusal !== undefined) return { kind: "refused", reason: this.refusal } as const;
    return { kind: "answer", body: encode(`answer to ${decode(offer)}`) } as const;
  }

  accept(answer: Uint8Array): string | undefined {
    this.steps.push(`accepts ${decode(answer)}`);
    return this.problem;
  }

  revert(): void {
    this.steps.push("reverts");
  }

  setHeld(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }
}

export class Agent {
  readonly agent: UserAgent;
  readonly diaries: CallDiary[] = [];
  readonly log: MemoryLog;
  readonly line: LineIdentity;
  /** What is done with a call that comes in; by default it rings and is answered at once. */
  onCall = (call: SipCall, media: ScriptedMedia): void => {
    call.ring();
    call.accept(media);
  };

  constructor(world: TwoAgents, name: string, flow: SipFlow) {
    this.log = createMemoryLog(world.clock);
    this.line = {
      label: `${name}@test`,
      user: name,
      address: addressOf(name, "test.example", undefined),
      credentials: {
        decorate: (request) => request,
        answer: () => ({ ok: false, problem: "no password" }),
      },
      flow: () => Promise.resolve(flow),
      contactFor: (on) => addressOf(name, on.local.address, on.local.port),
    };
    let counter = 0;
    this.agent = new UserAgent({
      clock: world.clock,
      log: this.log.log,
      randomBytes: (count) => {
        counter += 1;
        const bytes = new Uint8Array(count);
        new DataView(bytes.buffer).setUint32(0, counter * 2_654_435_761);
        bytes[count - 1] = name.charCodeAt(0);
        return bytes;
      },
      serialise: serialiseSip,
      findFlow: () => Promise.resolve(flow),
      lineFor: (uri) => ("user" in uri && uri.user === name ? this.line : undefined),
      maxCalls: 4,
      onIncoming: (call) => {
        const diary = this.#diaryOf(call, new ScriptedMedia());
        queueMicrotask(() => this.onCall(call, diary.media));
        return eventsOf(diary);
      },
    });
  }

  get last(): CallDiary {
    const diary = this.diaries.at(-1);
    if (diary === undefined) throw new Error("there was no call");
    return diary;
  }

  call(to: string): CallDiary {
    const media = new ScriptedMedia();
    const call = this.agent.call(this.line, addressOf(to, "test.example", undefined), media);
    if (call === undefined) throw new Error("all lines are busy");
    const diary = this.#diaryOf(call, media);
    call.attach(eventsOf(diary));
    void call.start();
    return diary;
  }

  #diaryOf(call: SipCall, media: ScriptedMedia): CallDiary {
    const diary = { call, media, events: [] };
    this.diaries.push(diary);
    return diary;
  }
}

/** `caller` is alice, `callee` is bob; either may call. */
export class TwoAgents {
  readonly clock = new FakeClock();
  readonly alice: Agent;
  readonly bob: Agent;
  readonly #toAlice: SipFlow;
  readonly #toBob: SipFlow;
  /** "alice INVITE", "bob 200 INVITE" … in the order in which they were sent. */
  readonly sent: string[] = [];
  /** True for what the wire loses. */
  loses: (line: string, message: SipMessage) => boolean = () => false;
  /** What arrives in place of what was sent. */
  changes: (message: SipMessage) => SipMessage = (message) => message;

  constructor(isReliable = false) {
    const toBob: SipFlow = this.#flow("alice", isReliable, () => [this.bob, toAlice]);
    const toAlice: SipFlow = this.#flow("bob", isReliable, () => [this.alice, toBob]);
    this.#toAlice = toAlice;
    this.#toBob = toBob;
    this.alice = new Agent(this, "alice", toBob);
    this.bob = new Agent(this, "bob", toAlice);
  }

  /** Lets time pass in small steps, and promises settle between them. */
  async run(ms: number): Promise<void> {
    const stepMs = ms > 2000 ? 50 : 5;
    for (let passed = 0; passed < ms; passed += stepMs) {
      await settle();
      this.clock.advance(Math.min(stepMs, ms - passed));
    }
    await settle();
  }

  /** Puts bytes of a third party on the wire. */
  inject(message: SipMessage, to: Agent): void {
    const parsed = parseSipMessage(serialiseSip(message));
    if (parsed.kind !== "message") throw new Error("the test sends nonsense");
    to.agent.receive(parsed.message, to === this.alice ? this.#toBob : this.#toAlice);
  }

  #flow(from: "alice" | "bob", isReliable: boolean, other: () => [Agent, SipFlow]): SipFlow {
    const flow: SipFlow = {
      transport: isReliable ? "tcp" : "udp",
      isReliable,
      remote: { address: from === "alice" ? "10.0.0.2" : "10.0.0.1", port: 5060 },
      local: { address: from === "alice" ? "10.0.0.1" : "10.0.0.2", port: 5060 },
      isOpen: true,
      send: (bytes) => {
        const parsed = parseSipMessage(bytes);
        if (parsed.kind !== "message") throw new Error(`nonsense was sent: ${decode(bytes)}`);
        const line = `${from} ${describe(parsed.message)}`;
        this.sent.push(line);
        if (this.loses(line, parsed.message)) return { ok: true };
        const arrived = this.changes(parsed.message);
        this.clock.after(wireDelayMs, () => {
          const [agent, back] = other();
          agent.agent.receive(arrived, back);
        });
        return { ok: true };
      },
    };
    return flow;
  }
}

export function addressOf(user: string, host: string, port: number | undefined): NameAddress {
  const uri: SipUri = {
    scheme: "sip",
    user,
    password: undefined,
    host,
    port,
    parameters: new Map(),
    headers: undefined,
  };
  return { displayName: undefined, uri, parameters: new Map() };
}

function eventsOf(diary: { readonly events: string[] }): SipCallEvents {
  const { events } = diary;
  return {
    progress: (status) => void events.push(`progress ${status}`),
    established: () => void events.push("established"),
    digit: ({ digit }) => void events.push(`digit ${digit}`),
    ended: ({ by, reason }) => void events.push(`ended by ${by}: ${reason}`),
  };
}

function describe(message: SipMessage): string {
  if (message.kind === "request") return message.method;
  return `${message.status} ${message.cseq.method}`;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
