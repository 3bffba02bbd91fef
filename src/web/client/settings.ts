/** Forms of settings: saves what was changed, shows problems beside the fields, and warns before it is lost. */
import type { PageDocument, PageElement } from "./dom.ts";
import { changesOf, type FieldState, isChanged, savedText } from "./setting-changes.ts";
import { saveSettings, showProblems } from "./settings-save.ts";

declare const document: PageDocument;
declare const addEventListener: (
  kind: "beforeunload",
  action: (event: { preventDefault(): void }) => void,
) => void;

const formSelector = "form[data-settings]";
const fieldSelector = "[data-setting], [data-secret], [data-forget]";

document.addEventListener("submit", (event) => {
  const form = formOf(event.target);
  if (form === null) return;
  event.preventDefault();
  void save(form);
});

document.addEventListener("reset", (event) => {
  const form = formOf(event.target);
  if (form === null) return;
  // What the browser would go back to is what the page was loaded with, and not what was saved since.
  event.preventDefault();
  for (const field of fieldsIn(form)) restore(field);
  showProblems(form, new Map());
  mark(form);
});

for (const kind of ["input", "change"]) {
  document.addEventListener(kind, ({ target }) => {
    const form = formOf(target);
    if (form !== null) mark(form);
  });
}

addEventListener("beforeunload", (event) => {
  const forms = [...document.querySelectorAll(formSelector)];
  if (forms.some(isDirty)) event.preventDefault();
});

function formOf(target: unknown): PageElement | null {
  return isElement(target) ? target.closest(formSelector) : null;
}

function isElement(target: unknown): target is PageElement {
  return typeof target === "object" && target !== null && "closest" in target;
}

function fieldsIn(form: PageElement): readonly PageElement[] {
  return [...form.querySelectorAll(fieldSelector)].filter(
    (field) => !field.hasAttribute("data-fixed"),
  );
}

function stateOf(field: PageElement): FieldState {
  const secret = field.getAttribute("data-secret");
  const forget = field.getAttribute("data-forget");
  return {
    name: secret ?? forget ?? field.getAttribute("data-setting") ?? "",
    kind: kindOf(field, secret !== null, forget !== null),
    text: field.value ?? "",
    isChecked: field.checked === true,
    was: field.getAttribute("data-was") ?? "",
  };
}

function kindOf(field: PageElement, isSecret: boolean, isForget: boolean): FieldState["kind"] {
  if (isSecret) return "secret";
  if (isForget) return "forget";
  const kind = field.getAttribute("data-kind");
  return kind === "boolean" || kind === "list" ? kind : "string";
}

function isDirty(form: PageElement): boolean {
  return fieldsIn(form).some((field) => isChanged(stateOf(field)));
}

function mark(form: PageElement): void {
  for (const place of form.querySelectorAll("[data-unsaved]")) place.hidden = !isDirty(form);
}

function restore(field: PageElement): void {
  const { kind, was } = stateOf(field);
  if (kind === "boolean" || kind === "forget") field.checked = was === "true";
  else field.value = was;
}

async function save(form: PageElement): Promise<void> {
  const sent = fieldsIn(form).map((field) => ({ field, state: stateOf(field) }));
  const body = changesOf(sent.map(({ state }) => state));
  const [button] = form.querySelectorAll("button[type=submit]");
  if (button !== undefined) button.disabled = true;
  const revision = form.getAttribute("data-revision") ?? "";
  const outcome = await saveSettings({ ...body, revision });
  if (button !== undefined) button.disabled = false;
  if (outcome.kind === "refused") {
    showProblems(form, outcome.problems)?.focus?.();
    return;
  }
  showProblems(form, new Map());
  for (const { field, state } of sent) settle(field, state);
  // All forms of the page were made from the same files.
  for (const other of document.querySelectorAll("[data-revision]")) {
    other.setAttribute("data-revision", outcome.revision);
  }
  mark(form);
}

/** What was in the field when it was sent is saved; what was typed meanwhile is not. */
function settle(field: PageElement, state: FieldState): void {
  if (!isChanged(state)) return;
  field.setAttribute("data-was", savedText(state));
  if (state.kind === "forget") field.checked = false;
  if (state.kind === "secret") {
    if (field.value === state.text) field.value = "";
    field.setAttribute("placeholder", "kept as it is");
  }
  for (const place of field.closest(".field")?.querySelectorAll("[data-origin]") ?? []) {
    place.textContent = "Saved just now.";
  }
}
