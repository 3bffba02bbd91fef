/** Where the password of a line comes from: the environment or a file, never the command line. */
import { type SipLine, lineName, parseLine } from "./sip-line.ts";

export type PasswordResult =
  | {
      readonly ok: true;
      readonly password: string;
      /** The place, for people: `WILDFIRE_LINE_100_PASSWORD`. */
      readonly source: string;
    }
  | { readonly ok: false; readonly problem: string };

const commonVariable = "WILDFIRE_LINE_PASSWORD";

/**
 * The own variable of the line first, then the one for all lines, then the file: the password alone
 * on its only line, or `USER=password` on one line each, among which "#" begins a remark.
 */
export function passwordFor(
  line: SipLine,
  env: Readonly<Record<string, string | undefined>>,
  fileText?: string,
): PasswordResult {
  const ownVariable = passwordVariable(line.user);
  for (const name of [ownVariable, commonVariable]) {
    const password = env[name];
    if (password !== undefined && password !== "") return { ok: true, password, source: name };
  }
  const inFile = fileText === undefined ? undefined : passwordInFile(line.user, fileText);
  if (inFile !== undefined) return { ok: true, password: inFile, source: "the password file" };
  const lookedIn = fileText === undefined ? "" : ` and the password file has no ${line.user}=…`;
  const what = `no password for line ${lineName(line)}`;
  const where = `set ${ownVariable}, ${commonVariable} or --password-file`;
  return { ok: false, problem: `${what}${lookedIn}; ${where}` };
}

/** `WILDFIRE_LINE_<USER>_PASSWORD`: the user in upper case, all but letters and digits as "_". */
export function passwordVariable(user: string): string {
  return `WILDFIRE_LINE_${user.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}_PASSWORD`;
}

/** Names under which a password of this line alone may be kept; the first one that has a password wins. */
export function ownPasswordNames(text: string): readonly string[] {
  const parsed = parseLine(text);
  if (!parsed.ok) return [text];
  const { line } = parsed;
  return [...new Set([text, lineName(line), `${line.user}@${line.host}`])];
}

/** The same, and behind them the bare user, whose password may be that of other lines too. */
export function linePasswordNames(text: string): readonly string[] {
  const parsed = parseLine(text);
  return parsed.ok ? [...ownPasswordNames(text), parsed.line.user] : [text];
}

function passwordInFile(user: string, text: string): string | undefined {
  const rows = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((row) => row !== "");
  const own = rows.find((row) => row.startsWith(`${user}=`));
  const password = own === undefined ? onlyRow(rows) : own.slice(user.length + 1);
  return password === "" ? undefined : password;
}

function onlyRow(rows: readonly string[]): string | undefined {
  return rows.length === 1 ? rows[0] : undefined;
}
