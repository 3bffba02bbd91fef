/** All lines and calls of the sip service: transport, user agent and sound, joined in one place. */
import type { Clock } from "../core/clock.ts";
import { WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { SocketControl } from "../core/socket-control.ts";
import type { AnyUri, NameAddress, SipMessage } from "../call/sip/message/sip-message.ts";
import { serialiseSip } from "../call/sip/message/serialise-sip.ts";
import type { SipLine } from "../call/sip/registration/sip-line.ts";
import type { SipFlow } from "../call/sip/transport/sip-flow.ts";
import { SipTransport, type TlsSettings } from "../call/sip/transport/sip-transport.ts";
import type { LineIdentity } from "../call/sip/user-agent/call-context.ts";
import type { SipCall, SipCallEvents } from "../call/sip/user-agent/sip-call.ts";
import { UserAgent } from "../call/sip/user-agent/user-agent.ts";
import type { CallId } from "../wire/call-id.ts";
import type { EventStream } from "./event-stream.ts";
import { PhoneCall, type PhoneCallOptions } from "./phone-call.ts";
import type { PhoneEvent } from "./phone-events.ts";
import { PhoneLine } from "./phone-line.ts";
import type { PhoneSoundShared } from "./phone-sound.ts";

export interface LineAccount {
  readonly line: SipLine;
  readonly password: string;
}

export interface TelephoneOptions {
  readonly accounts: readonly LineAccount[];
  readonly sound: PhoneSoundShared;
  readonly bind: string | undefined;
  /** For UDP and TCP; 0 lets the system choose. */
  readonly port: number;
  readonly advertise: string | undefined;
  readonly tls: TlsSettings;
  /** Asked for each new call: it may change. */
  readonly maxCalls: () => number;
  readonly product: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly control: SocketControl | undefined;
  readonly events: EventStream<PhoneEvent>;
}

/** What one asks for when making a call. */
export interface Dialling {
  /** A number or name at the line's PBX. */
  readonly number: string;
  /** USER or USER@HOST of the line; the first registered one when undefined. */
  readonly line: string | undefined;
}

/** BYEs are answered by then, unless the peer is gone. */
const partingLimitMs = 2000;

export class Telephone {
  readonly #options: TelephoneOptions;
  readonly #agent: UserAgent;
  readonly #calls = new Map<string, PhoneCall>();
  readonly #counts = { calls: 0, answered: 0, failedToStart: 0 };
  #transport: SipTransport | undefined;
  #lines: readonly PhoneLine[] = [];
  #keys = 0;
  #isDraining = false;
  #isStopping = false;

  private constructor(options: TelephoneOptions) {
    this.#options = options;
    const { clock, log, sound, maxCalls, product } = options;
    this.#agent = new UserAgent({
      clock,
      log,
      randomBytes: sound.randomBytes,
      serialise: serialiseSip,
      findFlow: (target) => this.#open().flowTo(target),
      lineFor: (uri, flow) => this.#lineFor(uri, flow),
      maxCalls,
      product,
      onIncoming: (call) => this.#incoming(call),
    });
  }

  /** Registers all lines; throws a WildfireError when the SIP port cannot be opened. */
  static async open(options: TelephoneOptions): Promise<Telephone> {
    const telephone = new Telephone(options);
    await telephone.#start();
    return telephone;
  }

  get port(): number {
    return this.#open().port;
  }

  /** The key of the new call; rejects with a WildfireError in one line. */
  async dial({ number, line: wanted }: Dialling): Promise<string> {
    this.#requireOpen();
    const line = this.#lineCalled(wanted);
    const uri = line.uriFor(number);
    const to: NameAddress = { displayName: undefined, uri, parameters: new Map() };
    const flow = await line.flow();
    const call = this.#newCall();
    try {
      await call.dial(flow, (sound) => {
        // It may have been told so while flow and sound were opened.
        this.#requireOpen();
        const sip = this.#agent.call(line, to, sound.media);
        if (sip !== undefined) return sip;
        throw new WildfireError("state", "all lines are busy", { hint: "raise --max-calls" });
      });
    } catch (error) {
      // A call that was never made has no end that could take it from the list.
      this.#calls.delete(call.key);
      this.#counts.failedToStart += 1;
      throw error;
    }
    return call.key;
  }

  /** Undefined for a call that is over, or never was. */
  call(key: string): PhoneCall | undefined {
    return this.#calls.get(key);
  }

  /** The call that whisper has under this id, from the moment on at which whisper can know it. */
  callWithId(callId: CallId): PhoneCall | undefined {
    return [...this.#calls.values()].find((call) => call.callId === String(callId.number));
  }

  /** What people dial, as a URI on the line of a call. */
  uriOn(call: PhoneCall, number: string): AnyUri | undefined {
    return this.#lines.find(({ label }) => label === call.sip?.lineLabel)?.uriFor(number);
  }

  /**
   * No new calls, or calls again; those that are up go on, and so does all that they say to their PBX. The
   * lines are taken back at once, since a PBX that does not know them sends the next caller elsewhere
   * without asking here first; what comes all the same gets 480, as `#incoming` says.
   */
  setDraining(isDraining: boolean): { readonly isDraining: boolean; readonly calls: number } {
    const calls = this.#calls.size;
    if (isDraining === this.#isDraining || this.#isStopping) return { isDraining, calls };
    this.#isDraining = isDraining;
    const { log, events } = this.#options;
    log.info(isDraining ? "draining: no new calls are taken" : "calls are taken again", { calls });
    for (const line of this.#lines) {
      if (isDraining) void line.suspend();
      else void line.resume();
    }
    events.publish({ about: "service", isDraining, calls });
    return { isDraining, calls };
  }

  status(): Record<string, unknown> {
    return {
      state: this.#isDraining ? "draining" : "ready",
      lines: this.#lines.map((line) => line.status()),
      ...this.#counts,
      agent: this.#agent.status(),
      transport: this.#transport?.status(),
      ticker: this.#options.sound.ticker.status(),
      sound: this.#options.sound.pool.status(),
      rtpPortsFree: this.#options.sound.ports.free,
      current: [...this.#calls.values()].map((call) => call.status()),
    };
  }

  /** Hangs up, takes registrations back, and frees everything; bounded in time. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#agent.hangUpAll();
    const parted = Promise.withResolvers<void>();
    const limit = this.#options.clock.after(partingLimitMs, () => parted.resolve());
    await Promise.race([this.#agent.whenIdle(), parted.promise]);
    limit.cancel();
    await Promise.all(this.#lines.map((line) => line.stop()));
    this.#agent.close();
    this.#transport?.close();
  }

  async #start(): Promise<void> {
    const { bind, port, advertise, tls, clock, log, control, sound } = this.#options;
    this.#transport = await SipTransport.open({
      bind,
      port,
      advertise,
      tls,
      clock,
      log,
      random: sound.random,
      control,
      onMessage: (message, flow) => this.#received(message, flow),
      onFlowClosed: (flow, errno) => this.#flowClosed(flow, errno),
      onLocalChanged: () => this.#moved(),
    });
    this.#lines = this.#options.accounts.map((account) => this.#newLine(account));
    for (const line of this.#lines) line.start();
  }

  #newLine({ line, password }: LineAccount): PhoneLine {
    const { advertise, product, clock, log, sound, events } = this.#options;
    return new PhoneLine({
      line,
      password,
      transport: this.#open(),
      layer: this.#agent.layer,
      learnsAddress: advertise === undefined,
      product,
      clock,
      log,
      random: sound.random,
      randomBytes: sound.randomBytes,
      onChange: (status) => events.publish({ about: "line", status }),
    });
  }

  #received(message: SipMessage, flow: SipFlow): void {
    this.#agent.receive(message, flow);
  }

  #flowClosed(flow: SipFlow, errno: string): void {
    this.#agent.flowClosed(flow, errno);
    for (const line of this.#lines) line.flowLost(flow);
  }

  /** This host has another address: the PBX must learn where lines and calls are now. */
  #moved(): void {
    for (const line of this.#lines) line.networkChanged();
    this.#agent.offerAllAgain();
  }

  #incoming(sip: SipCall): SipCallEvents {
    if (this.#isStopping || this.#isDraining) {
      // It came while the PBX is being told that we leave. 480 says this of the user alone, and the PBX goes
      // on at once with whom it would ask next (RFC 3261 section 21.4.18); 503 would say it of the whole
      // host, which then gets nothing for a while, also when it is back, and also of calls that are up.
      sip.reject(480);
      return { ended: () => undefined };
    }
    this.#counts.answered += 1;
    return this.#newCall().answer(sip);
  }

  #requireOpen(): void {
    if (this.#isStopping) throw new WildfireError("state", "the sip service is stopping");
    if (!this.#isDraining) return;
    throw new WildfireError("state", "the sip service is draining: it makes no new calls", {
      hint: "it ends when the calls that are up have ended; see `wildfire status sip`",
    });
  }

  #newCall(): PhoneCall {
    this.#keys += 1;
    this.#counts.calls += 1;
    const { clock, log, sound, events } = this.#options;
    const options: PhoneCallOptions = {
      shared: sound,
      clock,
      log,
      onEvent: (name, event) => events.publish({ about: "call", call: name, event }),
      onEnded: (ended) => this.#calls.delete(ended.key),
    };
    const call = new PhoneCall(String(this.#keys), options);
    this.#calls.set(call.key, call);
    return call;
  }

  /**
   * Who is named, at the PBX that asks; else whoever is named; else the line of that PBX, since trunks
   * send the number that was dialled.
   */
  #lineFor(uri: AnyUri, flow: SipFlow): LineIdentity | undefined {
    const user = "user" in uri ? uri.user : undefined;
    const named = this.#lines.filter((line) => line.user === user);
    const line = named.find((one) => one.isAt(flow)) ?? named[0];
    if (line !== undefined) return line;
    const own = this.#lines.find((one) => one.isAt(flow));
    if (own !== undefined) {
      this.#options.log.debug(
        "a request for another number is taken: it comes from the line's PBX",
        {
          line: own.label,
          private: { user },
        },
      );
    }
    return own;
  }

  #lineCalled(wanted: string | undefined): PhoneLine {
    const registered = this.#lines.filter((line) => line.status().isRegistered);
    const line =
      wanted === undefined
        ? registered[0]
        : this.#lines.find(({ label, user }) => label === wanted || user === wanted);
    if (line !== undefined) return line;
    const names = this.#lines.map(({ label }) => label).join(", ");
    throw new WildfireError(
      "state",
      wanted === undefined ? "no line is registered" : `no line ${wanted}`,
      {
        hint: `the lines are ${names}; see \`wildfire status sip\``,
      },
    );
  }

  #open(): SipTransport {
    if (this.#transport !== undefined) return this.#transport;
    throw new WildfireError("state", "the SIP transport is not open");
  }
}
