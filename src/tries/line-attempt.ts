/** The SIP that one trial of a line needs: sockets of its own, and REGISTER exchanges one after the other. */
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { DigestSession } from "../call/sip/digest/digest-session.ts";
import { createResponse } from "../call/sip/message/create-response.ts";
import {
  headerValue,
  type NameAddress,
  type SipRequest,
  type SipResponse,
  type SipUri,
} from "../call/sip/message/sip-message.ts";
import { serialiseSip } from "../call/sip/message/serialise-sip.ts";
import { learnAddress } from "../call/sip/registration/learnt-address.ts";
import {
  type RegisterDraft,
  RegisterExchange,
  type RegisterOutcome,
  type RequestSender,
} from "../call/sip/registration/register-exchange.ts";
import { RegisterRequests } from "../call/sip/registration/register-request.ts";
import { lineTarget } from "../call/sip/registration/registrar-target.ts";
import type { SipLine } from "../call/sip/registration/sip-line.ts";
import type { SipFlow } from "../call/sip/transport/sip-flow.ts";
import { SipTransport, type TlsSettings } from "../call/sip/transport/sip-transport.ts";
import { TransactionLayer } from "../call/sip/transaction/transaction-layer.ts";
import type { ServerTransaction } from "../call/sip/transaction/transaction-user.ts";

export interface LineAttemptOptions {
  readonly line: SipLine;
  readonly password: string | undefined;
  readonly bind: string | undefined;
  readonly tls: TlsSettings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** How one REGISTER ended, and what was seen on its way. */
export interface AskedOnce {
  /** Undefined when it was ended from outside. */
  readonly outcome: RegisterOutcome | undefined;
  readonly tookMs: number;
}

const bytesOfRandom = 4;
const temporarilyUnavailable = 480;

export class LineAttempt {
  readonly #options: LineAttemptOptions;
  readonly #transport: SipTransport;
  readonly #layer: TransactionLayer;
  readonly #digest: DigestSession;
  readonly #requests: RegisterRequests;
  #lastStatus: number | undefined;
  #hasAnsweredChallenge = false;
  #wasChallenged = false;
  #natAddress: string | undefined;
  /** Why there was no way to the PBX. */
  #wayFailure: unknown;

  private constructor(
    options: LineAttemptOptions,
    transport: SipTransport,
    layer: TransactionLayer,
  ) {
    const { line, password, randomBytes } = options;
    this.#options = options;
    this.#transport = transport;
    this.#layer = layer;
    this.#digest = new DigestSession({ user: line.authUser, password, randomBytes });
    this.#requests = new RegisterRequests({ line, headers: [], randomBytes });
  }

  /** Throws a WildfireError where no socket can be had. */
  static async open(options: LineAttemptOptions): Promise<LineAttempt> {
    const { bind, tls, clock, log, randomBytes } = options;
    const layer = new TransactionLayer({
      clock,
      randomBytes,
      log,
      serialise: serialiseSip,
      user: {
        request: turnAway,
        cancelled: () => undefined,
        ack: () => undefined,
        unacknowledged: () => undefined,
      },
    });
    const transport = await SipTransport.open({
      bind,
      port: 0,
      tls,
      clock,
      log,
      random: () => randomShare(randomBytes),
      onMessage: (message, flow) => layer.receive(message, flow),
      onFlowClosed: (flow, errno) => layer.flowClosed(flow, errno),
    });
    return new LineAttempt(options, transport, layer);
  }

  get lastStatus(): number | undefined {
    return this.#lastStatus;
  }

  /** The PBX was told the password, and still asked for it. */
  get isPasswordRefused(): boolean {
    return this.#hasAnsweredChallenge && isChallenge(this.#lastStatus);
  }

  get wasChallenged(): boolean {
    return this.#wasChallenged;
  }

  get natAddress(): string | undefined {
    return this.#natAddress;
  }

  get wayFailure(): unknown {
    return this.#wayFailure;
  }

