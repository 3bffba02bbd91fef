/** Two user agents and the wire between them: real messages as bytes, on a clock that stands still. */
import type { FlowFinder, LineIdentity } from "../../../../src/call/sip/user-agent/call-context.ts";
import type { SessionMedia } from "../../../../src/call/sip/user-agent/session-media.ts";
import type { SipCall, SipCallEvents } from "../../../../src/call/sip/user-agent/sip-call.ts";
import type { Challenger } from "../../../../src/call/sip/user-agent/outgoing-request.ts";
import { UserAgent } from "../../../../src/call/sip/user-agent/user-agent.ts";
import { Dialog, type DialogRequest, tagOf } from "../../../../src/call/sip/dialog/dialog.ts";
import { parseSipMessage } from "../../../../src/call/sip/message/parse-sip-message.ts";
import { serialiseSip } from "../../../../src/call/sip/message/serialise-sip.ts";
import type {
  NameAddress,
  SipMessage,
  SipRequest,
  SipResponse,
  SipUri,
} from "../../../../src/call/sip/message/sip-message.ts";
import type { SipFlow } from "../../../../src/call/sip/transport/sip-flow.ts";
import { WildfireError } from "../../../../src/core/errors.ts";
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
  credentials: Challenger = {
    decorate: (request) => request,
    answer: () => ({ ok: false, problem: "no password" }),
  };
  findFlow: FlowFinder;
  /** What is done with a call that comes in; by default it rings and is answered at once. */
  onCall = (call: SipCall, media: ScriptedMedia): void => {
    call.ring();
    call.accept(media);
  };

  /** The service, before anything was answered. */
  onIncoming = (_call: SipCall): void => undefined;

  constructor(world: TwoAgents, name: string, flow: () => Promise<SipFlow>) {
    this.log = createMemoryLog(world.clock);
    this.findFlow = flow;
    this.line = {
      label: `${name}@test`,
      user: name,
      address: addressOf(name, "test.example", undefined),
      credentials: {
        decorate: (request) => this.credentials.decorate(request),
        answer: (request, response) => this.credentials.answer(request, response),
        observe: (request, response) => this.credentials.observe?.(request, response),
      },
      flow,
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
      findFlow: (target) => this.findFlow(target),
      product: `${name}/1`,
      lineFor: (uri) => ("user" in uri && uri.user === name ? this.line : undefined),
      maxCalls: 4,
      onIncoming: (call) => {
        const diary = this.#diaryOf(call, new ScriptedMedia());
        this.onIncoming(call);
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
    call.start().catch((error: unknown) => diary.events.push(`not started: ${String(error)}`));
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
  readonly #isReliable: boolean;
  #connection: Connection | undefined;
  readonly #all: { readonly line: string; readonly message: SipMessage }[] = [];
  #injected = 0;
  /** "alice INVITE", "bob 200 INVITE" … in the order in which they were sent. */
  readonly sent: string[] = [];
  /** The messages themselves. */
  readonly messages: SipMessage[] = [];
  /** True for what the wire loses. */
  loses: (line: string, message: SipMessage) => boolean = () => false;
  /** What arrives in place of what was sent. */
  changes: (message: SipMessage) => SipMessage = (message) => message;
  /** What somebody on the way answers, so that the message goes no further. */
  intercepts: (line: string, message: SipMessage) => SipResponse | undefined = () => undefined;
  /** How long a message is on its way; messages overtake each other where that changes. */
  delayMs: () => number = () => wireDelayMs;
  /** Before the first message. */
  readonly addresses = { alice: "10.0.0.1", bob: "10.0.0.2" };
  /** Whether a broken connection can be replaced by another one. */
  isReachable = true;

  constructor(isReliable = false) {
    this.#isReliable = isReliable;
    this.alice = new Agent(this, "alice", () => this.#flowFrom("alice"));
    this.bob = new Agent(this, "bob", () => this.#flowFrom("bob"));
  }

  /** Both ends of the connection learn that it is broken; what is on the way is lost. */
  breaks(errno = "ECONNRESET"): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    connection.isOpen = false;
    this.alice.agent.flowClosed(connection.alice, errno);
    this.bob.agent.flowClosed(connection.bob, errno);
  }

  /** Nothing may be left of what happened, however it ended. */
  async settled(): Promise<Record<string, unknown>[]> {
    await this.run(400_000);
    const left = [this.alice, this.bob].map(({ agent }) => {
      const { calls, dialogs, transactions } = agent.status();
      return { calls, dialogs, transactions: Object.values(Object(transactions)).slice(-2) };
    });
    return [{ timers: this.clock.timers }, ...left];
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
    const connection = this.#open();
    to.agent.receive(parsed.message, to === this.alice ? connection.alice : connection.bob);
  }

  /** The latest message that was sent as `line`, as `inject` and dialogs want it. */
  last(line: string): SipMessage {
    const found = this.#all.findLast((sent) => sent.line === line);
    if (found === undefined) throw new Error(`nobody sent ${line}`);
    return found.message;
  }

  /** A request within the dialog of the last INVITE, as the peer of `to` would send it. */
  injectRequest(parts: DialogRequest & { readonly cseq?: number }, to: Agent): SipRequest {
    const messages = this.#all.map(({ message }) => message);
    const invite = messages.find((message) => isInvite(message));
    const response = messages.find(
      (message) => message.kind === "response" && tagOf(message.to) !== undefined,
    );
    if (invite?.kind !== "request" || response?.kind !== "response") throw new Error("no INVITE");
    const isToCaller = to.line.user === tagOwner(invite);
    const dialog = isToCaller
      ? Dialog.ofIncoming(invite, tagOf(response.to) ?? "")
      : Dialog.ofOutgoing(invite, response);
    if (dialog === undefined) throw new Error("no dialog");
    this.#injected += 1;
    const number = parts.cseq ?? 50_000 + this.#injected;
    const request: SipRequest = {
      ...dialog.request(parts),
      cseq: { number, method: parts.method },
      maxForwards: 70,
      via: [
        {
          transport: "UDP",
          host: "10.0.0.9",
          port: 5060,
          parameters: new Map([["branch", `z9hG4bKinjected${this.#injected}`]]),
        },
      ],
    };
    this.inject(request, to);
    return request;
  }

  #flowFrom(name: "alice" | "bob"): Promise<SipFlow> {
    if (this.isReachable) return Promise.resolve(this.#open()[name]);
    return Promise.reject(new WildfireError("socket", "nobody is there"));
  }

  #open(): Connection {
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  #connect(): Connection {
    const connection: Connection = {
      isOpen: true,
      alice: this.#flow("alice", () => connection),
      bob: this.#flow("bob", () => connection),
    };
    return connection;
  }

  #flow(from: "alice" | "bob", connection: () => Connection): SipFlow {
    const isReliable = this.#isReliable;
    return {
      transport: isReliable ? "tcp" : "udp",
      isReliable,
      remote: { address: this.addresses[from === "alice" ? "bob" : "alice"], port: 5060 },
      local: { address: this.addresses[from], port: 5060 },
      get isOpen() {
        return connection().isOpen;
      },
      send: (bytes) => {
        if (!connection().isOpen) return { ok: false, errno: "EPIPE" };
        this.#carry(from, bytes, connection());
        return { ok: true };
      },
    };
  }

  #carry(from: "alice" | "bob", bytes: Uint8Array, connection: Connection): void {
    const parsed = parseSipMessage(bytes);
    if (parsed.kind !== "message") throw new Error(`nonsense was sent: ${decode(bytes)}`);
    const { message } = parsed;
    const line = `${from} ${describe(message)}`;
    this.sent.push(line);
    this.messages.push(message);
    this.#all.push({ line, message });
    if (this.loses(line, message)) return;
    const response = this.intercepts(line, message);
    const to = (response === undefined) === (from === "alice") ? "bob" : "alice";
    const arrived = response ?? this.changes(message);
    this.clock.after(this.delayMs(), () => {
      if (connection.isOpen) this[to].agent.receive(arrived, connection[to]);
    });
  }
}

interface Connection {
  isOpen: boolean;
  readonly alice: SipFlow;
  readonly bob: SipFlow;
}

function isInvite(message: SipMessage): boolean {
  return message.kind === "request" && message.method === "INVITE";
}

function tagOwner({ from }: SipRequest): string | undefined {
  return "user" in from.uri ? from.uri.user : undefined;
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
