/** Which characters the grammar of SIP allows where (RFC 3261 section 25.1), as tables over ASCII. */

/** 1 for each member, indexed by character code; codes of 128 and above are in no set. */
export type CharacterSet = Uint8Array;

function characterSet(...parts: readonly string[]): CharacterSet {
  const set = new Uint8Array(128);
  for (const character of parts.join("")) set[character.charCodeAt(0)] = 1;
  return set;
}

const digitCharacters = "0123456789";
const lowerCase = "abcdefghijklmnopqrstuvwxyz";
const alphanumerics = `${lowerCase}${lowerCase.toUpperCase()}${digitCharacters}`;
const unreserved = `${alphanumerics}-_.!~*'()`;

export const digits = characterSet(digitCharacters);

export const tokenCharacters = characterSet(alphanumerics, "-.!%*_+`'~");

/** Names and IPv4 addresses; the underscore is no part of the grammar but of many host names. */
export const hostCharacters = characterSet(alphanumerics, "-._");

/** What stays unescaped in the user of a URI. */
export const userCharacters = characterSet(unreserved, "&=+$,;?/");

/** What stays unescaped in the password of a URI. */
export const passwordCharacters = characterSet(unreserved, "&=+$,");

/** What stays unescaped in names and values of URI parameters. */
export const uriParameterCharacters = characterSet(unreserved, "[]/:&+$");

/** What a header parameter may hold without quotes when we write it: a token or an address. */
export const plainValueCharacters = characterSet(alphanumerics, "-.!%*_+`'~[]:");

/** What a header parameter may hold without quotes when we read it. */
export const tolerantValueCharacters = visibleExcept(';,"<>');

/** Visible ASCII. */
export const visibleCharacters = visibleExcept("");

function visibleExcept(excluded: string): CharacterSet {
  const set = new Uint8Array(128).fill(1, 0x21, 0x7f);
  for (const character of excluded) set[character.charCodeAt(0)] = 0;
  return set;
}

/** True when there is at least one character and each is in the set. */
export function consistsOf(text: string, set: CharacterSet): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (set[text.charCodeAt(at)] !== 1) return false;
  }
  return text.length > 0;
}