  /**
   * Who is registered under this address: a REGISTER without a Contact, which changes nothing (RFC 3261
   * section 10.2.3). It has no Expires either, which older PBXs take for taking everything back.
   */
  async query(signal: AbortSignal): Promise<AskedOnce> {
    return await this.#ask(signal, ({ target }) => {
      const parts = { target, contact: undefined, expiresSeconds: 0, removed: [] };
      const request = this.#requests.make(parts);
      return { ...request, headers: request.headers.filter(({ name }) => name !== "Expires") };
    });
  }

  /** For so many seconds, in case that it cannot be taken back. */
  async register(expiresSeconds: number, signal: AbortSignal): Promise<AskedOnce> {
    return await this.#ask(signal, (draft) =>
      this.#requests.make({
        target: draft.target,
        contact: contactOn(draft.flow, this.#options.line.user),
        expiresSeconds: Math.max(expiresSeconds, draft.expiresSeconds),
        removed: [],
      }),
    );
  }

  /** This contact and no other. */
  async takeBack(signal: AbortSignal): Promise<AskedOnce> {
    return await this.#ask(signal, ({ target, flow }) =>
      this.#requests.make({
        target,
        contact: undefined,
        expiresSeconds: 0,
        removed: [contactOn(flow, this.#options.line.user)],
      }),
    );
  }

  close(): void {
    this.#layer.close();
    this.#transport.close();
  }

  async #ask(
    signal: AbortSignal,
    makeRequest: (draft: RegisterDraft) => SipRequest,
  ): Promise<AskedOnce> {
    const { clock, line } = this.#options;
    const startedMs = clock.nowMs();
    const done = Promise.withResolvers<RegisterOutcome | undefined>();
    const exchange = new RegisterExchange({
      target: lineTarget(line),
      // Raised by a PBX that wants longer ones.
      expiresSeconds: 0,
      sender: this.#sender(),
      digest: this.#digest,
      clock,
      makeRequest,
      onResponse: (response, flow) => this.#answered(response, flow),
      onOutcome: done.resolve,
    });
    const stop = (): void => {
      exchange.cancel();
      done.resolve(undefined);
    };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    else exchange.start();
    try {
      const outcome = await done.promise;
      return { outcome, tookMs: clock.nowMs() - startedMs };
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  #sender(): RequestSender {
    return {
      send: async ({ hop, makeRequest, handlers }) => {
        let flow: SipFlow;
        try {
          flow = await this.#transport.flowTo(hop);
        } catch (error) {
          this.#wayFailure = error;
          throw error;
        }
        const request = makeRequest(flow);
        this.#hasAnsweredChallenge = hasCredentials(request);
        return this.#layer.request(request, flow, handlers);
      },
      unanswered: (flow) => this.#transport.giveUp(flow),
    };
  }

  #answered(response: SipResponse, flow: SipFlow): void {
    this.#lastStatus = response.status;
    this.#wasChallenged ||= isChallenge(response.status);
    const seenAs = learnAddress(response, flow)?.seenAs.address;
    if (seenAs !== undefined && seenAs !== flow.local.address) this.#natAddress = seenAs;
  }
}

function isChallenge(status: number | undefined): boolean {
  return status === 401 || status === 407;
}

function hasCredentials(request: SipRequest): boolean {
  return ["Authorization", "Proxy-Authorization"].some(
    (name) => headerValue(request, name) !== undefined,
  );
}

/** Calls that come in the moments in which this contact is known. */
function turnAway(transaction: ServerTransaction): void {
  transaction.respond(createResponse(transaction.request, temporarilyUnavailable));
}

function contactOn({ transport, local }: SipFlow, user: string): NameAddress {
  const named: [string, string][] = transport === "udp" ? [] : [["transport", transport]];
  const uri: SipUri = {
    scheme: "sip",
    user,
    password: undefined,
    host: local.address,
    port: local.port,
    parameters: new Map(named),
    headers: undefined,
  };
  return { displayName: undefined, uri, parameters: new Map() };
}

/** 0 up to 1. */
function randomShare(randomBytes: (count: number) => Uint8Array): number {
  const bytes = randomBytes(bytesOfRandom);
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0) / 256 ** bytesOfRandom;
}
