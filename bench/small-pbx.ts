/**
 * A PBX as small as can be, for measuring the telephone: it takes any registration, calls those that have
 * registered, sends each call the same sound and counts what comes back.
 */
import type { Clock } from "../src/core/clock.ts";
import type { Logger } from "../src/core/log.ts";
import { CallMedia } from "../src/call/media/call-media.ts";
import { RtpPortPool } from "../src/call/rtp/port-pool.ts";
import { RtpSession } from "../src/call/rtp/rtp-session.ts";
import type { RtpStatistics } from "../src/call/rtp/rtp-statistics.ts";
import { createResponse } from "../src/call/sip/message/create-response.ts";
import type {
  NameAddress,
  SipMessage,
  SipRequest,
  SipUri,
} from "../src/call/sip/message/sip-message.ts";
import { serialiseSip } from "../src/call/sip/message/serialise-sip.ts";
import type { SipFlow } from "../src/call/sip/transport/sip-flow.ts";
import { SipTransport } from "../src/call/sip/transport/sip-transport.ts";
import type { LineIdentity } from "../src/call/sip/user-agent/call-context.ts";
import type { CallEnd, SipCall } from "../src/call/sip/user-agent/sip-call.ts";
import { UserAgent } from "../src/call/sip/user-agent/user-agent.ts";
import { FrameTicker } from "../src/services/frame-ticker.ts";

const host = "127.0.0.1";
const frameMs = 20;
const frameSamples = 160;
const maxCalls = 5000;

export interface SmallPbxOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly rtpPorts: { readonly from: number; readonly to: number };
  /** One G.711 mu-law frame for each 20 ms, over and over; silence when left out. */
  readonly frames?: readonly Uint8Array[];
}

interface Binding {
  readonly contact: NameAddress;
  readonly flow: SipFlow;
}

export class SmallPbx {
  readonly #options: SmallPbxOptions;
  readonly #agent: UserAgent;
  readonly #ticker: FrameTicker;
  readonly #ports: RtpPortPool;
  readonly #bindings = new Map<string, Binding>();
  readonly #waiting = new Map<string, (binding: Binding) => void>();
  #transport: SipTransport | undefined;

  private constructor(options: SmallPbxOptions) {
    const { clock, log, rtpPorts } = options;
    this.#options = options;
    this.#ticker = new FrameTicker(clock);
    this.#ports = new RtpPortPool(rtpPorts);
    this.#agent = new UserAgent({
      clock,
      log,
      randomBytes,
      serialise: serialiseSip,
      findFlow: (target) => this.#open().flowTo(target),
      lineFor: () => undefined,
      maxCalls,
      onIncoming: () => ({ ended: () => undefined }),
    });
  }

  static async open(options: SmallPbxOptions): Promise<SmallPbx> {
    const pbx = new SmallPbx(options);
    const { clock, log } = options;
    pbx.#transport = await SipTransport.open({
      bind: host,
      clock,
      log,
      random,
      onMessage: (message, flow) => pbx.#received(message, flow),
      onFlowClosed: (flow, errno) => pbx.#agent.flowClosed(flow, errno),
    });
    return pbx;
  }

  /** `127.0.0.1:port`. */
  get address(): string {
    return `${host}:${this.#open().port}`;
  }

  /** Frames of this PBX: how late they were. */
  get pacing(): FrameTicker {
    return this.#ticker;
  }

  /** Resolves when this user has registered. */
  async registered(user: string): Promise<void> {
    if (this.#bindings.has(user)) return;
    await new Promise<Binding>((resolve) => this.#waiting.set(user, resolve));
  }

  /** Resolves when the call is up; rejects when it is refused. */
  async call(user: string): Promise<PbxCall> {
    const binding = this.#bindings.get(user);
    if (binding === undefined) throw new Error(`${user} is not registered`);
    const { clock, frames } = this.#options;
    let call: PbxCall | undefined;
    const rtp = await RtpSession.open({
      hostname: host,
      pool: this.#ports,
      clock,
      random,
      randomBytes,
      handlers: {
        onFrame: ({ arrivalMs }) => call?.onFrame?.(arrivalMs),
        onDigit: () => undefined,
        onRestart: () => undefined,
        onBye: () => undefined,
      },
    });
    call = new PbxCall(rtp, this.#ticker, frames ?? [new Uint8Array(frameSamples).fill(0xff)]);
    const sip = this.#agent.call(lineOf(binding.flow), binding.contact, call.media);
    if (sip === undefined) throw new Error("too many calls");
    await call.connect(sip);
    return call;
  }

  close(): void {
    this.#agent.hangUpAll();
    this.#agent.close();
    this.#transport?.close();
  }

  #received(message: SipMessage, flow: SipFlow): void {
    if (message.kind === "request" && message.method === "REGISTER") this.#register(message, flow);
    else this.#agent.receive(message, flow);
  }

  #register(request: SipRequest, flow: SipFlow): void {
    const contacts = request.contacts === "*" ? [] : request.contacts;
    const [contact] = contacts;
    const user = "user" in request.to.uri ? (request.to.uri.user ?? "") : "";
    if (contact !== undefined) {
      const bare = { ...contact, parameters: new Map<string, string | undefined>() };
      const binding = { contact: bare, flow };
      this.#bindings.set(user, binding);
      this.#waiting.get(user)?.(binding);
      this.#waiting.delete(user);
    }
    const headers = [{ name: "Expires", value: "3600" }];
    const granted = contacts.map((one) => ({
      ...one,
      parameters: new Map(one.parameters).set("expires", "3600"),
    }));
    flow.send(
      serialiseSip(createResponse(request, 200, { contacts: granted, headers, toTag: "pbx" })),
    );
  }

  #open(): SipTransport {
    if (this.#transport === undefined) throw new Error("the PBX is not open");
    return this.#transport;
  }
}

