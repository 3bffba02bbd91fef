/** Operating-system error names and numbers: administrators search for both. */
import { constants } from "node:os";

const numbers: Readonly<Record<string, number>> = constants.errno;

/** `ECONNREFUSED (errno 111)`; an unknown name is returned as it is. */
export function formatErrno(name: string): string {
  const number = numbers[name];
  return number === undefined ? name : `${name} (errno ${number})`;
}

/** The name for an errno number, such as 111 -> ECONNREFUSED. */
export function errnoName(number: number): string {
  for (const [name, value] of Object.entries(numbers)) {
    if (value === number) return name;
  }
  return `errno ${number}`;
}

/** The errno name that a thrown system error carries, or its message where it carries none. */
export function errnoOf(error: unknown): string {
  if (error instanceof Error) {
    const code: unknown = "code" in error ? error.code : undefined;
    return typeof code === "string" ? code : error.message;
  }
  return String(error);
}

/** Bun puts the errno name into `code` or only its number into `errno`, depending on the call. */
export function listenErrno(error: unknown): string {
  const named = errnoOf(error);
  if (/^E[A-Z0-9]+$/.test(named)) return named;
  const number: unknown = error instanceof Error && "errno" in error ? error.errno : undefined;
  return typeof number === "number" ? errnoName(Math.abs(number)) : named;
}

/** What an administrator can do about a socket that does not open. */
export function hintForListenError(errno: string): string {
  if (errno === "EADDRINUSE") return "another program has it: stop that one or choose another port";
  if (errno === "EACCES") return "choose a port above 1023 or run as a user that may bind it";
  if (errno === "EADDRNOTAVAIL") return "this machine has no such address: check --bind";
  return "check the address and the port";
}
