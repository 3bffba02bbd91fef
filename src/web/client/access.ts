/** The script of the page Access: sends its forms as JSON, and shows what is shown once. */
import type { PageDocument, PageElement } from "./dom.ts";
import { type Fields, textOf } from "./fields.ts";
import { tell as tellDone } from "./notice.ts";
import { refusal, sendForJson } from "./server-request.ts";

declare const document: PageDocument;
declare const location: { assign(address: string): void };
declare const navigator: { readonly clipboard?: { writeText(text: string): Promise<void> } };
declare const FormData: new (form: PageElement) => {
  forEach(take: (value: unknown, name: string) => void): void;
};

interface SubmitEvent {
  preventDefault(): void;
  readonly target: unknown;
}

interface FormDocument {
  addEventListener(kind: "submit", action: (event: SubmitEvent) => void): void;
}

function listen(page: PageDocument & FormDocument): void {
  page.addEventListener("submit", (event) => {
    const { target } = event;
    if (!isForm(target) || !target.hasAttribute("data-post")) return;
    event.preventDefault();
    void submit(target);
  });
}

function isForm(target: unknown): target is PageElement {
  return typeof target === "object" && target !== null && "querySelectorAll" in target;
}

async function submit(form: PageElement): Promise<void> {
  const [button] = [...form.querySelectorAll("button[type=submit]")];
  if (button !== undefined) button.disabled = true;
  tell(form, "");
  try {
    const path = form.getAttribute("data-post") ?? "";
    const { isOk, status, answer } = await sendForJson(path, { body: fieldsIn(form) });
    if (isOk) show(form, answer);
    else tell(form, refusal(answer, status));
  } catch {
    tell(form, "The server cannot be reached.");
  }
  if (button !== undefined) button.disabled = false;
}

/** What is left empty is left out. */
function fieldsIn(form: PageElement): Readonly<Record<string, string | number>> {
  const fields: Record<string, string | number> = {};
  const numbers = [...form.querySelectorAll("[data-number]")].map((one) =>
    one.getAttribute("name"),
  );
  new FormData(form).forEach((value, name) => {
    if (typeof value !== "string" || value === "" || name === "") return;
    fields[name] = numbers.includes(name) ? Number(value) : value;
  });
  return fields;
}

function show(form: PageElement, answer: Fields): void {
  const secret = textOf(answer, "secret");
  const [place] = [...form.querySelectorAll("[data-secret]")];
  const [text] = [...form.querySelectorAll("[data-secret-text]")];
  if (secret !== "" && place !== undefined && text !== undefined) {
    text.textContent = secret;
    place.removeAttribute("hidden");
    text.focus?.();
    return;
  }
  tellDone(textOf(answer, "message") || "Done.", "done");
  const next = form.getAttribute("data-next");
  // Time to read what was done.
  if (next !== null) setTimeout(() => location.assign(next), readMs);
}

const readMs = 1500;

function tell(form: PageElement, text: string): void {
  for (const place of form.querySelectorAll("[data-problem]")) place.textContent = text;
}

function copyOnClick(): void {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.addEventListener("click", () => void copy(button));
  }
}

/** Without https a browser has no clipboard for us; then the text is selected by hand. */
async function copy(button: PageElement): Promise<void> {
  const [text] = [
    ...(button.closest("[data-secret]")?.querySelectorAll("[data-secret-text]") ?? []),
  ];
  try {
    if (navigator.clipboard === undefined) throw new Error("there is no clipboard");
    await navigator.clipboard.writeText(text?.textContent ?? "");
    button.textContent = "Copied";
  } catch {
    text?.focus?.();
    button.textContent = "Select it and copy";
  }
}

declare const window: { readonly document: PageDocument & FormDocument };

listen(window.document);
copyOnClick();
