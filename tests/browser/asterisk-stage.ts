/** The appliance with a line at a real Asterisk, and callers who say sentences that the demo model hears. */
import { sentenceWith } from "../end-to-end/speech.ts";
import { lines } from "../interop/accounts.ts";
import { Asterisk } from "../interop/asterisk.ts";
import { AsteriskCaller } from "../interop/asterisk-caller.ts";
import type { PeerRoot } from "../interop/peer-packages.ts";
import { loopback, mediaPorts } from "../interop/ports.ts";
import { storeRecording } from "../interop/sounds.ts";
import { Appliance } from "./appliance.ts";

/** What callers say; recordings that were not made for these tests. */
export const forMichael = "I'd like to speak with Michael please.";
export const digits = "Two four six.";

export const greeting = "Good morning. How can I help you?";

export class AsteriskStage implements AsyncDisposable {
  readonly account = lines.muLaw;
  readonly #held = new AsyncDisposableStack();
  readonly #spoken = new Map<string, string>();
  /** A test that fails leaves its caller here. */
  readonly #callers = new Set<AsteriskCaller>();
  #pbx: Asterisk | undefined;
  #appliance: Appliance | undefined;

  /** `sections`: besides the line and the greeting. */
  static async open(
    root: PeerRoot,
    sections: Readonly<Record<string, readonly string[]>> = {},
  ): Promise<AsteriskStage> {
    const stage = new AsteriskStage();
    try {
      await stage.#open(root, sections);
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  get appliance(): Appliance {
    if (this.#appliance === undefined) throw new Error("the stage is not open");
    return this.#appliance;
  }

  get pbx(): Asterisk {
    if (this.#pbx === undefined) throw new Error("the stage is not open");
    return this.#pbx;
  }

  async call(): Promise<AsteriskCaller> {
    const department = this.#spoken.get(digits) ?? "";
    const caller = await AsteriskCaller.dial(this.pbx, { number: this.account.user, department });
    this.#callers.add(caller);
    return caller;
  }

  async say(caller: AsteriskCaller, text: string): Promise<void> {
    await caller.say(this.#spoken.get(text) ?? "");
  }

  /** At once, into the greeting. */
  async callAndSay(text: string): Promise<AsteriskCaller> {
    const caller = await this.call();
    await this.say(caller, text);
    return caller;
  }

  async hangUp(caller: AsteriskCaller): Promise<void> {
    this.#callers.delete(caller);
    await caller.hangUp();
  }

  async hangUpAll(): Promise<void> {
    for (const caller of this.#callers) await this.hangUp(caller);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held.disposeAsync();
  }

  async #open(
    root: PeerRoot,
    sections: Readonly<Record<string, readonly string[]>>,
  ): Promise<void> {
    const { account } = this;
    const pbx = this.#held.use(await Asterisk.start(root));
    this.#pbx = pbx;
    for (const text of [forMichael, digits]) {
      const name = `page-${this.#spoken.size}`;
      this.#spoken.set(text, storeRecording(pbx, name, sentenceWith(text)).name);
    }
    const { from, to } = mediaPorts.wildfire;
    this.#appliance = this.#held.use(
      await Appliance.start({
        sections: {
          ...sections,
          sip: [
            `line = ["${account.user}@${pbx.address};transport=udp"]`,
            `sip-bind = "${loopback}"`,
            `rtp-ports = "${from}-${to}"`,
          ],
          llama: [`greeting = "${greeting}"`],
        },
        secrets: `[line]\n"${account.user}" = "${account.password}"\n`,
      }),
    );
  }
}
