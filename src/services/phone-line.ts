/** One extension: its registration, its credentials, and who it is to its calls. */
import type { Clock } from "../core/clock.ts";
import { quote, WildfireError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { DigestSession } from "../call/sip/digest/digest-session.ts";
import type { AnyUri, NameAddress, SipUri } from "../call/sip/message/sip-message.ts";
import { parseUri } from "../call/sip/message/uri.ts";
import type { RegisterSending, RequestSender } from "../call/sip/registration/register-exchange.ts";
import { lineTarget, nextHop } from "../call/sip/registration/registrar-target.ts";
import { Registration } from "../call/sip/registration/registration.ts";
import type { RegistrationStatus } from "../call/sip/registration/registration-status.ts";
import { lineName, type SipLine } from "../call/sip/registration/sip-line.ts";
import type { SipFlow } from "../call/sip/transport/sip-flow.ts";
import type { FlowLease, SipTransport } from "../call/sip/transport/sip-transport.ts";
import { allowHeader, type LineIdentity } from "../call/sip/user-agent/call-context.ts";
import type { TransactionLayer } from "../call/sip/transaction/transaction-layer.ts";

export interface PhoneLineOptions {
  readonly line: SipLine;
  readonly password: string;
  readonly transport: SipTransport;
  readonly layer: TransactionLayer;
  /** Whether Contact takes the address at which the PBX sees us. */
  readonly learnsAddress: boolean;
  /** For User-Agent: `Wildfire/1.2.3`. */
  readonly product: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly onChange: (status: RegistrationStatus) => void;
}

export class PhoneLine implements LineIdentity {
  readonly label: string;
  readonly user: string;
  readonly address: NameAddress;
  readonly credentials: DigestSession;
  readonly #options: PhoneLineOptions;
  #registration: Registration;
  /** Of the registration before this one: a goodbye that comes late would undo the next one. */
  #parting: Promise<void> = Promise.resolve();
  #isSuspended = false;
  #isStopped = false;
  /** Keeps the way to the PBX open between requests. */
  #lease: FlowLease | undefined;
  #leasedFlow: SipFlow | undefined;

  constructor(options: PhoneLineOptions) {
    const { line, password, randomBytes } = options;
    this.#options = options;
    this.label = lineName(line);
    this.user = line.user;
    this.address = addressOfRecord(line);
    this.credentials = new DigestSession({ user: line.authUser, password, randomBytes });
    this.#registration = this.#newRegistration();
  }

  /** The way that the last registration took, or would take. */
  async flow(): Promise<SipFlow> {
    const leased = this.#leasedFlow;
    if (leased?.isOpen === true) return leased;
    return await this.#options.transport.flowTo(nextHop(lineTarget(this.#options.line)));
  }

  /** Whether the flow leads to the PBX at which the line is registered. */
  isAt(flow: SipFlow): boolean {
    return this.#leasedFlow?.remote.address === flow.remote.address;
  }

  contactFor(flow: SipFlow): NameAddress {
    return this.#registration.contactOn(flow);
  }

  /**
   * A URI for what people dial: a number or name at the line's PBX, or a whole SIP URI. Throws a
   * WildfireError("usage") for a URI that is none.
   */
  uriFor(dialled: string): AnyUri {
    if (/^sips?:/i.test(dialled)) return readUri(dialled);
    const { host, port } = this.#options.line;
    return { ...emptyUri, user: plainNumber(dialled), host, port };
  }

  start(): void {
    this.#registration.start();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#registration.stop();
    this.#release();
  }

  /** Takes the registration back; the way to the PBX stays open for calls that are up. */
  async suspend(): Promise<void> {
    if (this.#isSuspended || this.#isStopped) return;
    this.#isSuspended = true;
    this.#parting = this.#registration.stop();
    await this.#parting;
  }

  /** Registers again after `suspend`. */
  async resume(): Promise<void> {
    this.#isSuspended = false;
    await this.#parting;
    if (this.#isSuspended || this.#isStopped || this.status().state !== "stopped") return;
    this.#registration = this.#newRegistration();
    this.#registration.start();
  }

  networkChanged(): void {
    this.#registration.networkChanged();
  }

  flowLost(flow: SipFlow): void {
    if (flow === this.#leasedFlow) this.#release();
    this.#registration.flowLost(flow);
  }

  status(): RegistrationStatus {
    return this.#registration.status();
  }

  #newRegistration(): Registration {
    const { line, product, learnsAddress, clock, log, random, randomBytes, onChange } =
      this.#options;
    return new Registration({
      line,
      digest: this.credentials,
      sender: this.#sender(),
      contactFor: (flow) => contactOn(flow, line.user),
      learnsAddress,
      headers: [allowHeader, { name: "User-Agent", value: product }],
      clock,
      log: log.child({ line: this.label }),
      random,
      randomBytes,
      onChange,
    });
  }

  #sender(): RequestSender {
    const { transport, layer } = this.#options;
    return {
      send: async ({ hop, makeRequest, handlers }: RegisterSending) => {
        const flow = await transport.flowTo(hop);
        const request = makeRequest(flow);
        this.#hold(flow);
        return layer.request(request, flow, handlers);
      },
      unanswered: (flow) => {
        if (flow === this.#leasedFlow) this.#release();
        transport.giveUp(flow);
      },
    };
  }

  #hold(flow: SipFlow): void {
    if (flow === this.#leasedFlow) return;
    this.#release();
    this.#lease = this.#options.transport.keep(flow);
    this.#leasedFlow = flow;
  }

  #release(): void {
    this.#lease?.release();
    this.#lease = undefined;
    this.#leasedFlow = undefined;
  }
}

const emptyUri: Omit<SipUri, "host"> = {
  scheme: "sip",
  user: undefined,
  password: undefined,
  port: undefined,
  parameters: new Map(),
  headers: undefined,
};

function readUri(text: string): AnyUri {
  const uri = parseUri(text);
  if (uri !== undefined) return uri;
  throw new WildfireError("usage", `${quote(text, 100)} is no SIP URI`, {
    hint: "dial a number, or a URI such as sip:600@192.168.1.10",
  });
}

/** Numbers are written for people with separators that no PBX knows (RFC 3966 section 5.1.1). */
function plainNumber(dialled: string): string {
  const number = dialled.replace(/^tel:/i, "").trim();
  return /^\+?[\d\s().-]+$/.test(number) ? number.replaceAll(/[\s().-]/g, "") : number;
}

/** The address of record has no port: it is the name of a user, not of a machine. */
function addressOfRecord({ user, host }: SipLine): NameAddress {
  return { displayName: undefined, uri: { ...emptyUri, user, host }, parameters: new Map() };
}

function contactOn({ transport, local }: SipFlow, user: string): NameAddress {
  const named: [string, string][] = transport === "udp" ? [] : [["transport", transport]];
  const uri: SipUri = {
    ...emptyUri,
    user,
    host: local.address,
    port: local.port,
    parameters: new Map(named),
  };
  return { displayName: undefined, uri, parameters: new Map() };
}
