/** What is done with bytes that came, on whichever transport, before the layers above see a message. */
import type { Clock } from "../../../core/clock.ts";
import { describeError } from "../../../core/errors.ts";
import type { Logger } from "../../../core/log.ts";
import { RepeatedLog } from "../../../core/repeated-log.ts";
import { type ParsedSip, parseSipMessage } from "../message/parse-sip-message.ts";
import { serialiseSip } from "../message/serialise-sip.ts";
import type { SipMessage, Via } from "../message/sip-message.ts";
import { formatEndpoint } from "./address-text.ts";
import type { SipEndpoint, SipFlow } from "./sip-flow.ts";
import { TokenBucket } from "./token-bucket.ts";
import { stampVia } from "./via-stamp.ts";

export interface MessageIntakeOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onMessage: (message: SipMessage, flow: SipFlow) => void;
}

export interface Arrival {
  readonly source: SipEndpoint;
  /** The flow for answers to a request with this topmost Via; without one the flow that it came on. */
  readonly flowFor: (top?: Via) => SipFlow;
}

export interface IntakeStatus {
  readonly requests: number;
  readonly responses: number;
  readonly keepAlives: number;
  readonly refused: number;
  readonly refusalsAnswered: number;
  /** Messages that a layer above threw an error at: each one is a mistake of ours. */
  readonly failed: number;
}

/** A broken peer is told so, a flood is not answered by one of ours. */
const refusalsPerSecond = 10;
const refusalBurst = 20;

export class MessageIntake {
  readonly #options: MessageIntakeOptions;
  readonly #repeated: RepeatedLog;
  readonly #answers: TokenBucket;
  readonly #counts = {
    requests: 0,
    responses: 0,
    keepAlives: 0,
    refused: 0,
    refusalsAnswered: 0,
    failed: 0,
  };

  constructor(options: MessageIntakeOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.#repeated = new RepeatedLog(log, clock);
    this.#answers = new TokenBucket({ clock, perSecond: refusalsPerSecond, burst: refusalBurst });
  }

  /** Never throws: what goes wrong with one message must not end the calls of others. */
  receive(bytes: Uint8Array, arrival: Arrival): void {
    try {
      this.#receive(bytes, arrival);
    } catch (error) {
      this.#counts.failed += 1;
      this.#options.log.error("a SIP message could not be handled", {
        from: formatEndpoint(arrival.source),
        private: { reason: describeError(error) },
      });
    }
  }

  /** A stream in which nobody can tell any more where messages begin. */
  violated(reason: string, source: SipEndpoint): void {
    this.#counts.refused += 1;
    this.#repeated.say("warn", "SIP connection closed: its messages cannot be told apart", () => ({
      from: formatEndpoint(source),
      private: { problem: reason },
    }));
  }

  status(): IntakeStatus {
    return { ...this.#counts };
  }

  close(): void {
    this.#repeated.close();
  }

  #receive(bytes: Uint8Array, arrival: Arrival): void {
    const parsed = parseSipMessage(bytes);
    switch (parsed.kind) {
      case "keep-alive":
        this.#counts.keepAlives += 1;
        return;
      case "refused":
        this.#refuse(parsed, arrival);
        return;
      case "message":
        this.#handUp(parsed.message, arrival);
    }
  }

  #handUp(message: SipMessage, { source, flowFor }: Arrival): void {
    const { onMessage } = this.#options;
    if (message.kind === "response") {
      this.#counts.responses += 1;
      onMessage(message, flowFor());
      return;
    }
    this.#counts.requests += 1;
    onMessage(stampVia(message, source), flowFor(message.via[0]));
  }

  #refuse(refused: ParsedSip & { readonly kind: "refused" }, arrival: Arrival): void {
    this.#counts.refused += 1;
    const { source, flowFor } = arrival;
    this.#repeated.say("warn", "SIP message refused", () => ({
      from: formatEndpoint(source),
      status: refused.response?.status,
      private: { problem: refused.problem },
    }));
    const { response } = refused;
    if (response === undefined || !this.#answers.take()) return;
    this.#counts.refusalsAnswered += 1;
    flowFor(response.via[0]).send(serialiseSip(stampVia(response, source)));
  }
}
