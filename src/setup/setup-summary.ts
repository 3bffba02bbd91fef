/** What was answered, in a few lines. Pure. */
import { isLoopback } from "../web/request-origin.ts";
import type { SetupPlan } from "./setup-plan.ts";
import { lineText, type PageState, type SetupState } from "./setup-state.ts";

export interface SummaryRow {
  readonly what: string;
  readonly answer: string;
}

/** Without any secret. */
export function summarise(state: SetupState, hostName: string): readonly SummaryRow[] {
  const { calls, brain, voice, ears, page } = state;
  const ways = [
    ...(calls.line === undefined ? [] : [lineText(calls.line)]),
    ...(calls.audiosocket === undefined ? [] : [`AudioSocket on ${calls.audiosocket}`]),
  ];
  const isEcho = brain.backend === "echo";
  const isBuiltin = voice.engine === "builtin";
  return [
    { what: "Calls", answer: ways.length === 0 ? "none" : ways.join(", ") },
    { what: "Answers", answer: isEcho ? "the echo" : `${brain.model} at ${brain.url ?? ""}` },
    {
      what: "Voice",
      answer: isBuiltin
        ? `built-in${voice.voice === undefined ? "" : `, ${voice.voice}`}`
        : `${voice.voice === undefined ? "" : `${voice.voice} at `}${voice.url ?? ""}`,
    },
    { what: "Ears", answer: ears.model ?? "the demo model" },
    { what: "Page", answer: describePage(page, hostName) },
  ];
}

function describePage(page: PageState, hostName: string): string {
  const isLocal = isLoopback(page.bind);
  const scheme = page.isSecure ? "https" : "http";
  const address = `${scheme}://${isLocal ? "localhost" : hostName}:${page.port}`;
  if (page.passwordHash === undefined) {
    return `${address}, ${isLocal ? "from this machine only" : "with its password from elsewhere"}`;
  }
  return `${address}, with a password${isLocal ? ", from this machine only" : ""}`;
}

export function formatSummary(rows: readonly SummaryRow[], columns: number): readonly string[] {
  const width = Math.max(...rows.map(({ what }) => what.length));
  return rows.map(({ what, answer }) => {
    const room = Math.max(8, columns - width - 2);
    // The end of a path says more than its beginning.
    const shown = answer.length <= room ? answer : `…${answer.slice(answer.length - room + 1)}`;
    return `${what.padEnd(width)}  ${shown}`;
  });
}

/** What would be written, without values of secrets: `llama.url`, `the password of 200@pbx`. */
export function describePlan({ changes, secrets }: SetupPlan): readonly string[] {
  return [
    ...changes.map(({ section, key }) => `${section}.${key}`),
    ...secrets.map((secret) =>
      "line" in secret ? `the password of ${secret.line}` : `the secret ${secret.name}`,
    ),
  ];
}
