/** What may not stand in a header, so that no value can end its line or start another one. */
import { WildfireError, quote } from "../../../core/errors.ts";
import { consistsOf, tokenCharacters, type CharacterSet } from "./character-sets.ts";

/** Control characters but tab; a quoted pair may hold any but CR and LF. */
const unsafe = /[\r\n]|(?<!\\)(?!\t)\p{Cc}/u;

export function isSafeText(text: string): boolean {
  return !unsafe.test(text);
}

/** The text itself; throws when it could break out of its line, which is a mistake of the caller. */
export function safeText(text: string, what: string): string {
  if (isSafeText(text)) return text;
  throw new WildfireError("state", `${what} ${quote(text)} holds control characters`, {
    hint: "remove line ends before it goes into a SIP message",
  });
}

/** The text itself; throws when it is empty or has characters outside the set. */
export function checkedText(text: string, what: string, set: CharacterSet): string {
  if (consistsOf(text, set)) return text;
  throw new WildfireError("state", `${what} ${quote(text)} is not allowed in a SIP message`);
}

export function checkedToken(text: string, what: string): string {
  return checkedText(text, what, tokenCharacters);
}
