/**
 * A PBX as small as can be, for measuring and testing the telephone: it takes registrations, calls those
 * that have registered, answers or refuses what they dial, and keeps what it hears.
 */
import type { Clock } from "../src/core/clock.ts";
import type { Logger } from "../src/core/log.ts";
import { RtpPortPool } from "../src/call/rtp/port-pool.ts";
import { RtpSession } from "../src/call/rtp/rtp-session.ts";
import type { AudioCodec } from "../src/call/sdp/negotiated-media.ts";
import { createResponse } from "../src/call/sip/message/create-response.ts";
import {
  headerValue,
  type NameAddress,
  type SipMessage,
  type SipRequest,
  type SipUri,
} from "../src/call/sip/message/sip-message.ts";
import { serialiseSip } from "../src/call/sip/message/serialise-sip.ts";
import type { SipFlow } from "../src/call/sip/transport/sip-flow.ts";
import { formatEndpoint } from "../src/call/sip/transport/address-text.ts";
import { SipTransport } from "../src/call/sip/transport/sip-transport.ts";
import type { LineIdentity } from "../src/call/sip/user-agent/call-context.ts";
import type { SipCall, SipCallEvents } from "../src/call/sip/user-agent/sip-call.ts";
import { UserAgent } from "../src/call/sip/user-agent/user-agent.ts";
import { FrameTicker } from "../src/services/frame-ticker.ts";
import { PbxCall } from "./pbx-call.ts";
import { SmallRegistrar, type SmallRegistrarOptions } from "./small-registrar.ts";

const maxCalls = 5000;

/** What happens to a number that somebody dials. */
export type PbxAnswer =
  | { readonly kind: "answer" }
  /** Rings until the caller gives up. */
  | { readonly kind: "ring" }
  | { readonly kind: "refuse"; readonly status: number };

export interface SmallPbxOptions extends SmallRegistrarOptions {
  /** Address of this PBX; the loopback of IPv4 unless given. */
  readonly host?: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rtpPorts: { readonly from: number; readonly to: number };
  /** UDP and TCP port; the system chooses when left out. */
  readonly port?: number | undefined;
  /** One G.711 mu-law frame for each 20 ms, over and over; silence when left out. */
  readonly frames?: readonly Uint8Array[] | undefined;
  /** All numbers are answered with 404 when left out. */
  readonly answer?: ((number: string) => PbxAnswer) | undefined;
}

export interface PbxCalling {
  /** PCMU alone when left out. */
  readonly codecs?: readonly AudioCodec[];
}

/** A REFER that came, and what the PBX told about it. */
export interface PbxTransfer {
  readonly referTo: string;
}

export class SmallPbx {
  /** Calls that came in and were not refused, oldest first. */
  readonly incoming: PbxCall[] = [];
  /** Each was accepted, and told to have been a success. */
  readonly transfers: PbxTransfer[] = [];
  readonly registrar: SmallRegistrar;
  readonly #options: SmallPbxOptions;
  readonly #agent: UserAgent;
  readonly #ticker: FrameTicker;
  readonly #ports: RtpPortPool;
  readonly #host: string;
  /** Those whose end was not told yet, by Call-ID. */
  readonly #calls = new Map<string, PbxCall>();
  #transport: SipTransport | undefined;

