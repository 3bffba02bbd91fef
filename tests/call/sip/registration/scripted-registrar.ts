/** A registrar that answers by a script, behind flows that can fail: what a registration sends to. */
import { WildfireError } from "../../../../src/core/errors.ts";
import { formatUri } from "../../../../src/call/sip/message/uri.ts";
import type {
  NameAddress,
  SipHeader,
  SipRequest,
  SipResponse,
} from "../../../../src/call/sip/message/sip-message.ts";
import type {
  RegisterSending,
  RequestSender,
} from "../../../../src/call/sip/registration/register-exchange.ts";
import type { ClientTransaction } from "../../../../src/call/sip/transaction/transaction-user.ts";
import type { SipEndpoint, SipFlow } from "../../../../src/call/sip/transport/sip-flow.ts";
import type { FakeClock } from "../../../fakes/fake-clock.ts";

export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contacts?: readonly NameAddress[];
  /** What the registrar adds to Via. */
  readonly via?: Readonly<Record<string, string>>;
}

/** silent: timer F ends it; unreachable: there is no flow; broken: the flow fails; stuck: nothing ever. */
export type Reaction = ScriptedAnswer | "silent" | "unreachable" | "broken" | "stuck";

export interface SentRegister {
  readonly atMs: number;
  readonly request: SipRequest;
  readonly hop: RegisterSending["hop"];
}

/** Retransmissions over UDP at T1 500 ms and T2 4 s, then timer F (RFC 3261 section 17.1.2.2). */
const retransmissionsMs = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
const timerFMs = 32_000;

export class ScriptedRegistrar implements RequestSender {
  readonly sent: SentRegister[] = [];
  readonly unansweredFlows: SipFlow[] = [];
  readonly #clock: FakeClock;
  /** Taken first, one for each request. */
  readonly next: Reaction[] = [];
  /** For all further ones. */
  react: (request: SipRequest) => Reaction = () => ({ status: 200 });
  flow: SipFlow;
  /** Requests and their retransmissions. */
  packets = 0;
  abandoned = 0;

  constructor(clock: FakeClock, local: SipEndpoint = { address: "192.0.2.10", port: 5060 }) {
    this.#clock = clock;
    this.flow = makeFlow(local);
  }

  get last(): SipRequest {
    const sent = this.sent.at(-1);
    if (sent === undefined) throw new Error("nothing was sent");
    return sent.request;
  }

  unanswered(flow: SipFlow): void {
    this.unansweredFlows.push(flow);
  }

  async send(sending: RegisterSending): Promise<ClientTransaction> {
    await Promise.resolve();
    const { flow } = this;
    const scripted = this.next.shift();
    if (scripted === "unreachable") throw new WildfireError("socket", "no way to the PBX");
    const request = sending.makeRequest(flow);
    this.sent.push({ atMs: this.#clock.nowMs(), request, hop: sending.hop });
    const react = (): Reaction => scripted ?? this.react(request);
    return this.#transaction(flow, request, { sending, react });
  }

  #transaction(
    flow: SipFlow,
    request: SipRequest,
    { sending, react }: { sending: RegisterSending; react: () => Reaction },
  ): ClientTransaction {
    const { handlers } = sending;
    let isOver = false;
    const over = (action: () => void): void => {
      isOver = true;
      for (const timer of timers) timer.cancel();
      action();
    };
    const attempt = (): void => {
      if (isOver) return;
      this.packets += 1;
      const reaction = react();
      if (reaction === "silent" || reaction === "stuck" || reaction === "unreachable") {
        if (reaction === "stuck") for (const timer of timers) timer.cancel();
        return;
      }
      if (reaction === "broken") over(() => handlers.failed("ECONNREFUSED"));
      else over(() => handlers.final(answerTo(request, flow, reaction)));
    };
    const again = flow.isReliable ? [] : retransmissionsMs;
    const timers = again.map((ms) => this.#clock.after(ms, attempt));
    timers.push(this.#clock.after(timerFMs, () => over(() => handlers.timedOut())));
    queueMicrotask(attempt);
    return {
      request,
      flow,
      abandon: () => {
        if (isOver) return;
        this.abandoned += 1;
        over(() => undefined);
      },
    };
  }
}

export function makeFlow(local: SipEndpoint, transport: SipFlow["transport"] = "udp"): SipFlow {
  return {
    transport,
    isReliable: transport !== "udp",
    remote: { address: "192.0.2.1", port: 5060 },
    local,
    isOpen: true,
    send: () => ({ ok: true }),
  };
}

function answerTo(request: SipRequest, flow: SipFlow, answer: ScriptedAnswer): SipResponse {
  const { status, headers = {}, contacts = request.contacts, via = {} } = answer;
  const hop = {
    transport: flow.transport.toUpperCase(),
    host: flow.local.address,
    port: flow.local.port,
    parameters: new Map(Object.entries({ branch: "z9hG4bK1", ...via })),
  };
  const { from, to, callId, cseq } = request;
  const listed: SipHeader[] = Object.entries(headers).map(([name, value]) => ({ name, value }));
  return {
    kind: "response",
    status,
    reason: status === 200 ? "OK" : "Whatever",
    via: [hop],
    from,
    to,
    callId,
    cseq,
    contacts,
    recordRoutes: [],
    headers: listed,
    body: new Uint8Array(0),
  };
}

/** `sip:100@192.0.2.10:5060;expires=120` for each Contact. */
export function contactsOf(request: SipRequest): readonly string[] {
  if (request.contacts === "*") return ["*"];
  return request.contacts.map(
    ({ uri, parameters }) => `${formatUri(uri)};expires=${parameters.get("expires")}`,
  );
}

/** Lets promises that are settled run on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
