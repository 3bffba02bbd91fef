/** The page "Lines": adds, changes, removes and tries lines. */
import type { PageDocument, PageElement } from "./dom.ts";
import { textOf } from "./fields.ts";
import { type LineParts, lineKey, lineText } from "./line-text.ts";
import { refusal, sendForJson } from "./server-request.ts";
import { saveSettings } from "./settings-save.ts";
import { confirmed } from "./steer.ts";

declare const document: PageDocument;
declare const location: { reload(): void };
declare const addEventListener: (
  kind: "beforeunload",
  action: (event: { preventDefault(): void }) => void,
) => void;

const formSelector = "form[data-line]";
/** Long enough to read what was done. */
const showMs = 1500;

document.addEventListener("submit", (event) => {
  const form = within(event.target, formSelector);
  if (form === null) return;
  event.preventDefault();
  void save(form);
});

document.addEventListener("click", ({ target }) => {
  const form = within(target, formSelector);
  if (form === null) return;
  if (within(target, "[data-try]") !== null) void tryLine(form);
  if (within(target, "[data-remove]") !== null) void remove(form);
});

for (const kind of ["input", "change"]) {
  document.addEventListener(kind, ({ target }) => {
    const form = within(target, formSelector);
    if (form === null) return;
    mark(form);
  });
}

addEventListener("beforeunload", (event) => {
  const forms = [...document.querySelectorAll(formSelector)];
  if (forms.some(isDirty)) event.preventDefault();
});

function within(target: unknown, selector: string): PageElement | null {
  return isElement(target) ? target.closest(selector) : null;
}

function isElement(target: unknown): target is PageElement {
  return typeof target === "object" && target !== null && "closest" in target;
}

function partsOf(form: PageElement): LineParts {
  const text = (part: string): string => {
    const [field] = form.querySelectorAll(`[data-part="${part}"]`);
    return field?.value ?? "";
  };
  return {
    user: text("user"),
    host: text("host"),
    port: text("port"),
    transport: text("transport"),
    auth: text("auth"),
    expires: text("expires"),
    proxy: text("proxy"),
  };
}

function passwordField(form: PageElement): PageElement | undefined {
  return [...form.querySelectorAll("[data-password]")][0];
}

function passwordOf(form: PageElement): string {
  return passwordField(form)?.value ?? "";
}

function mark(form: PageElement): void {
  for (const place of form.querySelectorAll("[data-unsaved]")) place.hidden = !isDirty(form);
}

function isDirty(form: PageElement): boolean {
  return passwordOf(form) !== "" || [...form.querySelectorAll("[data-part]")].some(isChanged);
}

function isChanged(field: PageElement): boolean {
  return (field.value ?? "") !== (field.getAttribute("data-was") ?? "");
}

/** Nothing but the parts that somebody typed decides: a line that was not changed keeps its spelling. */
function textOfLine(form: PageElement): string {
  const own = form.getAttribute("data-line") ?? "";
  const isSame = ![...form.querySelectorAll("[data-part]")].some(isChanged);
  return isSame && own !== "" ? own : lineText(partsOf(form));
}

/** All lines, with this one in place of what it was; undefined takes it out. */
function allLines(form: PageElement, text: string | undefined): readonly string[] {
  return [...document.querySelectorAll(formSelector)].flatMap((one) => {
    if (one === form) return text === undefined ? [] : [text];
    const line = one.getAttribute("data-line") ?? "";
    return line === "" ? [] : [line];
  });
}

async function save(form: PageElement): Promise<void> {
  const name = form.getAttribute("data-line-name") ?? "";
  const key = lineKey(partsOf(form));
  const password = passwordOf(form);
  const isRenamed = name !== "" && name !== key;
  const forgotten = isRenamed ? [{ name: `line.${name}`, value: null }] : [];
  const typed = [...forgotten, { name: `line.${key}`, value: password }];
  const moved = isRenamed ? [{ name: `line.${key}`, from: `line.${name}` }] : [];
  await change(form, textOfLine(form), password === "" ? moved : typed);
}

