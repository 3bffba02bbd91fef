/** The option `--transfer NAME=TARGET`: to whom the model may transfer a call, by names of the user's choice. */
import { parseUri } from "../call/sip/message/uri.ts";
import { quote, WildfireError } from "../core/errors.ts";

const maxDestinations = 64;
const maxNameChars = 40;
/** As long as the sip service takes. */
const maxTargetChars = 256;
const numberForm = /^\+?[\d*#]{1,32}$/;
const formHint = "write it like sales=600 or sales=sip:600@192.168.1.10";

/** Name to number or SIP URI, in the order of the list; throws a WildfireError("usage") that quotes the entry. */
export function parseDestinations(list: readonly string[]): Record<string, string> {
  if (list.length > maxDestinations) {
    throw new WildfireError("usage", `--transfer is given ${list.length} times`, {
      hint: `${maxDestinations} destinations are the most`,
    });
  }
  const destinations = new Map<string, string>();
  for (const entry of list) {
    const { name, target } = parseDestination(entry);
    if (destinations.has(name)) {
      throw wrong(entry, "gives a name a second time", "choose another name for one of them");
    }
    destinations.set(name, target);
  }
  return Object.fromEntries(destinations);
}

function parseDestination(entry: string): { readonly name: string; readonly target: string } {
  const equals = entry.indexOf("=");
  if (equals < 0) throw wrong(entry, "is not NAME=TARGET", formHint);
  const name = entry.slice(0, equals).trim();
  const target = entry.slice(equals + 1).trim();
  if (name === "" || name.length > maxNameChars || /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(name)) {
    const what = `has no name of 1 to ${maxNameChars} printable characters before "="`;
    throw wrong(entry, what, formHint);
  }
  if (isTarget(target)) return { name, target };
  throw wrong(entry, 'has no number and no sip: or sips: URI behind "="', formHint);
}

function isTarget(target: string): boolean {
  if (target.length > maxTargetChars) return false;
  if (numberForm.test(target)) return true;
  return /^sips?:/i.test(target) && parseUri(target) !== undefined;
}

function wrong(entry: string, what: string, hint: string): WildfireError {
  return new WildfireError("usage", `--transfer ${quote(entry, 100)} ${what}`, { hint });
}
