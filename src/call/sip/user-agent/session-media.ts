/** What signalling wants of a call's media (RFC 3264): offers and answers as bodies, nothing about sound. */

export type MediaAnswer =
  | { readonly kind: "answer"; readonly body: Uint8Array }
  /** One line for the log and for the peer's Warning. */
  | { readonly kind: "refused"; readonly reason: string };

export const sdpType = "application/sdp";

export interface SessionMedia {
  /** A description to offer, with what `setHeld` asked for. */
  offer(): Uint8Array;
  /** Takes the peer's offer and puts it into force. */
  answer(offer: Uint8Array): MediaAnswer;
  /** Puts the peer's answer to our last offer into force; one line when that is not possible. */
  accept(answer: Uint8Array): string | undefined;
  /** The peer refused our last offer: all stays as it was. */
  revert(): void;
  /** Whether the next offers send nothing and want nothing but silence. */
  setHeld(isHeld: boolean): void;
}
