/** Both directions of SRTP in one call, kept through later agreements as long as their keys are. */
import { sameBytes, type SrtpKeys } from "../sdp/negotiated-media.ts";
import { SrtpReceiver } from "./srtp-receiver.ts";
import { SrtpSender } from "./srtp-sender.ts";

export class SrtpPair {
  #keys: SrtpKeys | undefined;
  #sender: SrtpSender | undefined;
  #receiver: SrtpReceiver | undefined;

  /** Undefined while what we send goes in clear. */
  get sender(): SrtpSender | undefined {
    return this.#sender;
  }

  get receiver(): SrtpReceiver | undefined {
    return this.#receiver;
  }

  /** A key that stays keeps its packet counter: begun anew it would encrypt two packets alike. */
  use(keys: SrtpKeys | undefined): void {
    const before = this.#keys;
    this.#keys = keys;
    if (keys === undefined) {
      this.#sender = undefined;
      this.#receiver = undefined;
      return;
    }
    const same = before?.suite === keys.suite ? before : undefined;
    if (same === undefined || !sameBytes(same.localKey, keys.localKey)) {
      this.#sender = new SrtpSender(keys.suite, keys.localKey);
    }
    if (same === undefined || !sameBytes(same.remoteKey, keys.remoteKey)) {
      this.#receiver = new SrtpReceiver(keys.suite, keys.remoteKey);
    }
  }
}
