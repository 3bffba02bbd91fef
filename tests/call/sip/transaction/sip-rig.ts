/** A transaction layer with a clock that stands still and flows that keep what is sent on them. */
import type {
  NameAddress,
  SipHeader,
  SipMessage,
  SipRequest,
  SipResponse,
  Via,
} from "../../../../src/call/sip/message/sip-message.ts";
import {
  TransactionLayer,
  type TransactionLimits,
} from "../../../../src/call/sip/transaction/transaction-layer.ts";
import type {
  ClientTransactionHandlers,
  ServerTransaction,
} from "../../../../src/call/sip/transaction/transaction-user.ts";
import type { FlowSendOutcome, SipFlow } from "../../../../src/call/sip/transport/sip-flow.ts";
import { FakeClock } from "../../../fakes/fake-clock.ts";
import { createMemoryLog } from "../../../fakes/memory-log.ts";

export interface Sent {
  readonly atMs: number;
  readonly message: SipMessage;
}

/** Stands in for the serialiser: the bytes are the number under which the message is kept. */
export class MessageStore {
  readonly #messages: SipMessage[] = [];

  readonly serialise = (message: SipMessage): Uint8Array => {
    this.#messages.push(message);
    return new TextEncoder().encode(String(this.#messages.length - 1));
  };

  read(bytes: Uint8Array): SipMessage {
    const message = this.#messages[Number(new TextDecoder().decode(bytes))];
    if (message === undefined) throw new Error("these bytes were never serialised");
    return message;
  }
}

export class RecordingFlow implements SipFlow {
  readonly transport: "udp" | "tcp";
  readonly remote = { address: "192.0.2.9", port: 5060 };
  readonly local = { address: "192.0.2.1", port: 5070 };
  readonly sent: Sent[] = [];
  isOpen = true;
  /** Set to make the flow refuse messages. */
  errno: string | undefined;
  readonly #clock: FakeClock;
  readonly #store: MessageStore;

  constructor(transport: "udp" | "tcp", clock: FakeClock, store: MessageStore) {
    this.transport = transport;
    this.#clock = clock;
    this.#store = store;
  }

  get isReliable(): boolean {
    return this.transport !== "udp";
  }

  send(bytes: Uint8Array): FlowSendOutcome {
    if (this.errno !== undefined) return { ok: false, errno: this.errno };
    this.sent.push({ atMs: this.#clock.nowMs(), message: this.#store.read(bytes) });
    return { ok: true };
  }

  /** What was sent so far, as `INVITE` or `200`, without the rest. */
  get names(): string[] {
    return this.sent.map(({ message }) => nameOf(message));
  }

  /** When messages with this name were sent. */
  timesOf(name: string): number[] {
    return this.sent.filter(({ message }) => nameOf(message) === name).map(({ atMs }) => atMs);
  }

  /** The last request that was sent with this method. */
  request(method: string): SipRequest {
    const requests = this.sent.map(({ message }) => message).filter((m) => m.kind === "request");
    const found = requests.findLast((sent) => sent.method === method);
    if (found === undefined) throw new Error(`no ${method} was sent`);
    return found;
  }

  response(status: number): SipResponse {
    const responses = this.sent.map(({ message }) => message).filter((m) => m.kind === "response");
    const found = responses.findLast((response) => response.status === status);
    if (found === undefined) throw new Error(`no ${status} was sent`);
    return found;
  }
}

function nameOf(message: SipMessage): string {
  return message.kind === "request" ? message.method : String(message.status);
}

export interface RecordedClient {
  /** `1xx`, `final 200`, `timedOut`, `failed EPIPE` with the time in milliseconds before them. */
  readonly events: string[];
  readonly responses: SipResponse[];
  readonly handlers: ClientTransactionHandlers;
}

export class Rig {
  readonly clock = new FakeClock();
  readonly store = new MessageStore();
  readonly memory = createMemoryLog(this.clock);
  readonly udp = new RecordingFlow("udp", this.clock, this.store);
  readonly tcp = new RecordingFlow("tcp", this.clock, this.store);
  /** What the user of the layer was told, with the time. */
  readonly events: string[] = [];
  readonly transactions: ServerTransaction[] = [];
  readonly acks: SipRequest[] = [];
  /** Runs for each request that is handed up. */
  onRequest: (transaction: ServerTransaction) => void = () => undefined;
  onCancelled: (transaction: ServerTransaction) => void = () => undefined;
  readonly layer: TransactionLayer;
  #random = 0;

  constructor(limits: Partial<TransactionLimits> = {}) {
    this.layer = new TransactionLayer({
      clock: this.clock,
      randomBytes: (count) => this.#randomBytes(count),
      log: this.memory.log,
      serialise: this.store.serialise,
      limits,
      user: {
        request: (transaction) => {
          this.#note(`request ${transaction.request.method}`);
          this.transactions.push(transaction);
          this.onRequest(transaction);
        },
        cancelled: (transaction) => {
          this.#note(`cancelled ${transaction.request.method}`);
          this.onCancelled(transaction);
        },
        ack: (ack) => {
          this.#note("ack");
          this.acks.push(ack);
        },
        unacknowledged: (transaction, errno) =>
          this.#note(`unacknowledged ${transaction.request.method} ${errno}`),
      },
    });
  }

  flow(transport: "udp" | "tcp"): RecordingFlow {
    return transport === "udp" ? this.udp : this.tcp;
  }

  /** The transaction that was handed up last. */
  get last(): ServerTransaction {
    const last = this.transactions.at(-1);
    if (last === undefined) throw new Error("no request was handed up");
    return last;
  }

  client(): RecordedClient {
    const events: string[] = [];
    const responses: SipResponse[] = [];
    const note = (text: string): unknown => events.push(`${this.clock.nowMs()} ${text}`);
    const noteResponse = (kind: string, response: SipResponse): void => {
      note(`${kind} ${response.status}`);
      responses.push(response);
    };
    const handlers = {
      provisional: (response: SipResponse) => noteResponse("provisional", response),
      final: (response: SipResponse) => noteResponse("final", response),
      timedOut: () => void note("timedOut"),
      failed: (errno: string) => void note(`failed ${errno}`),
    };
    return { events, responses, handlers };
  }

  /** Nothing is left of any transaction. */
  get leftovers(): { timers: number; clients: number; servers: number } {
    const { clients, servers } = this.layer.status();
    return { timers: this.clock.timers, clients, servers };
  }

  #note(text: string): void {
    this.events.push(`${this.clock.nowMs()} ${text}`);
  }

  #randomBytes(count: number): Uint8Array {
    this.#random += 1;
    const bytes = new Uint8Array(count);
    new DataView(bytes.buffer).setUint32(0, this.#random);
    return bytes;
  }
}

export const nothingLeft = { timers: 0, clients: 0, servers: 0 };

export function party(user: string, tag?: string): NameAddress {
  const uri = {
    scheme: "sip",
    user,
    password: undefined,
    host: "example.net",
    port: undefined,
    parameters: new Map(),
    headers: undefined,
  } as const;
  const parameters = new Map(tag === undefined ? [] : [["tag", tag]]);
  return { displayName: undefined, uri, parameters };
}

export function via(branch: string | undefined, host = "192.0.2.9", port = 5060): Via {
  const parameters = new Map(branch === undefined ? [] : [["branch", branch]]);
  return { transport: "UDP", host, port, parameters };
}

export interface RequestParts {
  readonly branch?: string;
  readonly via?: readonly Via[];
  readonly callId?: string;
  readonly cseq?: number;
  readonly toTag?: string;
  readonly fromTag?: string;
  readonly routes?: readonly NameAddress[];
  readonly headers?: readonly SipHeader[];
}

/** A request of a peer when it has a branch or Via, else one of ours. */
export function request(method: string, parts: RequestParts = {}): SipRequest {
  const to = party("200", parts.toTag);
  const top = parts.branch === undefined ? [] : [via(parts.branch)];
  return {
    kind: "request",
    method,
    uri: to.uri,
    via: parts.via ?? top,
    maxForwards: undefined,
    routes: parts.routes ?? [],
    from: party("100", parts.fromTag ?? "from-tag"),
    to,
    callId: parts.callId ?? "call-1",
    cseq: { number: parts.cseq ?? 1, method },
    contacts: [],
    recordRoutes: [],
    headers: parts.headers ?? [],
    body: new Uint8Array(),
  };
}

export function respond(to: SipRequest, status: number, tag = "to-tag"): SipResponse {
  return {
    kind: "response",
    status,
    reason: "",
    via: to.via,
    from: to.from,
    to: { ...to.to, parameters: new Map([["tag", tag]]) },
    callId: to.callId,
    cseq: to.cseq,
    contacts: [],
    recordRoutes: [],
    headers: [],
    body: new Uint8Array(),
  };
}