async function remove(form: PageElement): Promise<void> {
  const name = form.getAttribute("data-line-name") ?? "";
  // What comes from elsewhere the server refuses to forget.
  const isElsewhere = passwordField(form)?.hasAttribute("data-fixed") === true;
  if (!(await confirmed(`Remove the line ${name}${isElsewhere ? "" : " and its password"}?`)))
    return;
  await change(form, undefined, isElsewhere ? [] : [{ name: `line.${name}`, value: null }]);
}

async function change(
  form: PageElement,
  text: string | undefined,
  secrets: readonly object[],
): Promise<void> {
  setBusy(form, true);
  const fields = [...form.querySelectorAll("[data-part], [data-password]")];
  const sent = fields.map((field) => ({ field, value: field.value ?? "" }));
  const name = text === undefined ? "" : lineKey(partsOf(form));
  const lines = allLines(form, text);
  const value = lines.length === 0 ? null : lines;
  const place = document.querySelector("[data-lines]");
  const revision = place?.getAttribute("data-revision") ?? "";
  const changes = [{ section: "sip", key: "line", value }];
  const outcome = await saveSettings({ changes, secrets, revision });
  setBusy(form, false);
  if (outcome.kind === "refused") {
    sayProblem(form, [...outcome.problems.values()].join(" "));
    return;
  }
  form.setAttribute("data-line", text ?? "");
  form.setAttribute("data-line-name", name);
  for (const { field, value: was } of sent) settle(field, was);
  mark(form);
  for (const other of document.querySelectorAll("[data-revision]")) {
    other.setAttribute("data-revision", outcome.revision);
  }
  // Asks first where something else is not saved; whoever stays can save that.
  setTimeout(() => location.reload(), showMs);
}

/** What was sent is saved; what was typed meanwhile is not. */
function settle(field: PageElement, sent: string): void {
  if (!field.hasAttribute("data-password")) field.setAttribute("data-was", sent);
  else if (field.value === sent) field.value = "";
}

function sayProblem(form: PageElement, problem: string): void {
  for (const place of form.querySelectorAll("[data-line-problem]")) place.textContent = problem;
  const [first] = form.querySelectorAll("[data-part]");
  if (problem !== "") first?.focus?.();
}

async function tryLine(form: PageElement): Promise<void> {
  const place = document.getElementById(`${form.id}-tried`);
  if (place === null) return;
  sayProblem(form, "");
  setBusy(form, true);
  show(place, "busy", "Asking the PBX …", "");
  const password = passwordOf(form);
  const body = { line: textOfLine(form), ...(password === "" ? {} : { password }) };
  try {
    const { isOk, status, answer } = await sendForJson("/api/v1/tries/line", { body });
    if (!isOk) show(place, "bad", refusal(answer, status), "");
    else
      show(place, toneOf(textOf(answer, "level")), textOf(answer, "seen"), textOf(answer, "fix"));
  } catch (error) {
    show(place, "bad", error instanceof Error ? error.message : String(error), "");
  }
  setBusy(form, false);
}

function toneOf(level: string): string {
  if (level === "ok") return "good";
  return level === "warning" ? "busy" : "bad";
}

function show(place: PageElement, tone: string, seen: string, fix: string): void {
  place.setAttribute("data-tone", tone);
  place.textContent = [seen, fix]
    .filter((text) => text !== "")
    .map(sentence)
    .join(" ");
}

function sentence(text: string): string {
  const end = /[.…?!]$/.test(text) ? "" : ".";
  return text.charAt(0).toUpperCase() + text.slice(1) + end;
}

function setBusy(form: PageElement, isBusy: boolean): void {
  for (const button of form.querySelectorAll("button")) button.disabled = isBusy;
}
