/** Sends changes of settings to the server, and shows what became of them. */
import type { PageDocument, PageElement } from "./dom.ts";
import { type Fields, textOf } from "./fields.ts";
import { tell } from "./notice.ts";
import { refusal, sendForJson } from "./server-request.ts";

declare const document: PageDocument;
declare const location: { reload(): void };

export interface SavedSettings {
  readonly kind: "saved";
  readonly revision: string;
}

export interface RefusedSettings {
  readonly kind: "refused";
  /** By the name of the field. */
  readonly problems: ReadonlyMap<string, string>;
}

const settingsPath = "/api/v1/settings";
/** A service that starts again is back within seconds. */
const lookEveryMs = 700;
const lookTimes = 40;

/** Says in the notice what came of it. */
export async function saveSettings(body: object): Promise<SavedSettings | RefusedSettings> {
  const nothing: RefusedSettings = { kind: "refused", problems: new Map() };
  try {
    const { isOk, status, answer } = await sendForJson(settingsPath, { body });
    if (isOk) {
      const isApplied = answer["isApplied"] === true;
      tell(textOf(answer, "message"), isApplied ? "done" : "partly");
      const isElsewhere = textOf(answer, "newAddress") !== "";
      if (answer["restartsPage"] === true && !isElsewhere) void comeBack();
      return { kind: "saved", revision: textOf(answer, "revision") };
    }
    const problems = problemsIn(answer);
    tell(
      problems.size > 0 ? "Nothing was saved: see the fields." : refusal(answer, status),
      "failed",
    );
    return { kind: "refused", problems };
  } catch (error) {
    tell(`Nothing was saved: ${error instanceof Error ? error.message : String(error)}`, "failed");
    return nothing;
  }
}

/** Beside each field of the form; those that have none are cleared. Returns the first that is wrong. */
export function showProblems(
  form: PageElement,
  problems: ReadonlyMap<string, string>,
): PageElement | undefined {
  let first: PageElement | undefined;
  for (const field of form.querySelectorAll("[name]")) {
    const problem = problems.get(field.getAttribute("name") ?? "") ?? "";
    const place = placeOf(field);
    if (place === null) continue;
    if (place.textContent !== problem) place.textContent = problem;
    if (problem === "") field.removeAttribute("aria-invalid");
    else {
      field.setAttribute("aria-invalid", "true");
      first ??= field;
    }
  }
  return first;
}

function placeOf(field: PageElement): PageElement | null {
  return document.getElementById(`${field.id}-problem`);
}

function problemsIn(answer: Fields): ReadonlyMap<string, string> {
  const list: readonly unknown[] = Array.isArray(answer["problems"]) ? answer["problems"] : [];
  const found = new Map<string, string>();
  for (const entry of list) {
    const fields: Fields = typeof entry === "object" && entry !== null ? { ...entry } : {};
    const words = [textOf(fields, "message"), textOf(fields, "hint")].filter((text) => text !== "");
    found.set(textOf(fields, "field"), words.join("; "));
  }
  return found;
}

/** The page's own service starts again: waits until it answers anew. */
async function comeBack(): Promise<void> {
  for (let look = 0; look < lookTimes; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    const isThere = await fetch("/healthz").then(
      ({ ok }) => ok,
      () => false,
    );
    if (isThere && look > 1) {
      location.reload();
      return;
    }
  }
  tell("The page has not come back: its address or port may be another one now.", "failed");
}
