/** How the llama service's answers reach the voice: by TCP to kokoro, or back on the inbound socket. */
import type { Clock, Timer } from "../core/clock.ts";
import type { TextBridge } from "../llama-bridge/bridge.ts";
import type { VoicePath } from "../llama-bridge/call/answer-speech.ts";
import type { TextLink, VoicePaths } from "../llama-bridge/call/llama-calls.ts";
import type { CallId } from "../wire/call-id.ts";
import { encodeRegistration } from "../wire/registration.ts";
import { encodeText } from "../wire/text-frames.ts";

export interface KokoroPathsOptions {
  readonly bridge: TextBridge;
  /** To the voice's port for signals. */
  readonly signals: { send(datagram: Uint8Array): void };
  readonly clock: Clock;
}

/** Signals go by UDP and texts by TCP: what is said at once must not overtake the order to be quiet. */
const hushMs = 10;

export class KokoroPaths implements VoicePaths {
  readonly #options: KokoroPathsOptions;

  constructor(options: KokoroPathsOptions) {
    this.#options = options;
  }

  status(): Record<string, unknown> {
    return { ...this.#options.bridge.status() };
  }

  begin(callId: CallId): VoicePath {
    this.#options.bridge.beginCall(callId.text);
    return new KokoroPath(callId, this.#options);
  }

  moved(): void {
    // The connection to the voice does not depend on the one to whisper.
  }

  end(callId: CallId): void {
    this.#options.bridge.endCall(callId.text);
  }
}

interface HeldText {
  readonly text: string;
  readonly written: (number: number) => void;
}

class KokoroPath implements VoicePath {
  readonly #callId: CallId;
  readonly #options: KokoroPathsOptions;
  #held: HeldText[] = [];
  #hushing: Timer | undefined;

  constructor(callId: CallId, options: KokoroPathsOptions) {
    this.#callId = callId;
    this.#options = options;
  }

  say(text: string, written: (number: number) => void): void {
    if (this.#hushing !== undefined) this.#held.push({ text, written });
    else this.#options.bridge.send(this.#callId.text, text, written);
  }

  forget(): void {
    this.#held = [];
    this.#options.bridge.forget(this.#callId.text);
  }

  hush(): void {
    const { signals, clock } = this.#options;
    // Nobody acknowledges a datagram, so each is sent twice.
    for (const kind of ["speech", "speech", "silence", "silence"] as const) {
      signals.send(encodeRegistration(kind, this.#callId));
    }
    this.#hushing?.cancel();
    this.#hushing = clock.after(hushMs, () => {
      this.#hushing = undefined;
      const held = this.#held;
      this.#held = [];
      for (const { text, written } of held) this.say(text, written);
    });
  }
}

/** As the legacy llama does it: answers on the connection that the transcripts came by. */
export class ReturnPaths implements VoicePaths {
  readonly #links = new Map<number, TextLink>();
  readonly #counts = { sent: 0, lost: 0 };

  status(): Record<string, unknown> {
    return { ...this.#counts };
  }

  begin(callId: CallId, link: TextLink | undefined): VoicePath {
    if (link !== undefined) this.#links.set(callId.number, link);
    let count = 0;
    return {
      say: (text, written) => {
        const isTaken = this.#links.get(callId.number)?.write(encodeText(text)) === true;
        this.#counts[isTaken ? "sent" : "lost"] += 1;
        if (!isTaken) return;
        count += 1;
        written(count);
      },
      forget: () => undefined,
      hush: () => undefined,
    };
  }

  moved(callId: CallId, link: TextLink): void {
    this.#links.set(callId.number, link);
  }

  end(callId: CallId): void {
    this.#links.delete(callId.number);
  }
}