/** One call of the PBX. */
export class PbxCall {
  readonly media: CallMedia;
  /** Told when each packet of sound arrives. */
  onFrame: ((arrivalMs: number) => void) | undefined;
  /** Resolves when the call is over, whoever ended it. */
  readonly ended: Promise<CallEnd>;
  readonly #rtp: RtpSession;
  readonly #ticker: FrameTicker;
  readonly #frames: readonly Uint8Array[];
  readonly #over = Promise.withResolvers<CallEnd>();
  #sip: SipCall | undefined;
  #at = 0;

  constructor(rtp: RtpSession, ticker: FrameTicker, frames: readonly Uint8Array[]) {
    this.#rtp = rtp;
    this.#ticker = ticker;
    this.#frames = frames;
    this.ended = this.#over.promise;
    this.media = new CallMedia({
      settings: {
        codecs: ["PCMU"],
        order: "ours",
        ptimeMs: frameMs,
        comfortNoise: false,
        rtcpMux: false,
        srtp: "off",
        randomBytes,
      },
      address: () => host,
      rtpPort: rtp.rtpPort,
      rtcpPort: rtp.rtcpPort,
      onAgreed: (media) => rtp.configure(media),
    });
  }

  async connect(sip: SipCall): Promise<void> {
    this.#sip = sip;
    const up = Promise.withResolvers<void>();
    const ticking = this.#ticker.add(frameMs, () => this.#send());
    sip.attach({
      established: () => up.resolve(),
      ended: (end) => {
        ticking.cancel();
        this.#rtp.close();
        up.reject(new Error(`the call was refused: ${end.status ?? ""} ${end.reason}`));
        this.#over.resolve(end);
      },
    });
    await sip.start();
    await up.promise;
  }

  statistics(): RtpStatistics {
    return this.#rtp.statistics();
  }

  hangUp(): void {
    this.#sip?.hangUp();
  }

  #send(): void {
    const frame = this.#frames[this.#at % this.#frames.length];
    this.#at += 1;
    if (frame !== undefined) this.#rtp.send(frame, frameSamples);
  }
}

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

function pbxAddress({ local }: SipFlow): NameAddress {
  const uri: SipUri = {
    scheme: "sip",
    user: "pbx",
    password: undefined,
    host: local.address,
    port: local.port,
    parameters: new Map(),
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
