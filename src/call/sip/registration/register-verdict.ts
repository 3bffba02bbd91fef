/** What a final response to REGISTER means for what is done next (RFC 3261 section 10.2): pure. */
import { quote } from "../../../core/errors.ts";
import { headerValue, type SipResponse } from "../message/sip-message.ts";
import { readSeconds } from "./bindings.ts";

export type RegisterVerdict =
  | { readonly kind: "granted" }
  | { readonly kind: "challenged" }
  | { readonly kind: "too-brief"; readonly minSeconds: number }
  | { readonly kind: "redirected" }
  | {
      readonly kind: "trouble";
      readonly problem: string;
      readonly retryAfterMs: number | undefined;
    }
  | {
      readonly kind: "refused";
      readonly problem: string;
      readonly retryAfterMs: number | undefined;
    };

/** What to check, by the status of a refusal. */
const advice: Readonly<Record<number, string>> = {
  403: "check the password and whether this address may register",
  404: "check the user and the host of the line",
  405: "check that the host of the line is a registrar",
  410: "check the user of the line",
  604: "check the user and the host of the line",
};

/** Answers of a PBX that may say something else a little later. */
const passing = new Set([408, 413, 480, 486, 491, 600]);

export function judgeRegister(response: SipResponse): RegisterVerdict {
  const { status } = response;
  if (status < 300) return { kind: "granted" };
  if (status < 400) return { kind: "redirected" };
  if (status === 401 || status === 407) return { kind: "challenged" };
  if (status === 423) {
    return {
      kind: "too-brief",
      minSeconds: readSeconds(headerValue(response, "Min-Expires")) ?? 0,
    };
  }
  const seconds = readSeconds(headerValue(response, "Retry-After"));
  const retryAfterMs = seconds === undefined ? undefined : seconds * 1000;
  const answer = describeAnswer(response);
  const isPassing = passing.has(status) || (status >= 500 && status < 600);
  if (isPassing) return { kind: "trouble", problem: answer, retryAfterMs };
  const what = advice[status] ?? "check the settings of the line at the PBX";
  return { kind: "refused", problem: `${answer}; ${what}`, retryAfterMs };
}

/** `the PBX answers 503 "Service Unavailable"` */
export function describeAnswer({ status, reason }: SipResponse): string {
  return `the PBX answers ${status}${reason === "" ? "" : ` ${quote(reason)}`}`;
}
