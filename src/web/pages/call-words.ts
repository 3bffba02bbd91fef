/** What is said of a past call wherever it is shown: who it was with, how long, how it ended, how good it was. */
import type { CallSummary } from "../../history/call-record.ts";
import { exchangeCallName } from "../../history/exchange-call.ts";
import type { TextPiece } from "../../history/found-words.ts";
import { type Html, html } from "../html.ts";
import { lengthOf, percent, wholeMs } from "./times.ts";

/** Name first, where one is known. */
export function partyOf({ service, name, remote, callId }: CallSummary): string {
  const exchangeCall = exchangeCallName(service, remote);
  if (exchangeCall !== undefined) return exchangeCall;
  if (name !== "" && remote !== "" && name !== remote) return `${name}, ${remote}`;
  const known = name === "" ? remote : name;
  if (known !== "") return known;
  return callId === "" ? "Unknown" : `Call ${callId}`;
}

export function directionOf({ direction }: CallSummary): string {
  if (direction === "incoming") return "In";
  return direction === "outgoing" ? "Out" : "";
}

/** Since it was answered; undefined while it goes on. */
function talkedMs({ startedMs, answeredMs, endedMs }: CallSummary): number | undefined {
  return endedMs === null ? undefined : Math.max(0, endedMs - (answeredMs ?? startedMs));
}

export function talked(call: CallSummary): string {
  const ms = talkedMs(call);
  return ms === undefined ? "" : lengthOf(ms);
}

/** Services that were there before called them otherwise. */
const enders: ReadonlyMap<string, string> = new Map([
  ["peer", "They hung up"],
  ["remote", "They hung up"],
  ["us", "We hung up"],
  ["local", "We hung up"],
  ["network", "The line broke"],
  ["service", "Lost"],
]);

export function endOf(call: CallSummary): string {
  const { endedMs, answeredMs, endedBy, direction, status } = call;
  if (endedMs === null) return "Still on";
  const isPhone = direction !== "";
  if (isPhone && answeredMs === null)
    return status === null ? "Not answered" : `Not answered (${status})`;
  return enders.get(endedBy) ?? (endedBy === "" ? "Ended" : `Ended by ${endedBy}`);
}

export function answerTime({ answerMs }: CallSummary): string {
  return answerMs === null ? "" : wholeMs(answerMs);
}

/** Undefined where nobody measured. */
export function qualityBadge(call: CallSummary): Html | undefined {
  const { meanOpinionScore: score, jitterMs, lossFraction } = call;
  if (score === null) return undefined;
  const [tone, word] = verdictOn(score);
  const details = [
    `mean opinion score ${score.toFixed(1)} of 4.5`,
    jitterMs === null ? "" : `jitter ${wholeMs(jitterMs)}`,
    lossFraction === null ? "" : `loss ${percent(lossFraction)}`,
  ];
  const title = details.filter((text) => text !== "").join(", ");
  return html`<span class="badge" data-tone="${tone}" title="${title}"
    >${word} ${score.toFixed(1)}</span
  >`;
}

function verdictOn(score: number): readonly [string, string] {
  if (score >= 4) return ["good", "Good"];
  return score >= 3.5 ? ["busy", "Fair"] : ["bad", "Poor"];
}

export function marked(pieces: readonly TextPiece[]): Html {
  return html`${pieces.map(({ text, isFound }) => (isFound ? html`<mark>${text}</mark>` : text))}`;
}
