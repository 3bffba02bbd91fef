/** Keeps the certificate of the page fresh: renews the one of its own, reads others again when they change. */
import { stat } from "node:fs/promises";
import type { Clock, Timer } from "../../core/clock.ts";
import { describeError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { CertificateFacts } from "./certificate-facts.ts";
import type { UsableCertificate } from "./generated-certificate.ts";
import type { CertificatePair } from "./self-signed.ts";

/** Where certificates come from. */
export interface CertificateSource {
  readonly kind: "files" | "generated";
  /** Files whose change means that there may be another certificate. */
  readonly files: readonly string[];
  /** Rejects with a WildfireError when there is none that can be used. */
  load(): Promise<UsableCertificate>;
}

export interface CertificateKeeperOptions {
  readonly source: CertificateSource;
  readonly first: UsableCertificate;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface CertificateView extends CertificateFacts {
  readonly kind: CertificateSource["kind"];
  /** Why the newest one is not used; undefined when it is. */
  readonly problem: string | undefined;
}

const lookEveryMs = 60_000;
/** For an end that comes near, and for other addresses of this host. */
const renewEveryMs = 3600_000;
const dayMs = 24 * 3600 * 1000;
const warnBeforeMs = 14 * dayMs;

export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  readonly #timers: readonly Timer[];
  #current: UsableCertificate;
  /** Empty: look again, whatever the files are. */
  #stamps = "";
  #problem: string | undefined;
  /** False: the page could not be opened with the last one that was handed on. */
  #isTaken = true;
  #use: (pair: CertificatePair) => void = () => undefined;
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: CertificateKeeperOptions) {
    const { clock, first } = options;
    this.#options = options;
    this.#current = first;
    this.#timers = [
      clock.every(lookEveryMs, () => this.#next(() => this.#look())),
      clock.every(renewEveryMs, () => this.#next(() => this.#renew())),
    ];
  }

  get pair(): CertificatePair {
    return this.#current.pair;
  }

  view(): CertificateView {
    const { kind } = this.#options.source;
    return { kind, ...this.#current.facts, problem: this.#problem };
  }

  /** Who is told of a new one. */
  onChange(use: (pair: CertificatePair) => void): void {
    this.#use = use;
  }

  /** What is under way is done. */
  async settled(): Promise<void> {
    await this.#work;
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
  }

  /** One after the other. */
  #next(step: () => Promise<void>): void {
    this.#work = this.#work.then(step);
  }

  async #look(): Promise<void> {
    const stamps = await stampsOf(this.#options.source.files);
    if (stamps === this.#stamps) return;
    this.#stamps = stamps;
    await this.#load();
  }

  async #renew(): Promise<void> {
    const { source, clock, log } = this.#options;
    if (source.kind === "generated") return await this.#load();
    const leftMs = this.#current.facts.notAfterMs - clock.wallMs();
    if (leftMs > warnBeforeMs) return;
    log.warn("the certificate of the page ends soon", { days: Math.floor(leftMs / dayMs) });
  }

  async #load(): Promise<void> {
    try {
      const loaded = await this.#options.source.load();
      if (this.#isClosed) return;
      this.#take(loaded);
      this.#problem = undefined;
    } catch (error) {
      this.#complain(describeError(error));
    }
  }

  #take(loaded: UsableCertificate): void {
    const { source, log } = this.#options;
    const { fingerprint } = loaded.facts;
    if (this.#isTaken && fingerprint === this.#current.facts.fingerprint) return;
    this.#isTaken = false;
    this.#use(loaded.pair);
    this.#isTaken = true;
    this.#current = loaded;
    log.info("the page has another certificate now", { fingerprint, from: source.kind });
  }

  #complain(reason: string): void {
    // What is wrong may be elsewhere than in the files: an address of this host that is away for a while.
    this.#stamps = "";
    if (reason === this.#problem) return;
    this.#problem = reason;
    const what = this.#isTaken
      ? "the new certificate of the page cannot be used; the old one stays"
      : "the page could not be opened with its new certificate";
    this.#options.log.error(what, { reason, advice: "it is tried again every minute" });
  }
}

/** Of links, too: certificates are often exchanged by pointing a link elsewhere. */
async function stampsOf(files: readonly string[]): Promise<string> {
  const stamps = files.map(async (path) => {
    const facts = await stat(path).catch(() => undefined);
    return facts === undefined ? "none" : `${facts.ino} ${facts.size} ${facts.mtimeMs}`;
  });
  return (await Promise.all(stamps)).join("; ");
}