  private constructor(options: SmallPbxOptions) {
    const { clock, log, rtpPorts } = options;
    this.#options = options;
    this.#host = options.host ?? "127.0.0.1";
    this.registrar = new SmallRegistrar(options);
    this.#ticker = new FrameTicker(clock);
    this.#ports = new RtpPortPool(rtpPorts);
    this.#agent = new UserAgent({
      clock,
      log,
      randomBytes,
      serialise: serialiseSip,
      findFlow: (target) => this.#open().flowTo(target),
      lineFor: (_uri, flow) => lineOf(flow),
      maxCalls,
      onIncoming: (call) => this.#incoming(call),
    });
  }

  static async open(options: SmallPbxOptions): Promise<SmallPbx> {
    const pbx = new SmallPbx(options);
    const { clock, log, port } = options;
    pbx.#transport = await SipTransport.open({
      bind: pbx.#host,
      port,
      clock,
      log,
      random,
      onMessage: (message, flow) => pbx.#received(message, flow),
      onFlowClosed: (flow, errno) => pbx.#agent.flowClosed(flow, errno),
    });
    return pbx;
  }

  /** `127.0.0.1:port`, `[::1]:port`. */
  get address(): string {
    return formatEndpoint({ address: this.#host, port: this.port });
  }

  get port(): number {
    return this.#open().port;
  }

  /** Frames of this PBX: how late they were. */
  get pacing(): FrameTicker {
    return this.#ticker;
  }

  /** Resolves when this user has registered. */
  async registered(user: string): Promise<void> {
    await this.registrar.registered(user);
  }

  /** Resolves when the call is up; rejects when it is refused. */
  async call(user: string, options: PbxCalling = {}): Promise<PbxCall> {
    const call = await this.ring(user, options);
    await call.up;
    return call;
  }

  /** Resolves when the INVITE is out. */
  async ring(user: string, { codecs = ["PCMU"] }: PbxCalling = {}): Promise<PbxCall> {
    const binding = this.registrar.binding(user);
    if (binding === undefined) throw new Error(`${user} is not registered`);
    const call = await this.#newCall(codecs);
    const sip = this.#agent.call(lineOf(binding.flow), binding.contact, call.media);
    if (sip === undefined) throw new Error("too many calls");
    this.#follow(call, sip);
    sip.attach(
      call.attach(sip, { contact: binding.contact, flow: binding.flow, layer: this.#agent.layer }),
    );
    await sip.start();
    return call;
  }

  close(): void {
    this.#agent.hangUpAll();
    this.kill();
  }

  /** Ends as a PBX that loses its power: nobody is told. */
  kill(): void {
    this.#agent.close();
    this.#transport?.close();
    for (const call of this.#calls.values()) call.goSilent();
    this.#calls.clear();
  }

  async #newCall(codecs: readonly AudioCodec[]): Promise<PbxCall> {
    const { clock, frames } = this.#options;
    let call: PbxCall | undefined;
    const rtp = await RtpSession.open({
      hostname: this.#host,
      pool: this.#ports,
      clock,
      random,
      randomBytes,
      handlers: {
        onFrame: (frame) => call?.heard(frame),
        onDigit: (digit) => call?.pressed(digit),
        onRestart: () => undefined,
        onBye: () => undefined,
      },
    });
    call = new PbxCall({
      host: this.#host,
      rtp,
      ticker: this.#ticker,
      codecs,
      frames,
      randomBytes,
    });
    return call;
  }

  #follow(call: PbxCall, sip: SipCall): void {
    const { callId } = sip;
    this.#calls.set(callId, call);
    void call.ended.then(() => this.#calls.delete(callId));
  }

  #incoming(sip: SipCall): SipCallEvents {
    const uri = sip.invite?.uri;
    const number = uri !== undefined && "user" in uri ? (uri.user ?? "") : "";
    const answer = this.#options.answer?.(number) ?? { kind: "refuse", status: 404 };
    if (answer.kind === "refuse") {
      queueMicrotask(() => sip.reject(answer.status));
      return { ended: () => undefined };
    }
    sip.ring();
    const events = Promise.withResolvers<SipCallEvents>();
    void this.#take(sip, answer, events.resolve);
    return {
      established: () => void events.promise.then((told) => told.established?.()),
      digit: (digit) => void events.promise.then((told) => told.digit?.(digit)),
      ended: (end) => void events.promise.then((told) => told.ended(end)),
    };
  }

  async #take(
    sip: SipCall,
    answer: PbxAnswer,
    follow: (events: SipCallEvents) => void,
  ): Promise<void> {
    const call = await this.#newCall(["PCMU", "PCMA"]);
    this.#follow(call, sip);
    const contacts = sip.invite?.contacts;
    const contact = contacts === undefined || contacts === "*" ? undefined : contacts[0];
    const { flow } = sip;
    if (contact === undefined || flow === undefined) throw new Error("an INVITE without Contact");
    follow(call.attach(sip, { contact, flow, layer: this.#agent.layer }));
    this.incoming.push(call);
    if (answer.kind === "answer") sip.accept(call.media);
  }

  #received(message: SipMessage, flow: SipFlow): void {
    if (message.kind === "request" && message.method === "REGISTER") {
      flow.send(serialiseSip(this.registrar.answer(message, flow)));
    } else if (message.kind === "request" && message.method === "REFER") {
      void this.#transfer(message, flow);
    } else {
      this.#agent.receive(message, flow);
    }
  }

  /** Whoever it is handed to takes the call at once. */
  async #transfer(refer: SipRequest, flow: SipFlow): Promise<void> {
    const contacts = [pbxAddress(flow)];
    flow.send(serialiseSip(createResponse(refer, 202, { contacts })));
    this.transfers.push({ referTo: headerValue(refer, "Refer-To") ?? "" });
    const call = this.#calls.get(refer.callId);
    for (const [line, state] of transferReports) {
      await call?.request("NOTIFY", {
        headers: [
          { name: "Event", value: "refer" },
          { name: "Subscription-State", value: state },
          { name: "Content-Type", value: "message/sipfrag" },
        ],
        body: `${line}\r\n`,
      });
    }
  }

  #open(): SipTransport {
    if (this.#transport === undefined) throw new Error("the PBX is not open");
    return this.#transport;
  }
}

const transferReports = [
  ["SIP/2.0 100 Trying", "active;expires=60"],
  ["SIP/2.0 200 OK", "terminated;reason=noresource"],
] as const;

function lineOf(flow: SipFlow): LineIdentity {
  const address = pbxAddress(flow);
  return {
    label: "pbx",
    user: "pbx",
    address,
    credentials: {
      decorate: (request) => request,
      answer: () => ({ ok: false, problem: "the PBX has no password" }),
    },
    flow: () => Promise.resolve(flow),
    contactFor: () => address,
  };
}

function pbxAddress({ local, transport }: SipFlow): NameAddress {
  const named: [string, string][] = transport === "udp" ? [] : [["transport", transport]];
  const uri: SipUri = {
    scheme: "sip",
    user: "pbx",
    password: undefined,
    host: local.address,
    port: local.port,
    parameters: new Map(named),
    headers: undefined,
  };
  return { displayName: undefined, uri, parameters: new Map() };
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

function random(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}
